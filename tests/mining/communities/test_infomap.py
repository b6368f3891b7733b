"""InfoMap finds what is there, as short as the package, and repeats itself."""

import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from benchmarks.community_graphs import planted
from kewen.errors import ConfigError
from kewen.mining import InfoMap, map_equation
from kewen.mining.communities.graph import read_graph
from tests.mining.communities.graph_bank import (
    WALKS,
    oracle,
    troubled_edges,
    two_triangles,
    unweighted_karate,
)

RING = nx.ring_of_cliques(5, 5)


def fitted(graph, **options):
    return InfoMap(**{"random_state": 0, **options}).fit(graph)


def test_karate_has_three_modules_at_the_stored_length():
    found = fitted(unweighted_karate())
    assert found.codelength_ == pytest.approx(4.31179264580183, abs=1e-9)
    assert found.labels_.max() + 1 == 3


def test_a_ring_of_cliques_falls_into_its_cliques():
    found = fitted(RING)
    assert found.codelength_ == pytest.approx(2.97562160264585, abs=1e-9)
    assert len({tuple(row) for row in found.labels_.reshape(5, 5)}) == 5
    assert (found.labels_.reshape(5, 5) == found.labels_[::5, None]).all()


def test_labels_at_once_are_those_of_a_fit():
    labels = InfoMap(random_state=0).fit_predict(RING)
    assert (labels == fitted(RING).labels_).all()


def test_two_triangles_are_two_modules():
    found = fitted(two_triangles(), directed=True)
    assert found.codelength_ == pytest.approx(2.32073035683379, abs=1e-9)
    assert found.labels_.tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


def test_a_complete_graph_is_one_module_at_either_depth():
    for levels in (2, "multi"):
        found = fitted(nx.complete_graph(12), levels=levels)
        assert found.labels_.tolist() == [0] * 12
        assert found.codelength_ == pytest.approx(np.log2(12))


BANK = {
    "karate": lambda: (nx.karate_club_graph(), "undirected"),
    "ring": lambda: (nx.ring_of_cliques(60, 5), "undirected"),
    "planted": lambda: (nx.Graph(planted(600, mixing=0.5)[0].tolist()), "undirected"),
    "random, one way": lambda: (nx.gnp_random_graph(80, 0.05, 1, True), "directed"),
    "scale-free": lambda: (nx.DiGraph(nx.scale_free_graph(150, seed=1)), "directed"),
    "recorded": lambda: (nx.DiGraph(nx.scale_free_graph(150, seed=2)), "recorded"),
    "to nodes": lambda: (
        nx.DiGraph(nx.scale_free_graph(150, seed=3)),
        "recorded to nodes",
    ),
}


@pytest.mark.parametrize("levels", [2, "multi"])
@pytest.mark.parametrize("name", BANK)
def test_the_search_ends_at_most_little_above_the_packages_best_of_five(name, levels):
    graph, walk = BANK[name]()
    _, options, flags = WALKS[walk]
    graph = nx.convert_node_labels_to_integers(graph)
    rows = [(a, b, w) for a, b, w in graph.edges(data="weight", default=1.0)]
    flags += " --seed 1 --num-trials 5" + (" --two-level" if levels == 2 else "")
    theirs = oracle(rows, flags, len(graph)).run().codelength
    ours = fitted(graph, levels=levels, num_trials=5, **options)
    assert ours.codelength_ <= theirs * 1.002 + 1e-9
    # What it says it reached is what the map equation says of its answer.
    again = map_equation(graph, ours.tree_, **options)
    assert ours.codelength_ == pytest.approx(again.total, abs=1e-12)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("levels", [2, "multi"])
def test_troubled_graphs_are_searched_too(walk, levels):
    directed, options, _ = WALKS[walk]
    edges = troubled_edges(directed, 0)
    found = fitted(edges, directed=directed, levels=levels, **options)
    flat = map_equation(edges, [0] * 24, directed=directed, **options)
    assert len(found.labels_) == 24
    assert found.codelength_ <= flat.total + 1e-9
    assert found.flow_.sum() == pytest.approx(1)


def test_isolated_nodes_stay_alone():
    graph = nx.disjoint_union(RING, nx.empty_graph(3))
    found = fitted(graph)
    assert len(set(found.labels_)) == 8
    assert found.codelength_ == pytest.approx(2.97562160264585, abs=1e-9)
    assert found.labels_[-3:].tolist() == [5, 6, 7]


def test_the_planted_modules_are_found():
    metrics = pytest.importorskip("sklearn.metrics")
    edges, truth = planted(600, mixing=0.3, largest=100, most_degree=50, seed=1)
    labels = fitted(edges).labels_
    assert metrics.adjusted_mutual_info_score(truth, labels) > 0.97


def test_levels_within_levels_are_found():
    """Cliques in rings, rings in a ring: three depths, each cheaper than fewer."""
    ring = nx.ring_of_cliques(8, 4)
    graph = nx.disjoint_union_all([ring] * 6)
    graph.add_edges_from((32 * i, 32 * ((i + 1) % 6)) for i in range(6))
    tree, flat = fitted(graph, levels="multi"), fitted(graph)
    assert tree.codelength_ < flat.codelength_ - 0.01
    tops = tree.tree_[:, 0].reshape(6, 32)
    assert (tops == tops[:, :1]).all() and len(set(tops[:, 0])) > 1
    assert tree.tree_.shape[1] >= 2
    # Nodes of a lowest module are of one module at each depth above.
    for depth in range(tree.tree_.shape[1]):
        pairs = set(zip(tree.labels_, tree.tree_[:, depth], strict=True))
        assert len(pairs) == tree.labels_.max() + 1


def test_modules_are_numbered_by_flow():
    found = fitted(nx.karate_club_graph())
    flow = np.bincount(found.labels_, found.flow_)
    assert (np.diff(flow) <= 0).all()
    exits = found.exit_flow_
    assert exits.shape == flow.shape and ((exits > 0) & (exits < flow)).all()


def test_a_longer_walk_sees_fewer_modules():
    graph = nx.ring_of_cliques(60, 5)
    counts = [
        fitted(graph, markov_time=time).labels_.max() + 1 for time in (0.5, 1, 4, 16)
    ]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_a_seed_gives_the_same_and_more_trials_begin_with_the_same():
    graph = planted(600, mixing=0.5)[0]
    one, other = fitted(graph, num_trials=3), fitted(graph, num_trials=3)
    np.testing.assert_array_equal(one.labels_, other.labels_)
    assert one.trials_ == other.trials_
    assert fitted(graph, num_trials=5).trials_[:3] == one.trials_
    assert one.codelength_ == pytest.approx(min(one.trials_), abs=1e-12)


def test_a_generator_is_a_random_state_and_numpy_s_integers_are_numbers():
    rng = np.random.default_rng(3)
    found = fitted(RING, random_state=rng, num_trials=np.int64(2))
    assert len(found.trials_) == 2


def test_scaled_weights_give_the_same_modules():
    graph = nx.karate_club_graph()
    double = nx.Graph()
    double.add_weighted_edges_from(
        (a, b, w * 4) for a, b, w in graph.edges(data="weight")
    )
    first = fitted(graph)
    second = fitted(double)
    assert second.codelength_ == pytest.approx(first.codelength_, abs=1e-12)


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import networkx as nx
from kewen.mining import InfoMap
from kewen.mining.communities.moves import sweep
assert not hasattr(sweep, "py_func")
for graph in (nx.karate_club_graph(), nx.DiGraph(nx.scale_free_graph(60, seed=1))):
    found = InfoMap(random_state=5, num_trials=2, levels="multi").fit(graph)
    print(found.tree_.tolist(), repr(found.codelength_))
"""


def test_without_numba_the_answer_is_the_same():
    pytest.importorskip("numba")
    answers = []
    for program in (WITHOUT_NUMBA, WITHOUT_NUMBA.split("\n", 3)[-1]):
        program = program.replace(
            "assert not", "assert not" if "None" in program else "assert"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
        )
        assert ended.returncode == 0, ended.stderr
        answers.append(ended.stdout)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "options",
    [
        {"levels": 3},
        {"num_trials": 0},
        {"num_trials": 2.5},
        {"num_trials": "ten"},
        {"to": "x"},
        {"random_state": "seed"},
        {"random_state": -1},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="Received"):
        InfoMap(**options).fit(RING)


@pytest.mark.parametrize("unit", [1e308, 1e-300, 5e-324])
@pytest.mark.parametrize("directed", [False, True])
def test_the_unit_of_weights_does_not_matter(unit, directed):
    links = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 4], [4, 5], [5, 3]]).T
    if not directed:
        links = np.concatenate([links, links[::-1]], axis=1)
    plain, other = (
        InfoMap(random_state=0).fit(read_graph(weights, directed=directed))
        for each in (1.0, unit)
        for weights in [sparse.csr_matrix((np.full(links.shape[1], each), links))]
    )
    assert other.codelength_ == pytest.approx(plain.codelength_, rel=1e-12)
    assert other.labels_.tolist() == plain.labels_.tolist()
    assert {*map(frozenset, plain.members())} == {
        *map(frozenset, ([0, 1, 2], [3, 4, 5]))
    }


@pytest.mark.parametrize("alone", [20, 500])
def test_recorded_jumps_join_nodes_that_no_link_does(alone):
    cliques = nx.disjoint_union_all([nx.complete_graph(5)] * 3).to_directed()
    cliques.add_nodes_from(range(100, 100 + alone))
    walk = {"recorded": True, "to": "nodes"}
    found = fitted(cliques, **walk)
    apart = [node // 5 if node < 15 else node for node in cliques]
    together = [min(node // 5, 3) for node in cliques]
    lengths = [map_equation(cliques, each, **walk).total for each in (apart, together)]
    assert lengths[1] < 0.97 * lengths[0]
    assert found.codelength_ <= lengths[1] + 1e-9
