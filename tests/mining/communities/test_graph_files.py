"""Graphs from files, and files that hold none."""

import gzip

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from kewen.errors import DataError, MissingExtraError, NotFoundError
from kewen.mining.communities.graph_files import read_graph_file

LINKS = "# made by hand\n父亲\t母亲\t2.5\n母亲\t大 哥\n\n父亲\t母亲\t1\n"


def test_links_in_text_keep_their_names_and_weights(tmp_path):
    plain, zipped = tmp_path / "links.tsv", tmp_path / "links.gz"
    plain.write_text(LINKS, encoding="utf-8")
    zipped.write_bytes(gzip.compress(LINKS.encode()))
    for file in (plain, zipped):
        graph = read_graph_file(file)
        assert graph.names == ["父亲", "母亲", "大 哥"] and not graph.directed
        assert graph.weights.toarray().tolist() == [[0, 3.5, 0], [3.5, 0, 1], [0, 1, 0]]
    assert read_graph_file(plain, directed=True).weights.nnz == 2


def test_matrices_and_networkx_files_are_read(tmp_path):
    known = nx.karate_club_graph()
    matrix = nx.to_scipy_sparse_array(known)
    sparse.save_npz(tmp_path / "a.npz", sparse.csr_matrix(matrix))
    nx.write_gml(known, tmp_path / "a.gml")
    nx.write_graphml(known, tmp_path / "a.graphml")
    nx.write_pajek(known, tmp_path / "a.net")
    for name in ("a.npz", "a.gml", "a.graphml", "a.net"):
        graph = read_graph_file(tmp_path / name, directed=False)
        assert (graph.num_nodes, graph.num_links) == (34, 78), name
        np.testing.assert_array_equal(graph.weights.toarray(), matrix.toarray())


BROKEN = {
    "a.txt": (b"a b c d\n", "line 1"),
    "b.txt": (b"a b\nc\n", "'c', line 2"),
    "c.txt": (b"a b nine\n", "line 1"),
    "d.txt": (b"# nothing\n", "none in"),
    "e.txt": (b"\xff\xfe\x00", "UTF-8"),
    "f.txt": (b"a b nan\n", "nan from"),
    "g.npz": (b"PK\x03\x04", "save_npz"),
    "h.gml": (b"graph [", "networkx could not read"),
    "i.gz": (b"\x1f\x8b\x08\x00broken", "UTF-8, whole"),
    "j.gz": (b"a b\n", "UTF-8, whole"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_holds_no_graph_is_refused(tmp_path, name):
    content, words = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_graph_file(tmp_path / name)


def test_a_missing_file_and_a_missing_reader_are_named(tmp_path, monkeypatch):
    with pytest.raises(NotFoundError, match=r"none\.tsv"):
        read_graph_file(tmp_path / "none.tsv")
    (tmp_path / "a.gml").write_text("graph []")
    monkeypatch.setitem(__import__("sys").modules, "networkx", None)
    with pytest.raises(MissingExtraError, match=r"\.\[mining\]"):
        read_graph_file(tmp_path / "a.gml")


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path, name):
    content = "a\tb\nb\tc\nc\ta\n".encode("utf-8-sig")
    (tmp_path / name).write_bytes(gzip.compress(content) if "gz" in name else content)
    assert read_graph_file(tmp_path / name).names == ["a", "b", "c"]


def test_a_damaged_gzip_file_is_told(tmp_path):
    links = "".join(f"{n * n % 977}\t{n * 7 % 991}\n" for n in range(20_000))
    packed = bytearray(gzip.compress(links.encode()))
    middle = len(packed) // 2
    packed[middle : middle + 40] = bytes(range(200, 240))
    (tmp_path / "x.tsv.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"x\.tsv\.gz"):
        read_graph_file(tmp_path / "x.tsv.gz")
