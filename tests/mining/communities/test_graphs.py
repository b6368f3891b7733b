"""Graphs of any make are read alike, and what is none is refused."""

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.mining.communities.flow import flow_of, stationary_distribution
from kewen.mining.communities.graph import read_graph

EDGES = np.array([[0, 1, 2.0], [1, 2, 1.0], [2, 2, 3.0], [0, 1, 0.5]])
ONE_WAY = np.array([[0, 2.5, 0], [0, 0, 1.0], [0, 0, 3.0]])
BOTH_WAYS = ONE_WAY + ONE_WAY.T - np.diag(np.diag(ONE_WAY))


class IGraph:
    """What igraph's graphs answer; the package is under the GPL and not installed."""

    def __init__(self, edges, directed, names=None):
        self._edges = edges
        self._directed = directed
        self.es = _Attributes({"weight": edges[:, 2].tolist()})
        self.vs = _Attributes({"name": names} if names else {})

    def get_edgelist(self):
        return [(int(a), int(b)) for a, b, _ in self._edges]

    def vcount(self):
        return 3

    def is_directed(self):
        return self._directed


class _Attributes(dict):
    def attributes(self):
        return list(self)


def networkx_of(directed):
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.add_nodes_from(range(3))
    graph.add_weighted_edges_from([(int(a), int(b), w) for a, b, w in EDGES])
    return graph


@pytest.mark.parametrize("directed", [False, True])
def test_all_makes_of_graph_give_the_same_weights(directed):
    expected = ONE_WAY if directed else BOTH_WAYS
    columns = tuple(EDGES.T)
    for graph in (
        networkx_of(directed),
        IGraph(EDGES, directed),
        sparse.coo_array(expected),
        sparse.csc_matrix(expected),
        EDGES,
        EDGES.tolist(),
        (columns[0].astype(int), columns[1].astype(int), columns[2]),
    ):
        read = read_graph(graph, directed=directed)
        np.testing.assert_array_equal(read.weights.toarray(), expected)
        assert read.directed == directed and read.num_links == 3


def test_names_of_nodes_stay_with_them():
    graph = nx.Graph([("b", "a"), ("a", "c")])
    assert read_graph(graph).names == ["b", "a", "c"]
    assert read_graph(IGraph(EDGES, True, ["x", "y", "z"])).names == ["x", "y", "z"]


def test_a_sparse_matrix_is_directed_if_it_is_not_symmetric():
    assert read_graph(sparse.csr_matrix(ONE_WAY)).directed
    assert not read_graph(sparse.csr_matrix(BOTH_WAYS)).directed
    with pytest.raises(DataError, match=r"symmetric.*differ by up to 2\.5"):
        read_graph(sparse.csr_matrix(ONE_WAY), directed=False)


def test_a_graph_can_be_turned_into_the_other_kind():
    there = read_graph(EDGES, directed=True)
    np.testing.assert_array_equal(
        read_graph(there, directed=False).weights.toarray(), BOTH_WAYS
    )
    assert read_graph(read_graph(EDGES), directed=True).directed


NOT_GRAPHS = {
    "text": ("karate", DataError, "scipy.sparse.*Received: str"),
    "not square": (sparse.csr_matrix((3, 4)), ShapeError, r"square.*\(3, 4\)"),
    "no nodes": (nx.Graph(), DataError, "without any"),
    "no edges": (np.zeros((0, 2)), DataError, "without any"),
    "negative": (np.array([[0, 1, -2.0]]), DataError, r"-2\.0 from node 0 to node 1"),
    "nan": (np.array([[0, 1, np.nan]]), DataError, "nan from node 0"),
    "infinite": (sparse.csr_matrix([[0, np.inf], [1, 0]]), DataError, "inf from"),
    "words": ((["a"], ["b"]), DataError, "whole numbers"),
    "halves": (np.array([[0.5, 1]]), DataError, "whole numbers"),
    "below zero": (np.array([[-1, 1]]), DataError, "node -1"),
    "endless": (np.array([[0, np.inf]]), DataError, "whole numbers"),
    "telephone numbers": (
        np.array([[13_800_000_000, 1], [1, 2]]),
        DataError,
        r"node 13800000000 in a graph of 2 links.*numpy\.unique",
    ),
    "larger than any integer": (np.array([[0, 1e300]]), DataError, "Number them anew"),
    "an empty continent": (
        sparse.coo_array(([1.0], ([0], [5])), shape=(1 << 40, 1 << 40)),
        DataError,
        "a graph of 1 links",
    ),
    "complex": (sparse.csr_matrix([[0, 1j], [1j, 0]]), DataError, "real numbers"),
    "ragged": ([[0, 1], [2]], ShapeError, "inhomogeneous"),
    "four columns": (np.zeros((2, 4)), ShapeError, r"\(2, 4\)"),
    "unequal": ((np.zeros(2, int), np.zeros(3, int)), ShapeError, r"\(2,\), \(3,\)"),
    "weight of text": (
        SimpleNamespace(
            nodes=[0, 1], is_directed=lambda: True, edges=lambda **_: [(0, 1, "x")]
        ),
        DataError,
        "must be numbers",
    ),
}


@pytest.mark.parametrize("case", NOT_GRAPHS)
def test_what_is_no_graph_is_refused(case):
    graph, error, words = NOT_GRAPHS[case]
    with pytest.raises(error, match=words):
        read_graph(graph)


def test_a_walk_without_links_is_refused():
    with pytest.raises(DataError, match="link of positive weight"):
        flow_of(read_graph(sparse.csr_matrix((3, 3))))


def test_stationary_distribution_is_pagerank():
    graph = nx.scale_free_graph(60, seed=1)
    single = nx.DiGraph(graph)
    ours = stationary_distribution(single)
    theirs = nx.pagerank(single, alpha=0.85, tol=1e-14, max_iter=1000)
    # networkx sends walkers on from dangling nodes as it lets them jump, as we do.
    np.testing.assert_allclose(ours, [theirs[n] for n in single], atol=1e-12)


def test_shares_of_jumps_may_be_given():
    shares = np.array([0.0, 1.0, 0.0])
    ours = stationary_distribution(EDGES, 0.5, to=shares, directed=True)
    # From 0, which no link reaches, nobody comes; p2 = (p1 + p2) / 2.
    np.testing.assert_allclose(ours, [0, 0.5, 0.5], atol=1e-12)
    with pytest.raises(DataError, match="somewhere to end"):
        stationary_distribution(EDGES, to=np.zeros(3))


def test_a_walk_in_circles_does_not_settle():
    circle = np.array([[0, 1], [1, 0], [0, 2], [2, 0]])
    with pytest.raises(ConfigError, match="round in circles"):
        stationary_distribution(circle, 0.0, to=np.array([1.0, 0, 0]), directed=True)
