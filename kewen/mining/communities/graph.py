"""Graphs of any make as one sparse matrix of weights, checked once."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from kewen.errors import DataError, ShapeError

# More nodes than this, and than so many for each link, come of numbers that were names.
MOST_NODES, MOST_A_LINK = 1 << 24, 1000

_WANTED = (
    "A graph is one of networkx or igraph, a square scipy.sparse matrix, an array of "
    "edges (E, 2) or (E, 3) with weights in the last column, or a tuple of arrays "
    "(sources, targets) or (sources, targets, weights). "
)


@dataclass(frozen=True, eq=False)
class Graph:
    """Weights of links between n nodes.

    An undirected link stands in the matrix in both directions, a loop once: that is how
    a random walker meets them.
    """

    weights: sparse.csr_matrix  # float64, (n, n); row: from, column: to; no zeros
    directed: bool
    names: Sequence[Hashable]  # the nodes as their owner calls them, in order

    @property
    def num_nodes(self) -> int:
        """How many nodes, those without links too."""
        return len(self.names)

    @property
    def num_links(self) -> int:
        """How many different links; an undirected one counts once."""
        if self.directed:
            return self.weights.nnz
        loops = int(np.count_nonzero(self.weights.diagonal()))
        return (self.weights.nnz + loops) // 2


def read_graph(graph: Any, *, directed: bool | None = None) -> Graph:
    """Any graph as a `Graph`; parallel links are one, of their summed weight.

    Args:
        graph: a `Graph`; a graph of networkx or igraph, whose links may have an
            attribute `weight`; a scipy.sparse matrix of weights; edges as one array,
            (E, 2) or (E, 3), or as a tuple of arrays, nodes being numbers from 0.
        directed: None asks the graph. A sparse matrix is directed if it is not
            symmetric; edges in arrays are undirected.

    Raises:
        DataError: if there is no node, or a weight is negative or not a number, or
            something else than a graph came.
        ShapeError: if a matrix is not square or an array of edges has another form.
    """
    if isinstance(graph, Graph):
        return graph if directed in (None, graph.directed) else _turned(graph)
    if sparse.issparse(graph):
        return _of_matrix(graph, directed)
    if hasattr(graph, "get_edgelist") and hasattr(graph, "vcount"):
        return _of_igraph(graph, directed)
    if hasattr(graph, "nodes") and hasattr(graph, "is_directed"):
        return _of_networkx(graph, directed)
    if isinstance(graph, np.ndarray | tuple | list):
        return _of_edges(graph, bool(directed))
    raise DataError(f"{_WANTED}Received: {type(graph).__name__}.")


def _turned(graph: Graph) -> Graph:
    if graph.directed:
        rows, columns = graph.weights.nonzero()
        return _made(
            rows, columns, graph.weights.data, graph.num_nodes, False, graph.names
        )
    return Graph(graph.weights, True, graph.names)


def _of_matrix(matrix: Any, directed: bool | None) -> Graph:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(
            "The matrix of a graph must be square, (n, n): a row and a column for each "
            f"node. Received: {matrix.shape}."
        )
    coo = matrix.tocoo()
    size = matrix.shape[0]
    _check_size(size, coo.nnz)
    one_way = _made(coo.row, coo.col, coo.data, size, True, range(size))
    difference = one_way.weights - one_way.weights.T
    largest = abs(difference).max() if difference.nnz else 0.0
    symmetric = largest <= 1e-12 * (one_way.weights.max() if one_way.num_links else 1)
    if directed is None:
        directed = not symmetric
    if directed:
        return one_way
    if not symmetric:
        raise DataError(
            "The matrix of an undirected graph must be symmetric. Received: one whose "
            f"halves differ by up to {largest:.3g}. Pass directed=True, or add it to "
            "its transpose."
        )
    return Graph(one_way.weights, False, one_way.names)


def _of_igraph(graph: Any, directed: bool | None) -> Graph:
    edges = np.asarray(graph.get_edgelist(), np.int64).reshape(-1, 2)
    weights = (
        graph.es["weight"] if "weight" in graph.es.attributes() else np.ones(len(edges))
    )
    size = graph.vcount()
    names = graph.vs["name"] if "name" in graph.vs.attributes() else range(size)
    one_way = graph.is_directed() if directed is None else directed
    return _made(edges[:, 0], edges[:, 1], weights, size, one_way, names)


def _of_networkx(graph: Any, directed: bool | None) -> Graph:
    names = list(graph.nodes)
    place = {name: number for number, name in enumerate(names)}
    links = list(graph.edges(data="weight", default=1.0))
    sources = [place[link[0]] for link in links]
    targets = [place[link[1]] for link in links]
    one_way = graph.is_directed() if directed is None else directed
    weights = [link[2] for link in links]
    return _made(sources, targets, weights, len(names), one_way, names)


def _of_edges(edges: Any, directed: bool) -> Graph:
    if isinstance(edges, tuple):
        columns = [np.asarray(each) for each in edges]
        lengths = {each.shape for each in columns}
        if len(columns) not in (2, 3) or len(lengths) != 1 or columns[0].ndim != 1:
            shapes = [each.shape for each in columns]
            raise ShapeError(f"{_WANTED}Received: a tuple of shapes {shapes}.")
    else:
        try:
            table = np.asarray(edges)
        except ValueError as error:  # rows of unequal length
            raise ShapeError(f"{_WANTED}Received: {error}.") from error
        if table.ndim != 2 or table.shape[1] not in (2, 3):
            raise ShapeError(f"{_WANTED}Received: an array of shape {table.shape}.")
        columns = list(table.T)
    sources, targets = columns[:2]
    weights = columns[2] if len(columns) == 3 else np.ones(len(sources))
    for ends in (sources, targets):
        if (
            ends.dtype.kind not in "iuf"
            or not np.isfinite(ends).all()
            or not np.array_equal(ends, np.round(ends))
        ):
            raise DataError(
                "Edges name nodes by whole numbers from 0. For other names take a "
                f"graph of networkx. Received: values of {ends.dtype}, such as "
                f"{ends[:3].tolist()}."
            )
    if len(sources) and min(sources.min(), targets.min()) < 0:
        lowest = int(min(sources.min(), targets.min()))
        raise DataError(f"Nodes count from 0. Received: node {lowest}.")
    size = int(max(sources.max(), targets.max())) + 1 if len(sources) else 0
    _check_size(size, len(sources))
    return _made(sources, targets, weights, size, directed, range(size))


def _check_size(size: int, links: int) -> None:
    """Refuse numbers that would make a graph of nothing but nodes without links."""
    if size > min(max(MOST_NODES, MOST_A_LINK * links), np.iinfo(np.int32).max):
        raise DataError(
            "Nodes are numbers from 0 on, and each up to the largest is a node. "
            f"Received: node {size - 1} in a graph of {links} links. Number them "
            "anew: names, numbers = numpy.unique(edges, return_inverse=True)."
        )


def _made(
    sources: Any,
    targets: Any,
    weights: Any,
    size: int,
    directed: bool,
    names: Sequence[Hashable],
) -> Graph:
    """The checked graph of single links, parallel ones summed."""
    if size == 0:
        raise DataError("A graph must have a node. Received: one without any.")
    rows = np.asarray(sources, np.int32)
    columns = np.asarray(targets, np.int32)
    if np.iscomplexobj(weights):
        raise DataError("Weights must be real numbers. Received: complex ones.")
    try:
        values = np.asarray(weights, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"Weights must be numbers. Received: {error}.") from error
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(
            "Weights must be finite and not negative: a walker takes a link in "
            f"proportion to it. Received: {values[first]} from node {rows[first]} to "
            f"node {columns[first]}, and {int(bad.sum()) - 1} more like it."
        )
    if not directed:
        other = rows != columns
        rows, columns = (
            np.concatenate([rows, columns[other]]),
            np.concatenate([columns, rows[other]]),
        )
        values = np.concatenate([values, values[other]])
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(size, size))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return Graph(matrix, directed, names)
