"""Long work in a pipe says how far it is, on stderr; short work says nothing."""

import pytest

from kewen.cli import progress
from kewen.cli.progress import CHUNK_TEXTS, bytes_done, in_chunks


def test_long_work_prints_lines_to_stderr_only(capsys):
    items = list(range(CHUNK_TEXTS + 1))
    chunks = list(in_chunks(items, "embedded"))
    assert [each for chunk in chunks for each in chunk] == items
    said = capsys.readouterr()
    total = CHUNK_TEXTS + 1
    assert said.err.splitlines()[-1] == f"embedded {total}/{total} texts"
    assert said.out == ""


def test_short_work_prints_nothing(capsys):
    assert list(in_chunks(["a", "b"], "embedded")) == [["a", "b"]]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("total", "said"), [(2 * 10**9, "1.0/2.0"), (None, "1.0")])
def test_bytes_are_said_in_a_pipe_now_and_then(capsys, monkeypatch, total, said):
    with bytes_done("counted") as show:
        show(10**9, total)
        assert capsys.readouterr().err == ""  # work that may end soon
        monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
        show(10**9, total)
    assert capsys.readouterr().err == f"counted {said} GB\n"
