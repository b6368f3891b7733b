"""`kewen count`: a table of words, all counts as JSON Lines, and what cannot be."""

import json

import pytest


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("白切鸡，白鸡\n鸡\n", "utf-8")
    (folder / "b.jsonl").write_text('{"text": "白，1"}\n', "utf-8")
    return folder


def test_the_table_shows_the_most_frequent_words_of_all_files(kewen, corpus):
    ended = kewen("count", corpus, "--words", "characters", "--workers", 2, "--top", 3)
    assert (ended.code, ended.err) == (0, "")
    head, *rows = ended.out.split("\n\n")[0].splitlines()
    assert head.split() == ["word", "count", "share"]
    assert [row.split() for row in rows] == [
        ["白", "3", "30.000%"],
        ["鸡", "3", "30.000%"],
        ["，", "2", "20.000%"],
    ]
    assert "10 words, 5 different, in 3 texts" in ended.out


def test_all_counts_go_to_a_file(kewen, corpus, tmp_path):
    out = tmp_path / "counts.jsonl"
    options = ("--words", "characters", "--no-punctuation", "--workers", 1)
    ended = kewen("count", corpus, *options, "--out", out)
    assert ended.code == 0
    lines = out.read_text("utf-8").splitlines()
    assert {row["word"]: row["count"] for row in map(json.loads, lines)} == {
        "白": 3,
        "鸡": 3,
        "切": 1,
        "1": 1,
    }


def test_a_bound_on_words_says_how_wrong_the_counts_may_be(kewen, corpus):
    ended = kewen("count", corpus, "--words", "characters", "--most", 2)
    assert "No count is too low by more than 2" in ended.out


def test_the_page_shows_the_words_and_loads_nothing(kewen, corpus, tmp_path):
    page = tmp_path / "page.html"
    options = ("--words", "characters", "--workers", 1, "--report", page)
    assert kewen("count", corpus, *options).code == 0
    content = page.read_text("utf-8")
    assert "鸡</bdi></th>" in content
    assert "<script" not in content and "http" not in content.split("</style>")[1]
    assert kewen("count", corpus, *options).code == 2  # never over a page


def test_a_corpus_of_nothing_but_punctuation_has_a_page_too(kewen, tmp_path):
    (tmp_path / "c.txt").write_text("！\n？\n", "utf-8")
    page = tmp_path / "page.html"
    options = ("--words", "characters", "--no-punctuation", "--report", page)
    ended = kewen("count", tmp_path / "c.txt", *options)
    assert (ended.code, ended.err) == (0, "")
    assert "0 words, 0 different, in 2 texts" in ended.out and page.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("nowhere",), "no file or folder"),
        ((".", "--words", "pkuseg"), "rjieba"),
        (("{corpus}", "--workers", 0), "workers must be a whole number"),
        (("{corpus}", "--most", 0), "most must be a whole number"),
        (("{corpus}", "--text", "body"), "no field 'body'"),
        (("{corpus}", "--out", "counts.csv"), ".jsonl"),
        (("{corpus}", "--encoding", "utf-9"), "utf-9"),
    ],
)
def test_what_cannot_be_ends_with_a_paragraph(kewen, corpus, options, words):
    options = [str(each).format(corpus=corpus) for each in options]
    ended = kewen("count", *options)
    assert ended.code == 2 and ended.out == ""
    assert words in " ".join(ended.err.split()) and "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["count", "words", "cluster"])
def test_what_is_read_is_not_written_over(kewen, tmp_path, command):
    source = tmp_path / "s.jsonl"
    source.write_text('{"text": "你好"}\n', "utf-8")
    before = source.read_bytes()
    ended = kewen(command, source, "--out", source, "--overwrite")
    assert ended.code == 2 and "files of their own" in ended.err
    assert source.read_bytes() == before
    new = tmp_path / "new.jsonl"
    ended = kewen(command, source, "--out", new, "--report", new)
    assert ended.code == 2 and "more than once" in ended.err and not new.exists()


def test_kept_words_are_not_called_different_ones(kewen, tmp_path):
    (tmp_path / "c.txt").write_text("a b c a b a d e f g\n" * 3)
    options = ("--words", "spaces", "--workers", 1)
    assert "7 different, in" in kewen("count", tmp_path / "c.txt", *options).out
    ended = kewen("count", tmp_path / "c.txt", *options, "--most", 2)
    assert "different" not in ended.out and "kept, in 3 texts" in ended.out
