"""Graphs that the tests of communities share, and the package that they ask."""

import tempfile
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

# The walk's options, and the same for the oracle.
WALKS = {
    "undirected": (False, {}, ""),
    "directed": (True, {}, "--directed"),
    "to nodes": (True, {"to": "nodes"}, "--directed --to-nodes"),
    "recorded": (True, {"recorded": True}, "--directed --recorded-teleportation"),
    "recorded to nodes": (
        True,
        {"recorded": True, "to": "nodes"},
        "--directed --recorded-teleportation --to-nodes",
    ),
    "rarely": (
        True,
        {"recorded": True, "teleportation": 0.05},
        "--directed --recorded-teleportation --teleportation-probability 0.05",
    ),
}


def two_triangles():
    """The spec's digraph: two triangles and a link between them, all both ways."""
    one_way = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (0, 3)]
    return np.array(one_way + [(b, a) for a, b in one_way])


def unweighted_karate():
    graph = nx.karate_club_graph()
    return nx.Graph(list(graph.edges))


def troubled_edges(directed, seed, num_nodes=24, share=0.15):
    """Random weights, with loops, dangling nodes and nodes without any link."""
    rng = np.random.default_rng(seed)
    rows = [
        (a, b, float(rng.integers(1, 6)) / 2)
        for a in range(num_nodes)
        for b in range(num_nodes)
        if rng.random() < share and (directed or a < b)
    ]
    dangling, isolated = (4, 7), 9
    rows += [(2, 2, 3.0), (5, 5, 1.0), (3, num_nodes - 1, 1.0)]
    return np.array(
        [row for row in rows if row[0] not in dangling and isolated not in row[:2]]
    )


def random_paths(num_nodes, seed):
    """Paths of one to three modules."""
    rng = np.random.default_rng(seed)
    paths = []
    for _ in range(num_nodes):
        top = int(rng.integers(3))
        path = (top,)
        if top != 2:
            path += (int(rng.integers(2)),)
        if top == 0:
            path += (int(rng.integers(2)),)
        paths.append(path)
    return paths


def oracle(edges, flags, num_nodes=None):
    """The infomap package with a graph in it."""
    infomap = pytest.importorskip("infomap")
    asked = infomap.Infomap(f"--silent {flags}")
    edges = np.asarray(edges, float)
    for node in range(num_nodes or int(edges[:, :2].max()) + 1):
        asked.add_node(node)
    for row in edges:
        asked.add_link(int(row[0]), int(row[1]), *row[2:])
    return asked


def oracle_length(edges, flags, labels):
    asked = oracle(edges, f"--no-infomap --two-level {flags}", len(labels))
    asked.initial_partition = {node: int(label) for node, label in enumerate(labels)}
    return asked.run().codelength


def oracle_tree_length(edges, flags, paths):
    """Of a tree of modules, which the package reads from a file."""
    seen = Counter()
    lines = []
    for node, path in enumerate(paths):
        path = tuple(module + 1 for module in path)
        seen[path] += 1
        name = ":".join(map(str, (*path, seen[path])))
        lines.append(f'{name} 0.1 "{node}" {node}')
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "paths.tree")
        file.write_text("\n".join(lines) + "\n")
        options = f"--no-infomap {flags} --cluster-data {file}"
        return oracle(edges, options, len(paths)).run().codelength
