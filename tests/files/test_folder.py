"""atomic_folder: a folder is complete or not there."""

import errno
import os
from pathlib import Path

import pytest

from kewen.errors import FileError
from kewen.files import atomic_folder


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def fill(folder: Path, text: str) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a").write_text(text)


def test_folder_appears_complete_and_alone(tmp_path):
    with atomic_folder(tmp_path / "p" / "out") as folder:
        fill(folder, "new")
        assert not (tmp_path / "p" / "out").exists()
    assert tree(tmp_path) == {"p/out/sub/a": "new"}
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["out"]


def test_empty_folder_counts_as_none(tmp_path):
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out") as folder:
        fill(folder, "new")
    assert tree(tmp_path) == {"out/sub/a": "new"}


def test_existing_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    with pytest.raises(FileError, match="overwrite=True"):
        with atomic_folder(tmp_path / "out"):
            pytest.fail("the block ran")
    assert tree(tmp_path) == {"out/sub/a": "old"}


def test_folder_that_appears_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(FileError, match="overwrite=True"):
        with atomic_folder(tmp_path / "out") as folder:
            fill(folder, "new")
            (tmp_path / "out").mkdir()
            fill(tmp_path / "out", "theirs")
    assert tree(tmp_path) == {"out/sub/a": "theirs"}


def test_overwrite_replaces_the_whole_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "leftover").write_text("old")
    with atomic_folder(tmp_path / "out", overwrite=True) as folder:
        fill(folder, "new")
    assert tree(tmp_path) == {"out/sub/a": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_in_the_block_keeps_the_old_folder(tmp_path, error):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    with pytest.raises(error):
        with atomic_folder(tmp_path / "out", overwrite=True) as folder:
            fill(folder, "new")
            raise error
    assert tree(tmp_path) == {"out/sub/a": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_old_folder_returns_when_the_new_one_cannot_take_its_place(
    tmp_path, monkeypatch
):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    real, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "full")
        return real(self, target)

    monkeypatch.setattr("kewen.files.exchange._swapped", lambda *_: False)
    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(FileError, match="Nothing was lost"):
        with atomic_folder(tmp_path / "out", overwrite=True) as folder:
            fill(folder, "new")
    assert tree(tmp_path) == {"out/sub/a": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_full_disk_while_syncing_is_a_file_error(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="disk is full"):
        with atomic_folder(tmp_path / "out") as folder:
            fill(folder, "new")
    assert list(tmp_path.iterdir()) == []


def test_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "out").write_text("old")
    with pytest.raises(FileError, match="must be a folder"):
        with atomic_folder(tmp_path / "out", overwrite=True):
            pytest.fail("the block ran")


def test_link_in_the_way_is_refused_and_its_target_survives(tmp_path):
    (tmp_path / "precious").mkdir()
    fill(tmp_path / "precious", "old")
    (tmp_path / "out").symlink_to(tmp_path / "precious")
    with pytest.raises(FileError, match="a link"):
        with atomic_folder(tmp_path / "out", overwrite=True):
            pytest.fail("the block ran")
    assert tree(tmp_path / "precious") == {"sub/a": "old"}


@pytest.mark.parametrize("target", [".", "..", "home"])
def test_working_and_home_folders_are_never_replaced(tmp_path, monkeypatch, target):
    (tmp_path / "home").mkdir()
    fill(tmp_path / "home", "precious")
    (tmp_path / "home" / "work").mkdir()
    fill(tmp_path / "home" / "work", "precious")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home" / "work")
    path = tmp_path / "home" if target == "home" else Path(target)
    with pytest.raises(FileError, match="working folder or your home"):
        with atomic_folder(path, overwrite=True):
            pytest.fail("the block ran")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_folder_that_takes_no_files_is_said_to_take_none():
    with pytest.raises(FileError, match=r"cannot be written: .*choose another folder"):
        with atomic_folder("/proc/out"):
            pass
