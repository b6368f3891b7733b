"""`kewen recover`: hits as JSON Lines, and never onto the source."""

import json
import signal
import subprocess
import sys
import time

import pytest
from command_line import PROGRAM

LOST = "先帝创业未半而中道崩殂"


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    text = f"出师表\n{LOST}，今天下三分".encode()
    path.write_bytes(bytes(5000) + text + bytes(300) + text[9:] + bytes(7))
    return path


def test_hits_go_to_stdout_as_json_lines(kewen, image):
    ended = kewen("recover", "中道崩殂", "--source", image)
    assert ended.code == 0, ended.err
    first, second = map(json.loads, ended.out.splitlines())
    assert first["text"] == f"出师表\n{LOST}，今天下三分"
    assert second["text"].startswith("\n先帝")
    content = image.read_bytes()
    for hit in (first, second):
        assert content[hit["offset"] :].startswith("中道崩殂".encode())
        assert content[hit["start"] :].startswith(hit["text"].encode())


def test_hits_go_to_a_file(kewen, image, tmp_path):
    out = tmp_path / "new" / "found.jsonl"
    assert kewen("recover", LOST, "--source", image, "--out", out).code == 0
    assert len(out.read_text("utf-8").splitlines()) == 2
    again = kewen("recover", LOST, "--source", image, "--out", out)
    assert again.code == 2
    assert "--overwrite" in again.err


@pytest.mark.parametrize("name", ["disk.img", "link", "hard"])
def test_the_source_is_never_written_onto(kewen, image, tmp_path, name):
    (tmp_path / "link").symlink_to(image)
    (tmp_path / "hard").hardlink_to(image)
    content = image.read_bytes()
    out = tmp_path / name
    ended = kewen("recover", LOST, "--source", image, "--out", out, "--overwrite")
    assert ended.code == 2
    assert "another disk" in ended.err
    assert image.read_bytes() == content
    assert (tmp_path / "link").is_symlink()


def test_stdout_appended_to_the_source_is_refused(image):
    content = image.read_bytes()
    with image.open("ab") as stdout:
        ended = subprocess.run(
            [*PROGRAM, "recover", LOST, "--source", str(image)],
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert b"must not be written onto" in ended.stderr
    assert image.read_bytes() == content


def test_nothing_found_is_no_error_and_says_so(kewen, image):
    ended = kewen("recover", "无此语", "--source", image)
    assert (ended.code, ended.out) == (0, "")
    assert "found nowhere" in ended.err


def test_what_was_found_stays_when_the_search_is_interrupted(image, tmp_path):
    with image.open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte of holes: nobody waits for its end
    out = tmp_path / "found.jsonl"
    # A background job ignores SIGINT; the child takes it up again by itself, because a
    # function that runs in it would need a fork.
    program = (
        "import signal, sys; from kewen.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); main(sys.argv[1:])"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", program),
            *("recover", LOST, "--source", str(image), "--out", str(out)),
        ],
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(tmp_path.glob(".kewen-*.tmp")):
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert len(out.read_text("utf-8").splitlines()) == 2


def test_context_that_no_memory_holds_is_refused(kewen, tmp_path):
    (tmp_path / "disk.img").write_bytes(b"x" * 100)
    ended = kewen(
        *("recover", "lost text", "--source", tmp_path / "disk.img"),
        *("--out", tmp_path / "out.jsonl", "--after", "99999999999"),
    )
    assert ended.code == 2
    assert "after must be from 0 to" in ended.err
