"""`kewen cluster`: a table, lines, a page; graphs and vectors of several formats."""

import json

import numpy as np
import pytest
from scipy import sparse

from kewen.mining import WordVectors, write_word2vec

WORDS = ["父亲", "母亲", "哥哥", "银行", "贷款", "股票"]


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(2, 12)), 3, axis=0)
    near = centres + rng.normal(scale=0.2, size=(6, 12))
    return WordVectors(WORDS, near.astype(np.float32))


@pytest.fixture
def links(tmp_path):
    rows = ["a b", "b c", "c a", "d e", "e f", "f d", "a d", "g g"]
    file = tmp_path / "links.txt"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_a_graph_becomes_a_table_lines_and_a_page(kewen, links, tmp_path):
    out, page = tmp_path / "out.jsonl", tmp_path / "page.html"
    ended = kewen("cluster", links, "--out", out, "--report", page)
    assert (ended.code, ended.err) == (0, "")
    assert "7 nodes, 8 links, undirected: 2 modules, 1 nodes alone" in ended.out
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    modules = {row["name"]: row["module"] for row in rows}
    assert modules["a"] == modules["b"] == modules["c"] != modules["d"]
    assert sum(row["flow"] for row in rows) == pytest.approx(1)
    text = page.read_text(encoding="utf-8")
    assert text.count("<circle") == 7 and "Modules of links.txt" in text
    again = kewen("cluster", links, "--report", page)
    assert again.code == 2 and "exists" in again.err


def test_modules_within_modules_and_overlapping_ones(kewen, links, tmp_path):
    out = tmp_path / "out.jsonl"
    ended = kewen("cluster", links, "--levels", "multi", "--out", out)
    assert ended.code == 0, ended.err
    ended = kewen("cluster", links, "--overlapping", "--out", out, "--overwrite")
    assert ended.code == 0, ended.err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert all(sum(r["shares"].values()) == pytest.approx(1) for r in rows)


def saved(vectors, file):
    if file.name == "embeddings.npz":
        np.savez(file, embeddings=vectors.vectors)
    elif file.suffix in (".vec", ".bin", ".txt"):
        write_word2vec(vectors, file, binary=file.suffix == ".bin")
    else:
        vectors.save(file)
    return file


@pytest.mark.parametrize(
    "name", ["w.vec", "w.bin", "w.txt", "w.npz", "w.safetensors", "embeddings.npz"]
)
def test_vectors_of_any_format_fall_into_their_clusters(kewen, vectors, tmp_path, name):
    out = tmp_path / "out.jsonl"
    ended = kewen("cluster", saved(vectors, tmp_path / name), "--out", out)
    assert ended.code == 0, ended.err
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    modules = [row["module"] for row in rows]
    assert modules in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    names = [row["name"] for row in rows]
    assert names == (list(range(6)) if name.startswith("emb") else WORDS)


def test_the_first_words_are_taken(kewen, vectors, tmp_path):
    ended = kewen("cluster", saved(vectors, tmp_path / "w.vec"), "--words", 3)
    assert "3 nodes" in ended.out and "银行" not in ended.out


def test_a_sparse_matrix_is_a_graph(kewen, tmp_path):
    file = tmp_path / "m.npz"
    sparse.save_npz(file, sparse.csr_matrix(np.ones((3, 3)) - np.eye(3)))
    ended = kewen("cluster", file)
    assert "3 nodes, 3 links, undirected: 1 modules" in ended.out


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("none.txt", None, (), "must exist"),
        ("a.txt", b"one\n", (), "two names"),
        ("a.txt", b"a b -1\n", (), "not negative"),
        ("a.npz", b"nothing", (), "npz"),
        ("a.txt", b"a b\n", ("--out", "x.csv"), ".jsonl"),
        ("a.txt", b"a b\n", ("--markov-time", 0), "markov_time"),
        ("a.txt", b"a b\n", ("--directed", "--overlapping"), "undirected"),
        ("a.txt", b"a b\n", ("--kind", "vectors"), "a.txt"),
    ],
)
def test_what_cannot_be_ends_with_a_paragraph(
    kewen, tmp_path, name, content, options, words
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ended = kewen("cluster", tmp_path / name, *options)
    assert ended.code == 2 and ended.out == ""
    assert words in ended.err and "Traceback" not in ended.err
