"""Leftovers of killed writers go; what a living one is writing stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kewen.files import atomic_folder, atomic_write
from kewen.files.exchange import _aside, _swapped, bring_back
from kewen.files.temporary import locked, sweep

ROOT = Path(__file__).parents[2]
HANGING = """
import sys, time
from kewen.files import atomic_folder, atomic_write
kind = {"file": atomic_write, "folder": atomic_folder}[sys.argv[1]]
with kind(sys.argv[2] + "/target") as new:
    if sys.argv[1] == "folder":
        (new / "part").write_text("half")
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["file", "folder"])
def writer(request, tmp_path):
    """A process in the middle of writing `target`."""
    command = [sys.executable, "-c", HANGING, request.param, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"writing"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_living_process_writes_is_not_swept(writer, tmp_path):
    (before,) = names(tmp_path)
    sweep(tmp_path)
    with atomic_write(tmp_path / "other") as file:
        file.write(b"x")
    assert names(tmp_path) == [before, "other"]


def test_what_a_killed_process_wrote_goes_with_the_next_write(writer, tmp_path):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (left,) = names(tmp_path)
    assert left.startswith(".kewen-")
    with atomic_write(tmp_path / "other") as file:
        file.write(b"x")
    assert names(tmp_path) == ["other"]


@pytest.mark.parametrize(
    "name", ["kewen-0123456789abcdef.tmp", ".kewen-notes.tmp", ".kewen-0123.tmp", "a"]
)
def test_names_that_are_not_ours_are_never_swept(tmp_path, name):
    (tmp_path / name).write_text("precious")
    sweep(tmp_path)
    assert (tmp_path / name).read_text() == "precious"


def test_a_link_with_our_name_is_not_followed(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "a").write_text("a")
    (tmp_path / f".kewen-{'0' * 16}.tmp").symlink_to(tmp_path / "precious")
    sweep(tmp_path)
    assert names(tmp_path / "precious") == ["a"]


@pytest.fixture
def half_replaced(tmp_path):
    """The moment between the two renames of systems that cannot swap names."""
    out = tmp_path / "out"
    with atomic_folder(out) as new:
        (new / "a").write_text("old")
    out.rename(_aside(out))
    return out


def test_a_folder_lost_between_two_renames_comes_back(half_replaced):
    bring_back(half_replaced)
    assert (half_replaced / "a").read_text() == "old"
    assert names(half_replaced.parent) == ["out"]


def test_a_folder_whose_replacement_is_under_way_is_left_to_its_writer(half_replaced):
    lock = locked(_aside(half_replaced))
    bring_back(half_replaced)
    assert lock is not None and not half_replaced.exists()
    os.close(lock)


def test_an_old_folder_never_comes_over_a_new_one(half_replaced):
    half_replaced.mkdir()
    (half_replaced / "a").write_text("new")
    bring_back(half_replaced)
    assert (half_replaced / "a").read_text() == "new"


def test_the_next_write_sees_the_folder_that_came_back(half_replaced):
    from kewen.errors import FileError

    with pytest.raises(FileError, match="exists already"):
        with atomic_folder(half_replaced):
            pytest.fail("the block ran")
    with atomic_folder(half_replaced, overwrite=True) as new:
        (new / "a").write_text("new")
    assert (half_replaced / "a").read_text() == "new"
    assert names(half_replaced.parent) == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux swaps in one step")
def test_two_folders_are_swapped_in_one_step(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert _swapped(tmp_path / "a", tmp_path / "b")
    assert (names(tmp_path / "a"), names(tmp_path / "b")) == (["b"], ["a"])
