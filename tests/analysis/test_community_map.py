"""The picture of modules: every node or module, coloured, named, harmless."""

import re

import networkx as nx
import numpy as np
import pytest

from kewen.analysis.report.community_map import MOST_MODULES, community_section
from kewen.mining import InfoMap
from kewen.mining.communities.graph import read_graph


def drawn(graph, **options):
    read = read_graph(graph)
    return community_section(InfoMap(random_state=0, **options).fit(read), read).html()


def test_a_small_graph_is_drawn_node_by_node():
    page = drawn(nx.ring_of_cliques(4, 5))
    assert page.count("<circle") == 20
    assert page.count("<line") == 4 * 10 + 4
    assert len(set(re.findall(r'fill="(hsl[^"]*)"', page))) == 4


def test_a_large_graph_is_drawn_module_by_module():
    graph = nx.disjoint_union_all([nx.complete_graph(3)] * 150)
    page = drawn(graph, num_trials=1)
    assert page.count("<circle") == MOST_MODULES < 150
    assert "3 nodes," in page and "largest modules" in page


@pytest.mark.parametrize("overlapping", [False, True])
def test_nodes_without_links_are_drawn_too(overlapping):
    graph = nx.disjoint_union(nx.ring_of_cliques(3, 4), nx.empty_graph(2))
    assert drawn(graph, overlapping=overlapping).count("<circle") == 14


def test_names_cannot_become_markup():
    graph = nx.Graph([("<script>alert(1)</script>", "b"), ("b", 'c"><x')])
    page = drawn(graph)
    assert "<script" not in page and "<x" not in page
    assert "&lt;script&gt;" in page


def test_all_places_are_inside_the_picture():
    page = drawn(nx.ring_of_cliques(4, 5))
    x = np.array(re.findall(r'cx="([\d.]+)"', page), float)
    y = np.array(re.findall(r'cy="([\d.]+)"', page), float)
    assert x.min() >= 0 and x.max() <= 1140 and y.min() >= 0 and y.max() <= 760
