"""Long work in a pipe says how far it is, on stderr; short work says nothing."""

from kewen.cli.progress import CHUNK_TEXTS, in_chunks


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
