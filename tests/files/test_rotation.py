"""Rotation deletes what it wrote, and nothing else."""

import json
from pathlib import Path

import pytest

from kewen.errors import ConfigError, FileError
from kewen.files import Rotation


def write_steps(rotation: Rotation, *names: str) -> None:
    for name in names:
        with rotation.write_folder(name) as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "a").write_text(name)
            (folder / "b").write_text(name)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_newest_folders_stay(tmp_path):
    rotation = Rotation(tmp_path / "r", keep=2)
    write_steps(rotation, "s1", "s2", "s3")
    assert names_in(tmp_path / "r") == ["rotation.json", "s2", "s3"]
    assert rotation.names == ["s2", "s3"]
    assert rotation.latest == tmp_path / "r" / "s3"


def test_newest_files_stay(tmp_path):
    rotation = Rotation(tmp_path, keep=1)
    for name in ("f1", "f2"):
        with rotation.write(name) as file:
            file.write(name.encode())
    assert names_in(tmp_path) == ["f2", "rotation.json"]


def test_new_process_goes_on_where_the_old_one_was(tmp_path):
    write_steps(Rotation(tmp_path, keep=2), "s1", "s2")
    write_steps(Rotation(tmp_path, keep=2), "s3")
    assert Rotation(tmp_path).names == ["s2", "s3"]


def test_empty_rotation_has_no_latest(tmp_path):
    assert Rotation(tmp_path / "none").latest is None


def test_unlisted_files_survive_beside_and_inside(tmp_path):
    rotation = Rotation(tmp_path, keep=1)
    (tmp_path / "s0").mkdir()
    write_steps(rotation, "s1")
    (tmp_path / "s1" / "sub" / "notes").write_text("mine")
    write_steps(rotation, "s2")
    assert names_in(tmp_path) == ["rotation.json", "s0", "s1", "s2"]
    left = [path for path in (tmp_path / "s1").rglob("*") if path.is_file()]
    assert left == [tmp_path / "s1" / "sub" / "notes"]


@pytest.mark.parametrize("linked", ["s1", "s1/sub", "s1/b"])
def test_links_are_not_followed_out(tmp_path, linked):
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    for name in ("a", "b", "sub/a"):
        (outside / name).write_text("precious")
    rotation = Rotation(tmp_path / "r", keep=1)
    write_steps(rotation, "s1")
    place = tmp_path / "r" / linked
    place.rename(tmp_path / "away")
    place.symlink_to(outside / "b" if linked == "s1/b" else outside)
    write_steps(rotation, "s2")
    assert sorted(path.name for path in outside.rglob("*")) == ["a", "a", "b", "sub"]
    assert place.is_symlink()


def test_name_that_somebody_else_wrote_is_refused(tmp_path):
    (tmp_path / "s1").write_text("theirs")
    with pytest.raises(FileError, match="does not list it"):
        write_steps(Rotation(tmp_path), "s1")
    assert (tmp_path / "s1").read_text() == "theirs"


def test_own_entry_may_be_written_again(tmp_path):
    rotation = Rotation(tmp_path, keep=2)
    write_steps(rotation, "s1", "s2", "s1")
    assert rotation.names == ["s2", "s1"]


def test_own_entry_with_a_stranger_inside_is_not_replaced(tmp_path):
    rotation = Rotation(tmp_path)
    write_steps(rotation, "s1")
    (tmp_path / "s1" / "notes").write_text("mine")
    with pytest.raises(FileError, match="notes is there"):
        write_steps(rotation, "s1")
    assert (tmp_path / "s1" / "notes").read_text() == "mine"


def test_failed_write_leaves_manifest_and_files_as_they_were(tmp_path):
    rotation = Rotation(tmp_path, keep=1)
    write_steps(rotation, "s1")
    before = rotation.manifest.read_text()
    with pytest.raises(ValueError, match="stop"), rotation.write_folder("s2"):
        raise ValueError("stop")
    assert rotation.manifest.read_text() == before
    assert names_in(tmp_path) == ["rotation.json", "s1"]


def test_run_killed_between_writing_and_listing_can_go_on(tmp_path, monkeypatch):
    class Killed(BaseException): ...

    def killed(*_: object) -> None:
        raise Killed

    rotation = Rotation(tmp_path, keep=1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Rotation, "_finish", killed)
        write_steps(rotation, "s1")
    assert rotation.latest is None and (tmp_path / "s1").exists()
    write_steps(Rotation(tmp_path, keep=1), "s1", "s2")
    assert names_in(tmp_path) == ["rotation.json", "s2"]


BROKEN = [
    "{broken",
    "[]",
    '{"written": 3}',
    '{"written": [{"name": "s1"}]}',
    '{"written": [{"name": 3, "files": null, "finished": true}]}',
    '{"written": [{"name": "../x", "files": null, "finished": true}]}',
    '{"written": [{"name": "/x", "files": null, "finished": true}]}',
    '{"written": [{"name": "s", "files": ["../../x"], "finished": true}]}',
    '{"written": [{"name": "s", "files": ["/x"], "finished": true}]}',
    '{"written": [{"name": "s", "files": [3], "finished": true}]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.usefixtures("no_garbage")
def test_broken_or_hostile_manifest_is_a_file_error(tmp_path, text):
    (tmp_path / "x").write_text("precious")
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "rotation.json").write_text(text)
    with pytest.raises(FileError, match="Nothing was deleted"):
        write_steps(Rotation(folder, keep=1), "s9")
    assert (tmp_path / "x").read_text() == "precious"


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "/a", "a\\b", "c:a", "rotation.json"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        write_steps(Rotation(tmp_path), name)
    assert list(tmp_path.iterdir()) == []


def test_keep_of_zero_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="Received: 0"):
        Rotation(tmp_path, keep=0)


def test_manifest_is_plain_json(tmp_path):
    write_steps(Rotation(tmp_path), "s1")
    assert json.loads((tmp_path / "rotation.json").read_text()) == {
        "written": [{"name": "s1", "files": ["b", "sub/a"], "finished": True}]
    }
