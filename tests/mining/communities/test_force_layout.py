"""Places of a drawing: inside, repeatable, modules apart."""

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from kewen.mining.communities.layout import force_layout


def test_modules_lie_apart_and_all_is_inside():
    graph = nx.ring_of_cliques(4, 8)
    weights = sparse.csr_matrix(nx.to_scipy_sparse_array(graph, dtype=float))
    modules = np.repeat(np.arange(4), 8)
    places = force_layout(weights, modules)
    assert places.min() == 0 and places.max() == 1
    np.testing.assert_array_equal(places, force_layout(weights, modules))
    centres = np.array([places[modules == m].mean(0) for m in range(4)])
    distance = np.linalg.norm(places[:, None] - centres, axis=-1)
    assert (distance.argmin(1) == modules).all()


@pytest.mark.parametrize("size", [1, 2, 7])
def test_nodes_without_links_have_finite_places_of_their_own(size):
    places = force_layout(sparse.csr_matrix((size, size)), np.arange(size))
    assert np.isfinite(places).all() and len({*map(tuple, places)}) == size
