"""Overlapping modules: the length as the package has it; nodes in several modules."""

import networkx as nx
import numpy as np
import pytest

from kewen.errors import ConfigError
from kewen.mining import InfoMap, map_equation
from kewen.mining.communities.flow import flow_of
from kewen.mining.communities.graph import read_graph
from kewen.mining.communities.overlapping import (
    overlapped,
    overlapping_length,
    visits_of,
)
from tests.mining.communities.graph_bank import troubled_edges


def bow_tie():
    """Two cliques that share one node, number 5."""
    graph = nx.complete_graph(6)
    graph.add_edges_from((a, b) for a in range(5, 11) for b in range(a + 1, 11))
    return graph


def package_length(flow, modules):
    """The visits as the package's state nodes: one for each link, with all links on."""
    infomap = pytest.importorskip("infomap")
    visits = visits_of(flow)
    asked = infomap.Infomap("--silent --two-level --directed --no-infomap")
    for link, node in enumerate(visits.target):
        asked.add_state_node(link, int(node))
    for link, node in enumerate(visits.target):
        for onwards in range(visits.start[node], visits.start[node + 1]):
            rate = visits.rate[link] * visits.rate[onwards] / flow.node[node]
            asked.add_link(link, onwards, rate)
    asked.initial_partition = {link: int(m) for link, m in enumerate(modules)}
    return asked.run().codelength


@pytest.mark.parametrize("seed", range(4))
def test_any_modules_of_visits_are_as_long_as_the_package_says(seed):
    edges = troubled_edges(False, seed, num_nodes=14, share=0.3)
    flow = flow_of(read_graph(edges))
    modules = np.random.default_rng(seed).integers(0, 4, flow.links.nnz)
    code, _, _ = overlapping_length(flow, modules.astype(np.int32))
    assert code.total == pytest.approx(package_length(flow, modules), abs=1e-9)


def test_hard_modules_cost_the_same_as_visits():
    graph = nx.karate_club_graph()
    flow = flow_of(read_graph(graph))
    labels = np.random.default_rng(0).integers(0, 4, 34).astype(np.int32)
    code, came, exits = overlapping_length(flow, labels[visits_of(flow).target], 1.5)
    assert code.total == pytest.approx(
        map_equation(graph, labels, markov_time=1.5).total, abs=1e-12
    )
    assert came.nnz == 34 and len(exits) == 4


def test_a_node_between_two_cliques_is_in_both():
    found = InfoMap(overlapping=True, random_state=0).fit(bow_tie())
    hard = InfoMap(random_state=0).fit(bow_tie())
    assert found.codelength_ < hard.codelength_ - 0.1
    assert sorted(map(sorted, found.members())) == [
        [0, 1, 2, 3, 4, 5],
        [5, 6, 7, 8, 9, 10],
    ]
    np.testing.assert_allclose(found.memberships_[5].toarray(), [[0.5, 0.5]])
    assert found.exit_flow_.max() < hard.exit_flow_.min()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("time", [1.0, 2.0])
def test_overlap_never_costs_more_than_hard_modules(seed, time):
    edges = troubled_edges(False, seed, num_nodes=40, share=0.1)
    options = {"random_state": seed, "num_trials": 3, "markov_time": time}
    hard = InfoMap(**options).fit(edges)
    soft = InfoMap(overlapping=True, **options).fit(edges)
    assert soft.codelength_ <= hard.codelength_ + 1e-12
    shares = np.asarray(soft.memberships_.sum(1)).ravel()
    np.testing.assert_allclose(shares, soft.flow_ > 0, atol=1e-12)


def test_the_search_ends_where_no_single_visit_gains():
    flow = flow_of(read_graph(nx.karate_club_graph()))
    labels = (np.arange(34) % 3).astype(np.int32)
    modules = overlapped(flow, labels, np.random.default_rng(0))
    best = overlapping_length(flow, modules)[0].total
    visits = visits_of(flow)
    home = overlapping_length(flow, modules)[1].toarray().argmax(1)
    for link in range(len(modules)):
        other = modules.copy()
        other[link] = home[visits.source[link]]
        assert overlapping_length(flow, other)[0].total > best - 1e-9


def test_what_cannot_overlap_is_refused():
    with pytest.raises(ConfigError, match="undirected"):
        InfoMap(overlapping=True).fit(nx.DiGraph([(0, 1), (1, 0)]))
    with pytest.raises(ConfigError, match="two levels"):
        InfoMap(overlapping=True, levels="multi").fit(bow_tie())
