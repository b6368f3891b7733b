"""`kewen cluster`: a table, lines, a page; graphs and vectors of several formats."""

import json
import re

import numpy as np
import pytest
from scipy import sparse

from kewen.cli import cluster
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
    head, *rows = re.findall(r"<tr>.*?</tr>", text)
    assert re.search(r">0: (a b c|d e f)</", rows[0])
    assert [len(re.findall("<t[hd]", row)) for row in (head, *rows[:2])] == [4, 4, 4]
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


def test_overlapping_modules_leave_as_many_nodes_alone_as_there_are(kewen, tmp_path):
    tie = [f"{a + n} {b + n}" for n in (0, 5) for a in range(6) for b in range(a)] + [
        "99 99"
    ]
    (tmp_path / "tie.txt").write_text("\n".join(tie) + "\n")
    ended = kewen("cluster", tmp_path / "tie.txt", "--overlapping")
    assert "2 modules, 1 nodes alone" in ended.out, ended.out + ended.err


def test_the_page_counts_all_modules_and_lists_the_most_visited(
    kewen, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "MOST_ROWS", 2)
    pairs = "".join(f"{n}a {n}b\n{n}b {n}c\n{n}c {n}a\n" for n in range(5))
    (tmp_path / "links.txt").write_text(pairs)
    assert "5 modules" in kewen("cluster", tmp_path / "links.txt").out
    page = tmp_path / "page.html"
    kewen("cluster", tmp_path / "links.txt", "--report", page)
    text = page.read_text(encoding="utf-8")
    table = text.partition(">Modules<")[2].partition("</table>")[0]
    assert table.count('<th scope="row">') == 2 and "The 2 most visited." in table
    assert re.search(r">modules<.{0,40}>5<|>5<.{0,40}>modules<", text)


def test_long_names_are_cut_and_one_node_saves_nothing(kewen, tmp_path):
    (tmp_path / "one.txt").write_text(f"{'长' * 99}\t{'长' * 99}\n", "utf-8")
    ended = kewen("cluster", tmp_path / "one.txt")
    assert f"{'长' * 40}…" in ended.out and "长" * 41 not in ended.out
    assert "0.0000 bits a step, 0.0000 without modules: 0.0% saved" in ended.out


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


def test_vectors_that_are_near_to_none_are_told_so(kewen, vectors, tmp_path):
    vectors.save(tmp_path / "v.npz")
    ended = kewen("cluster", tmp_path / "v.npz", "--similarity", 0.9999)
    assert ended.code == 2 and "Lower --similarity" in ended.err
    ended = kewen("cluster", tmp_path / "missing.npz")
    assert ended.code == 2 and "missing.npz" in ended.err
