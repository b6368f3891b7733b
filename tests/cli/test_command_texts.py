"""Texts from the command line, a file, or stdin."""

import io

import pytest

from kewen.cli.texts import examples_from
from kewen.errors import ConfigError, DataError


def test_stdin_gives_a_text_a_line(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("one\n\n两 \n"))
    examples = examples_from((), "-")
    assert [(each.text, each.line) for each in examples] == [("one", 1), ("两 ", 3)]


def test_empty_stdin_is_an_error(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(DataError, match="a text a line"):
        examples_from((), "-")


def test_stdin_in_another_encoding_is_an_error(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO("好".encode("gbk")), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stream)
    with pytest.raises(DataError, match="UTF-8"):
        examples_from((), "-")


def test_file_needs_no_labels(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("body\tother\nx\ty\n", encoding="utf-8")
    (example,) = examples_from((), path, text="body", pair="other")
    assert (example.text, example.pair, example.label) == ("x", "y", None)


@pytest.mark.parametrize(("texts", "source"), [((), None), (("a",), "b.tsv")])
def test_one_source_of_texts_is_needed(texts, source):
    with pytest.raises(ConfigError, match="one of the two"):
        examples_from(texts, source)
