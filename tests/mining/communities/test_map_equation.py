"""The map equation against stored numbers, closed forms and the infomap package."""

import networkx as nx
import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.mining import map_equation
from tests.mining.communities.graph_bank import (
    WALKS,
    oracle_length,
    oracle_tree_length,
    random_paths,
    troubled_edges,
    two_triangles,
    unweighted_karate,
)

HALVES = [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("options", "bits"),
    [
        ({}, 2.32073035683379),
        ({"recorded": True}, 2.52384157032773),
        ({"recorded": True, "to": "nodes"}, 2.51787310296866),
    ],
)
def test_two_triangles_have_the_length_that_was_written_down(options, bits):
    got = map_equation(two_triangles(), HALVES, directed=True, **options)
    assert got.total == pytest.approx(bits, abs=1e-9)


def test_jumps_to_nodes_are_the_lessons_formula():
    """Its p and q evaluated as they stand in the source, without sparse matrices."""
    edges, n, tau = two_triangles(), 6, 0.15
    steps = np.zeros((n, n))
    steps[edges[:, 0], edges[:, 1]] = 1
    steps /= steps.sum(1, keepdims=True)
    p = np.full(n, 1 / n)
    for _ in range(400):
        p = (1 - tau) * p @ steps + tau / n
    q, inside = [], []
    for module in (range(3), range(3, 6)):
        others = [each for each in range(n) if each not in module]
        leave = sum(p[a] * steps[a, b] for a in module for b in others)
        weight = p[list(module)].sum()
        q.append(tau * (n - 3) / n * weight + (1 - tau) * leave)
        words = np.array([q[-1], *p[list(module)]])
        inside.append(-(words * np.log2(words / words.sum())).sum())
    q = np.array(q)
    bits = -(q * np.log2(q / q.sum())).sum() + sum(inside)
    got = map_equation(edges, HALVES, directed=True, recorded=True, to="nodes")
    assert got.total == pytest.approx(bits, abs=1e-9)


@pytest.mark.parametrize(
    ("labels", "bits"),
    [([0] * 6, 2.55665670746282), (range(6), 4.55665670746282)],
)
def test_one_module_and_singletons_have_their_stored_lengths(labels, bits):
    got = map_equation(two_triangles(), labels)
    assert got.total == pytest.approx(bits, abs=1e-9)


def test_one_module_costs_the_entropy_of_the_visits():
    graph = nx.karate_club_graph()
    degrees = np.array([d for _, d in graph.degree(weight="weight")], float)
    shares = degrees / degrees.sum()
    got = map_equation(graph, [0] * len(graph))
    assert got.total == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-12)
    assert got.one_level == pytest.approx(got.total, abs=1e-12)
    assert got.index == 0 and got.savings == pytest.approx(0, abs=1e-12)


def test_unweighted_karate_in_one_level_is_the_stored_number():
    got = map_equation(unweighted_karate(), [0] * 34)
    assert got.one_level == pytest.approx(4.70442259888334, abs=1e-9)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("seed", range(3))
def test_any_partition_is_as_long_as_the_package_says(walk, seed):
    directed, options, flags = WALKS[walk]
    edges = troubled_edges(directed, seed)
    labels = np.random.default_rng(seed).integers(0, 5, 24)
    got = map_equation(edges, labels, directed=directed, **options)
    assert got.total == pytest.approx(oracle_length(edges, flags, labels), abs=1e-9)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("time", [0.5, 1.0, 2.5])
def test_any_tree_at_any_time_is_as_long_as_the_package_says(walk, time):
    directed, options, flags = WALKS[walk]
    edges, paths = troubled_edges(directed, 5), random_paths(24, 5)
    got = map_equation(edges, paths, directed=directed, markov_time=time, **options)
    flags += f" --markov-time {time}"
    assert got.total == pytest.approx(oracle_tree_length(edges, flags, paths), abs=1e-9)


@pytest.mark.parametrize("walk", WALKS)
def test_neither_names_of_modules_nor_the_unit_of_weights_matter(walk):
    directed, options, _ = WALKS[walk]
    edges = troubled_edges(directed, 1)
    labels = np.random.default_rng(1).integers(0, 5, 24)
    scaled = edges * [1, 1, 1e6]
    renamed = [f"module {9 - label}" for label in labels]
    first = map_equation(edges, labels, directed=directed, **options)
    second = map_equation(scaled, renamed, directed=directed, **options)
    assert second.total == pytest.approx(first.total, abs=1e-10)


def test_order_of_the_nodes_does_not_matter():
    edges = troubled_edges(True, 2)
    labels = np.random.default_rng(2).integers(0, 5, 24)
    order = np.random.default_rng(3).permutation(24)
    moved = edges.copy()
    moved[:, :2] = order[edges[:, :2].astype(int)]
    there = np.empty(24, int)
    there[order] = labels
    first = map_equation(edges, labels, directed=True, recorded=True)
    second = map_equation(moved, there, directed=True, recorded=True)
    assert second.total == pytest.approx(first.total, abs=1e-10)


def test_paths_of_one_module_each_are_a_flat_partition():
    graph = nx.karate_club_graph()
    labels = np.arange(34) % 4
    flat = map_equation(graph, labels)
    named = map_equation(graph, dict(zip(graph, labels, strict=True)))
    as_paths = map_equation(graph, [(label,) for label in labels])
    padded = map_equation(graph, np.stack([labels, np.full(34, -1)], 1))
    rows = map_equation(graph, [np.array([label]) for label in labels])
    assert flat == named == as_paths == padded == rows


@pytest.mark.parametrize(
    ("partition", "error", "words"),
    [
        ([0, 1], ShapeError, "34 nodes. Received: 2"),
        ({0: 1}, DataError, "none for 33 of 34 nodes"),
        ([float("nan")] * 34, DataError, "NaN"),
        (None, ShapeError, "0 axes"),
        (np.zeros((34, 1, 1)), ShapeError, "3 axes"),
        ([{0}] * 34, DataError, "unhashable"),
    ],
)
def test_what_is_no_partition_is_refused(partition, error, words):
    with pytest.raises(error, match=words):
        map_equation(nx.karate_club_graph(), partition)


@pytest.mark.parametrize(
    "options",
    [
        {"teleportation": 1.0},
        {"teleportation": -0.1},
        {"teleportation": "often"},
        {"markov_time": None},
        {"to": "edges"},
        {"markov_time": 0},
        {"markov_time": float("inf")},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="Received"):
        map_equation(two_triangles(), HALVES, directed=True, **options)
