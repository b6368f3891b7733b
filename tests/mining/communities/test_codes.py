"""Codes that can be written and read, as long as theory says."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kewen.errors import DataError
from kewen.mining import HierarchicalCode, entropy, huffman_code, map_equation
from tests.mining.communities.graph_bank import random_paths, troubled_edges

WEIGHTS = st.lists(st.floats(0, 1e3), min_size=1, max_size=40).filter(
    lambda weights: sum(weights) > 1e-6
)


@given(WEIGHTS)
def test_entropy_is_scipys(weights):
    assert entropy(weights) == pytest.approx(stats.entropy(weights, base=2), abs=1e-9)
    assert entropy(weights, 4) == pytest.approx(entropy(weights) / 2, abs=1e-9)


@given(st.lists(st.floats(1, 1e3), min_size=1, max_size=40))
def test_huffmans_mean_length_is_within_a_bit_of_the_entropy(weights):
    words = huffman_code(weights)
    shares = np.array(weights) / sum(weights)
    mean = float(shares @ [len(word) for word in words])
    assert entropy(weights) - 1e-9 <= mean < entropy(weights) + 1
    kraft = sum(2.0 ** -len(word) for word in words)
    assert kraft == 1.0
    for word in words:
        others = [other for other in words if other is not word]
        assert not any(other.startswith(word) for other in others)


def test_a_symbol_that_never_comes_has_a_word_too():
    assert sorted(huffman_code([0, 1])) == ["0", "1"]


def test_huffmans_code_of_a_text_book():
    assert sorted(map(len, huffman_code([45, 13, 12, 16, 9, 5]))) == [1, 3, 3, 3, 4, 4]


def walk_on(graph, steps, seed):
    rng = np.random.default_rng(seed)
    around = {
        v: (list(graph[v]), np.array([d["weight"] for d in graph[v].values()]))
        for v in graph
    }
    node, walk = 0, []
    for _ in range(steps):
        nodes, weights = around[node]
        node = int(rng.choice(nodes, p=weights / weights.sum()))
        walk.append(node)
    return walk


@pytest.fixture(scope="module")
def karate():
    graph = nx.karate_club_graph()
    halves = [0 if graph.nodes[v]["club"] == "Mr. Hi" else 1 for v in graph]
    return graph, halves


def test_a_simulated_walk_costs_what_the_map_equation_says(karate):
    graph, halves = karate
    walk = walk_on(graph, 40_000, 1)
    for partition in (halves, [(half, v % 3) for v, half in enumerate(halves)]):
        code = HierarchicalCode(graph, partition)
        bits = code.ideal_bits(walk) / len(walk)
        assert bits == pytest.approx(map_equation(graph, partition).total, rel=0.01)


def test_codebooks_of_whole_bits_cost_a_little_more(karate):
    graph, halves = karate
    code = HierarchicalCode(graph, halves)
    length = map_equation(graph, halves)
    used = 1 + 2 * sum(
        w for a, b, w in graph.edges(data="weight") if halves[a] != halves[b]
    ) / graph.size("weight")
    assert length.total <= code.mean_length < length.total + used
    walk = walk_on(graph, 20_000, 2)
    assert len(code.encode(walk)) / len(walk) == pytest.approx(
        code.mean_length, rel=0.01
    )


PARTITIONS = {
    "one module": [0] * 24,
    "singletons": list(range(24)),
    "tree": random_paths(24, 3),
}


@pytest.mark.parametrize("name", PARTITIONS)
@settings(max_examples=50)
@given(walk=st.lists(st.integers(0, 23), max_size=60))
def test_what_is_encoded_is_decoded(name, walk):
    """Any row of nodes, walked along links or not, those that are never visited too."""
    code = HierarchicalCode(troubled_edges(True, 3), PARTITIONS[name], directed=True)
    assert code.decode(code.encode(walk)) == walk


def test_a_walk_goes_by_the_names_of_the_nodes():
    graph = nx.relabel_nodes(nx.karate_club_graph(), lambda node: node + 1)
    modules = {node: node % 3 for node in graph}
    code = HierarchicalCode(graph, modules)
    plain = HierarchicalCode(nx.karate_club_graph(), [n % 3 for n in range(1, 35)])
    assert code.encode([1, 2, 34]) == plain.encode([0, 1, 33])
    assert code.decode(code.encode([34, 2])) == [34, 2]
    with pytest.raises(DataError, match="Received: 'x'"):
        code.encode(["x"])


def test_a_graph_of_one_node_has_a_code():
    code = HierarchicalCode(np.array([[0, 0]]), [0])
    bits = code.encode([0, 0, 0])
    assert len(bits) == 3 and code.decode(bits) == [0, 0, 0]


def test_what_is_no_code_is_refused(karate):
    code = HierarchicalCode(*karate)
    with pytest.raises(DataError, match=r"34 nodes, such as 0, 1, .*Received: 34"):
        code.encode([34])
    with pytest.raises(DataError, match="ends with a whole word"):
        code.decode(code.encode([1, 2])[:-1])


@pytest.mark.parametrize("p", [[], [0, 0], [1, -1], [np.nan], [[1.0]]])
def test_weights_that_are_none_are_refused(p):
    for function in (entropy, huffman_code):
        with pytest.raises(DataError, match="Received"):
            function(p)
