"""atomic_write: the old content or the new, whatever happens in between."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.errors import ConfigError, FileError
from kewen.files import atomic_write

ROOT = Path(__file__).parents[2]


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_bytes_arrive_and_nothing_else_does(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert content_of(tmp_path) == {"a": b"new"}


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    with atomic_write(tmp_path / "a", mode="w") as file:
        file.write("课文\n")
    assert content_of(tmp_path) == {"a": "课文\n".encode()}


def test_target_is_invisible_until_the_block_ends(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
        file.flush()
        assert not (tmp_path / "a").exists()


def test_file_may_be_closed_early(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
        file.close()
    assert content_of(tmp_path) == {"a": b"new"}


def test_missing_parents_are_made(tmp_path):
    with atomic_write(tmp_path / "b" / "c" / "a") as file:
        file.write(b"new")
    assert content_of(tmp_path / "b" / "c") == {"a": b"new"}


def test_long_names_leave_room_for_the_temporary_one(tmp_path):
    name = "课" * 85  # 255 bytes, all that the file system allows
    with atomic_write(tmp_path / name) as file:
        file.write(b"new")
    assert content_of(tmp_path) == {name: b"new"}


def test_existing_file_is_refused_before_any_work(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileError, match="overwrite=True"):
        with atomic_write(tmp_path / "a"):
            pytest.fail("the block ran")
    assert content_of(tmp_path) == {"a": b"old"}


@pytest.mark.parametrize("links", [True, False])
def test_file_that_appears_meanwhile_is_not_overwritten(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", failing(errno.EPERM))
    with pytest.raises(FileError, match="overwrite=True"):
        with atomic_write(tmp_path / "a") as file:
            file.write(b"new")
            (tmp_path / "a").write_bytes(b"theirs")
    assert content_of(tmp_path) == {"a": b"theirs"}


def test_file_systems_without_links_are_written_too(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "hardlink_to", failing(errno.ENOTSUP))
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert content_of(tmp_path) == {"a": b"new"}


def test_of_many_writers_of_one_new_name_exactly_one_wins(tmp_path):
    barrier, outcomes = threading.Barrier(8), []

    def write(number: int) -> None:
        try:
            with atomic_write(tmp_path / "a") as file:
                file.write(b"%d" % number)
                barrier.wait(10)
            outcomes.append(number)
        except FileError:
            pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content_of(tmp_path) == {"a": b"%d" % outcomes[0]} and len(outcomes) == 1


def test_overwrite_replaces(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with atomic_write(tmp_path / "a", overwrite=True) as file:
        file.write(b"new")
    assert content_of(tmp_path) == {"a": b"new"}


def test_new_file_has_the_rights_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "a"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_replaced_file_keeps_its_rights(tmp_path):
    (tmp_path / "a").touch(0o600)
    with atomic_write(tmp_path / "a", overwrite=True):
        pass
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_link_is_replaced_and_what_it_points_to_survives(tmp_path):
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "a").symlink_to(tmp_path / "precious")
    with atomic_write(tmp_path / "a", overwrite=True) as file:
        file.write(b"new")
    assert content_of(tmp_path) == {"a": b"new", "precious": b"old"}


@pytest.mark.parametrize("target", ["/dev/null", "."])
def test_devices_and_folders_are_refused(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="must be a file"):
        with atomic_write(target, overwrite=True):
            pytest.fail("the block ran")


def test_other_modes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="'ab'"):
        atomic_write(tmp_path / "a", mode="ab")  # type: ignore[call-overload]


def test_parent_that_is_a_file_is_a_file_error(tmp_path):
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(FileError, match="a part of the path is a file"):
        with atomic_write(tmp_path / "b" / "a"):
            pytest.fail("the block ran")


def test_read_only_folder_is_a_file_error(tmp_path, monkeypatch):
    # Injected, for root may write anywhere.
    monkeypatch.setattr(os, "open", failing(errno.EACCES))
    with pytest.raises(FileError, match=r"may not write there.*Nothing was lost"):
        with atomic_write(tmp_path / "a"):
            pytest.fail("the block ran")
    assert content_of(tmp_path) == {}


def failing(code: int):
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


class Stopped(BaseException):
    """Stands for Ctrl-C."""


@settings(max_examples=40, deadline=None)
@given(
    old=st.none() | st.binary(max_size=20),
    error=st.sampled_from([ValueError(), Stopped(), OSError(errno.ENOSPC, "full")]),
    written=st.binary(max_size=20),
)
def test_any_failure_in_the_block_leaves_the_folder_as_it_was(
    tmp_path_factory, old, error, written
):
    folder = tmp_path_factory.mktemp("f")
    if old is not None:
        (folder / "a").write_bytes(old)
    before = content_of(folder)
    with pytest.raises((type(error), FileError)):
        with atomic_write(folder / "a", overwrite=True) as file:
            file.write(written)
            raise error
    assert content_of(folder) == before


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_failure_while_publishing_keeps_the_old_file(tmp_path, monkeypatch, step):
    (tmp_path / "a").write_bytes(b"old")
    owner = os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, failing(errno.ENOSPC))
    with pytest.raises(FileError, match=r"disk is full.*Nothing was lost"):
        with atomic_write(tmp_path / "a", overwrite=True) as file:
            file.write(b"new")
    assert content_of(tmp_path) == {"a": b"old"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux' full device")
def test_full_disk_at_the_last_flush_is_a_file_error(tmp_path, monkeypatch):
    real = Path.open
    full = lambda path, mode: real(Path("/dev/full"), mode)
    with pytest.raises(FileError, match="disk is full"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", full)
            with atomic_write(tmp_path / "a") as file:
                file.write(b"x")  # buffered: fails when the block ends
    assert content_of(tmp_path) == {}


def test_missing_input_inside_the_block_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-input") as caught:
        with atomic_write(tmp_path / "a"):
            (tmp_path / "no-such-input").read_bytes()
    assert not isinstance(caught.value, FileError)


WRITER = """
import sys
from kewen.files import atomic_write
for n in range(100000):
    with atomic_write(sys.argv[1], overwrite=True) as file:
        for _ in range(64):
            file.write(b"%06d" % n * 1000)
"""


@pytest.mark.parametrize("delay_s", [0.02, 0.11, 0.23])
def test_kill_leaves_a_whole_file(tmp_path, delay_s):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "a")]
    process = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not (tmp_path / "a").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(delay_s)
    process.kill()
    process.wait()
    content = (tmp_path / "a").read_bytes()
    assert len(content) == 384_000 and content == content[:6] * 64_000
