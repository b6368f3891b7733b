"""The search's own arithmetic: each move's gain, modules as nodes, groups."""

import numpy as np
import pytest

from kewen.mining.communities.flow import flow_of
from kewen.mining.communities.graph import read_graph
from kewen.mining.communities.map_equation import length_of_paths
from kewen.mining.communities.network import (
    aggregated,
    compact,
    network_of,
    objectives,
    tallied,
    undivided,
    within,
)
from kewen.mining.communities.search import swept
from tests.mining.communities.graph_bank import WALKS, troubled_edges


def walk_of(walk, seed):
    directed, options, _ = WALKS[walk]
    graph = read_graph(troubled_edges(directed, seed), directed=directed)
    return flow_of(graph, **options)


def one_sweep(network, labels, seed, awake=None):
    """The modules that it kept account of, and how many nodes moved."""
    awake = np.ones(network.size, np.int8) if awake is None else awake
    return swept(network, labels.astype(np.int32), awake, np.random.default_rng(seed))


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("seed", range(4))
def test_what_a_sweep_keeps_account_of_is_what_a_new_count_gives(walk, seed):
    network = network_of(walk_of(walk, seed))
    labels = np.random.default_rng(seed).integers(0, 6, network.size)
    kept, moved = one_sweep(network, labels, seed)
    assert moved > 0
    counted = tallied(network, kept.of, network.size)
    for name in ("size", "flow", "out", "into", "enter", "term", "index"):
        np.testing.assert_allclose(
            getattr(kept, name), getattr(counted, name), atol=1e-12, err_msg=name
        )


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("time", [1.0, 1.7])
def test_a_single_move_changes_the_objective_as_it_changes_the_length(walk, time):
    flow = walk_of(walk, 7)
    network = network_of(flow, time)
    labels = np.random.default_rng(7).integers(0, 6, network.size).astype(np.int32)
    moves = 0
    for node in range(network.size):
        awake = np.zeros(network.size, np.int8)
        awake[node] = 1
        kept, moved = one_sweep(network, labels.copy(), 0, awake)
        after = kept.of.copy()
        shorter = (
            length_of_paths(flow, after[:, None], time).total
            - length_of_paths(flow, compact(labels)[:, None], time).total
        )
        gain = (objectives(network, after) - objectives(network, labels)).sum()
        assert gain == pytest.approx(shorter, abs=1e-12)
        assert shorter < 0 if moved else shorter == 0
        moves += moved
    assert moves > 3


@pytest.mark.parametrize("walk", WALKS)
def test_modules_as_nodes_cost_what_they_cost_as_modules(walk):
    network = network_of(walk_of(walk, 2))
    rng = np.random.default_rng(2)
    small = compact(rng.integers(0, 12, network.size))
    large = rng.integers(0, 4, small.max() + 1).astype(np.int32)
    modules = aggregated(network, small)
    whole = np.arange(modules.size, dtype=np.int32)
    assert objectives(modules, whole) == pytest.approx(objectives(network, small))
    assert objectives(modules, large) == pytest.approx(
        objectives(network, large[small])
    )


def test_one_module_is_as_long_as_none():
    network = network_of(walk_of("recorded", 3))
    one = np.zeros(network.size, np.int32)
    assert objectives(network, one) == pytest.approx(undivided(network), abs=1e-12)


@pytest.mark.parametrize("walk", WALKS)
def test_no_node_leaves_its_group(walk):
    network = network_of(walk_of(walk, 4))
    group = (np.arange(network.size) % 3).astype(np.int32)
    cut = within(network, group)
    kept, moved = one_sweep(cut, np.arange(network.size), 1)
    assert moved > 0
    assert len(set(zip(kept.of, group, strict=True))) == len(set(kept.of))
