"""Texts from the command line, a file, or stdin."""

import io

import pytest

from kewen.cli.texts import examples_from
from kewen.errors import ConfigError, DataError


@pytest.fixture
def pipe(monkeypatch):
    """Bytes into stdin, which Python decodes as it does where the locale is C."""

    def fill(content):
        stream = io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogateescape")
        monkeypatch.setattr("sys.stdin", stream)

    return fill


def test_stdin_gives_a_text_a_line(pipe):
    pipe("\ufeffone\n\n两 \r\n".encode())
    examples = examples_from((), "-")
    assert [(each.text, each.line) for each in examples] == [("one", 1), ("两 ", 3)]


def test_empty_stdin_is_an_error(pipe):
    pipe(b"\n")
    with pytest.raises(DataError, match="a text a line"):
        examples_from((), "-")


def test_stdin_is_in_the_encoding_that_was_named_and_in_no_other(pipe):
    pipe("很好\n".encode("gbk"))
    with pytest.raises(DataError, match=r"UTF-8.*--encoding"):
        examples_from((), "-")
    pipe("很好\n".encode("gbk"))
    assert examples_from((), "-", encoding="gbk")[0].text == "很好"


@pytest.mark.parametrize(
    "option", [{"text": "body"}, {"pair": "other"}, {"on_bad_row": "skip"}], ids=str
)
@pytest.mark.parametrize(("texts", "source"), [(("a",), None), ((), "-")])
def test_options_about_a_file_need_one(texts, source, option):
    (name,) = option
    with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')} .*file"):
        examples_from(texts, source, **option)


def test_file_needs_no_labels(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("body\tother\nx\ty\n", encoding="utf-8")
    (example,) = examples_from((), path, text="body", pair="other")
    assert (example.text, example.pair, example.label) == ("x", "y", None)


@pytest.mark.parametrize(("texts", "source"), [((), None), (("a",), "b.tsv")])
def test_one_source_of_texts_is_needed(texts, source):
    with pytest.raises(ConfigError, match="one of the two"):
        examples_from(texts, source)
