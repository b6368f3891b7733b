"""`kewen vectors`: from texts to vectors, tables and a page."""

import json

import numpy as np
import pytest

from kewen.mining import Cooccurrence, WordVectors, read_word2vec

LINES = ["机场 飞机 航班", "车站 火车 铁路", "机场 航班 飞机", "火车 车站 铁路"] * 20
SMALL = ("--words", "spaces", "--dim", 4, "--epochs", 3, "--min-count", 1)


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(LINES), "utf-8")
    return tmp_path / "corpus.txt"


@pytest.mark.parametrize("name", ["v.npz", "v.safetensors"])
def test_vectors_are_written_and_words_shown(kewen, corpus, tmp_path, name):
    ended = kewen(
        "vectors", corpus, tmp_path / name, *SMALL, "--epochs", 99, "--word", "机场"
    )
    assert ended.code == 0, ended.err
    vectors = WordVectors.load(tmp_path / name)
    assert len(vectors) == 6 and vectors.dim == 4
    head, row, *_ = ended.out.splitlines()
    assert head.split() == ["word", "related", "used", "alike"]
    assert row.split()[0] == "机场" and {*row.split()[1:3]} == {"飞机", "航班"}
    assert "80 texts, 6 words with at least 40 occurrences" in ended.err
    assert "epoch 99/99: loss" in ended.err


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_word2vec_s_formats_by_the_ending(kewen, corpus, tmp_path, name):
    assert kewen("vectors", corpus, tmp_path / name, *SMALL).code == 0
    assert len(read_word2vec(tmp_path / name)) == 6


@pytest.mark.parametrize("name", ["v.npz", "v.safetensors", "v.txt", "v.bin"])
def test_words_of_the_vectors_cluster(kewen, corpus, tmp_path, name):
    assert kewen("vectors", corpus, tmp_path / name, *SMALL, "--epochs", 99).code == 0
    out = tmp_path / "modules.jsonl"
    ended = kewen("cluster", tmp_path / name, "--neighbours", 2, "--out", out)
    assert ended.code == 0, ended.err
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    modules = {}
    for each in found:
        modules.setdefault(each["module"], set()).add(each["name"])
    assert {frozenset(words) for words in modules.values()} == {
        frozenset({"机场", "飞机", "航班"}),
        frozenset({"车站", "火车", "铁路"}),
    }


def test_kept_counts_give_the_same_vectors_without_the_corpus(kewen, corpus, tmp_path):
    counts = tmp_path / "counts.npz"
    kewen("vectors", corpus, tmp_path / "a.npz", *SMALL, "--counts", counts)
    assert Cooccurrence.load(counts).num_documents == 80
    corpus.unlink()
    assert kewen("vectors", counts, tmp_path / "b.npz", *SMALL).code == 0
    first, second = (WordVectors.load(tmp_path / f"{n}.npz") for n in "ab")
    np.testing.assert_array_equal(first.vectors, second.vectors)


@pytest.mark.parametrize(
    ("options", "dim"),
    [
        (("--model", "glove"), 4),
        (("--model", "ppmi-svd"), 4),
        (("--tables", "concat", "--no-truncate"), 8),
    ],
)
def test_other_models_write_vectors_too(kewen, corpus, tmp_path, options, dim):
    ended = kewen("vectors", corpus, tmp_path / "v.npz", *SMALL, *options)
    assert ended.code == 0, ended.err
    assert WordVectors.load(tmp_path / "v.npz").dim == dim


def test_the_page_shows_neighbours_and_a_word_s_markup_as_text(kewen, tmp_path):
    path = tmp_path / "hostile.txt"
    path.write_text("\n".join([*LINES, "机场 <script>alert(1)</script>"]), "utf-8")
    ended = kewen("vectors", path, tmp_path / "v.npz", *SMALL, "--report")
    assert ended.code == 0, ended.err
    page = (tmp_path / "v.html").read_text("utf-8")
    assert "<h2>Neighbours</h2>" in page and "机场" in page and "<circle" in page
    assert "<script>" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("corpus.txt", "v.vec"), "OUT must end in"),
        (("nothing.txt", "v.npz"), "no file or folder"),
        (("corpus.txt", "v.npz", "--counts", "c.txt"), "--counts must end in .npz"),
        (("corpus.txt", "v.npz", "--words", "letters"), "words must be one of"),
        (("corpus.txt", "v.npz", "--min-count", 10**6), "Lower min_count"),
        (("corpus.txt", "v.npz", *SMALL, "--word", "轮船"), "轮船"),
        (("v.npz", "w.npz"), "v.npz"),
        (("v.npz", "v.npz", "--overwrite"), "OUT must not be what is read"),
        (("corpus.txt", "v.npz", "--counts", "v.npz"), "a file of its own"),
        (("empty.txt", "v.npz"), "No word occurs 5 times"),
        (("corpus.txt", "v.npz", *SMALL, "--model", "ppmi-svd", "--dim", 7), "1 to 6"),
    ],
)
def test_what_cannot_be_ends_with_a_paragraph(
    kewen, corpus, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("")
    ended = kewen("vectors", *arguments)
    assert ended.code == 2 and ended.out == ""
    assert words in " ".join(ended.err.split()) and "Traceback" not in ended.err
    assert not (tmp_path / "v.npz").exists()


def test_what_exists_is_not_replaced_unasked(kewen, corpus, tmp_path):
    (tmp_path / "v.npz").write_text("mine")
    assert kewen("vectors", corpus, tmp_path / "v.npz", *SMALL).code == 2
    assert (tmp_path / "v.npz").read_text() == "mine"
    assert kewen("vectors", corpus, tmp_path / "v.npz", *SMALL, "--overwrite").code == 0


def test_words_that_no_file_can_hold_are_refused_before_the_training(kewen, tmp_path):
    (tmp_path / "n.txt").write_bytes(b"a \0 b\nb a\n" * 20)
    ended = kewen("vectors", tmp_path / "n.txt", tmp_path / "n.npz", *SMALL)
    assert ended.code == 2 and "zero byte" in ended.err and "epoch" not in ended.err
    assert kewen("vectors", tmp_path / "n.txt", tmp_path / "n.bin", *SMALL).code == 0
    assert "\0" in read_word2vec(tmp_path / "n.bin").words


@pytest.mark.parametrize(
    "options", [("--seed", -1), ("--memory", "inf"), ("--memory", "nan")]
)
def test_numbers_that_cannot_be_are_refused(kewen, corpus, tmp_path, options):
    ended = kewen("vectors", corpus, tmp_path / "n.npz", *SMALL, *options)
    assert ended.code == 2 and options[0] in ended.err


def test_counts_have_settings_of_their_own(kewen, corpus, tmp_path):
    counts = tmp_path / "counts.npz"
    kewen("vectors", corpus, tmp_path / "a.npz", *SMALL, "--counts", counts)
    told = ("--window", 2, "--min-count", 50)
    ended = kewen("vectors", counts, tmp_path / "a2.npz", "--dim", 4, *told)
    assert ended.code == 0 and "whatever --window, --min-count say" in ended.err
    glove = ("--model", "glove", "--dim", 4, "--epochs", 2)
    ended = kewen("vectors", counts, tmp_path / "b.npz", *glove)
    assert ended.code == 0 and "by inverse distance; these are not" in ended.err
    ended = kewen("vectors", tmp_path / "missing.npz", tmp_path / "c.npz")
    assert ended.code == 2 and "There is no file" in ended.err
