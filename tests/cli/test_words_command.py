"""`kewen words`: a table of new words, all as JSON Lines, and what cannot be."""

import json

import pytest


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    fillers = "的一是在不了有和人这中大为上个国我以要他时来用们"
    lines = [
        f"{a}{b}葡萄{c}{a}蜘蛛网{b}"
        for a, b, c in zip(fillers, fillers[5:], fillers[11:], strict=False)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_the_words_are_in_the_table_and_in_the_file(kewen, corpus, tmp_path):
    out = tmp_path / "words.jsonl"
    options = ("--min-cohesion", 1.5, 2, 2, "--workers", 1, "--out", out)
    ended = kewen("words", corpus, *options)
    assert (ended.code, ended.err) == (0, "")
    table = ended.out.splitlines()
    assert {line.split()[0] for line in table[1:3]} == {"葡萄", "蜘蛛网"}
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {row["word"]: row["count"] for row in rows} == {"葡萄": 13, "蜘蛛网": 13}


def test_known_words_come_from_a_file(kewen, corpus, tmp_path):
    (tmp_path / "known.txt").write_text("葡萄\n", "utf-8")
    options = ("--min-cohesion", 1.5, 2, 2, "--known", tmp_path / "known.txt")
    ended = kewen("words", corpus, *options, "--workers", 1)
    assert "蜘蛛网" in ended.out and "葡萄" not in ended.out


def test_the_page_shows_the_words_and_loads_nothing(kewen, corpus, tmp_path):
    page = tmp_path / "page.html"
    options = ("--min-cohesion", 1.5, 2, 2, "--workers", 1, "--report", page)
    assert kewen("words", corpus, *options).code == 0
    content = page.read_text("utf-8")
    assert "蜘蛛网</bdi></th>" in content
    assert "<script" not in content and "http" not in content.split("</style>")[1]
    assert kewen("words", corpus, *options).code == 2  # never over a page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("nowhere",), "no file or folder"),
        (("{corpus}", "--min-count", 1), "min_count must be at least 2"),
        (("{corpus}", "--workers", 0), "workers must be a whole number"),
        (("{corpus}", "--out", "words.csv"), ".jsonl"),
        (("{corpus}", "--known", "nowhere"), "no file nowhere"),
    ],
)
def test_what_cannot_be_ends_with_a_paragraph(kewen, corpus, options, words):
    ended = kewen("words", *(str(each).format(corpus=corpus) for each in options))
    assert ended.code == 2 and ended.out == ""
    assert words in " ".join(ended.err.split()) and "Traceback" not in ended.err


def test_known_words_are_read_in_the_corpus_encoding(kewen, tmp_path):
    (tmp_path / "c.txt").write_text("我爱葡萄，葡萄爱我\n他吃葡萄。\n" * 20, "gb18030")
    options = ("--encoding", "gb18030", "--min-cohesion", 0, 0, 0, "--min-freedom", 0)
    (tmp_path / "k.txt").write_text("他吃葡萄\n", "gb18030")
    without = kewen("words", tmp_path / "c.txt", *options)
    assert without.code == 0 and "他吃葡萄" in without.out, without.err
    ended = kewen("words", tmp_path / "c.txt", *options, "--known", tmp_path / "k.txt")
    assert ended.code == 0 and "他吃葡萄" not in ended.out, ended.err
