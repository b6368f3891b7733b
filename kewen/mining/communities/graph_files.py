"""Graphs from files: edges as text, sparse matrices, and what networkx reads."""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from kewen.errors import DataError, MissingExtraError, NotFoundError, installing
from kewen.mining.communities.graph import Graph, read_graph

BY_NETWORKX = {".gml": "read_gml", ".graphml": "read_graphml", ".net": "read_pajek"}
COMMENTS = ("#", "%")


def read_graph_file(
    path: str | os.PathLike[str], *, directed: bool | None = None
) -> Graph:
    """A graph from a file, by its ending.

    Args:
        path: `.npz`, a matrix by `scipy.sparse.save_npz`; `.gml`, `.graphml`, `.net`,
            read by networkx; anything else is text, `.gz` too: a link a line, two names
            and perhaps a weight, apart by tabs if there is one, else by spaces. Lines
            that begin with # or % are comments.
        directed: see `read_graph`; links of a text are undirected unless told.

    Raises:
        NotFoundError: if there is no such file.
        DataError: if it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"A graph's file must exist. Received: {path}.")
    if path.suffix == ".npz":
        return read_graph(_matrix(path), directed=directed)
    if path.suffix in BY_NETWORKX:
        return read_graph(_by_networkx(path), directed=directed)
    places: dict[str, int] = {}
    ends: list[tuple[int, int]] = []
    weights: list[float] = []
    for number, line in _lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        try:
            source, target, weight = fields if len(fields) == 3 else (*fields, "1")
            weights.append(float(weight))
        except ValueError:
            raise DataError(
                "A line of a graph is two names and perhaps a number, apart by tabs "
                f"or spaces. Received: {line[:80]!r}, line {number} of {path}."
            ) from None
        ends.append(
            (
                places.setdefault(source, len(places)),
                places.setdefault(target, len(places)),
            )
        )
    if not ends:
        raise DataError(f"A graph's file must have links. Received: none in {path}.")
    table = np.array(ends, np.int32)
    links = (table[:, 0], table[:, 1], np.array(weights))
    read = read_graph(links, directed=directed)
    return Graph(read.weights, read.directed, list(places))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        packed = path.suffix == ".gz"
        opened = gzip.open(path, "rt", encoding="utf-8-sig") if packed else None
        with opened or path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                line = line.strip("\n\r ")
                if line and not line.startswith(COMMENTS):
                    yield number, line
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"A graph's text must be UTF-8, whole. Received: {error}, in {path}."
        ) from error


def _matrix(path: Path) -> sparse.csr_matrix:
    try:
        with path.open("rb") as file:  # numpy leaves a broken file of a path open
            return sparse.csr_matrix(sparse.load_npz(file))
    except Exception as error:  # whatever a broken archive raises
        raise DataError(
            "A graph's .npz is a matrix by scipy.sparse.save_npz. Received: "
            f"{path}: {error}."
        ) from error


def _by_networkx(path: Path) -> object:
    try:
        import networkx
    except ImportError:
        raise MissingExtraError(
            f"A {path.suffix} file is read by networkx. Received: no networkx; "
            f"{installing('mining')}"
        ) from None
    try:
        return getattr(networkx, BY_NETWORKX[path.suffix])(path)
    except Exception as error:  # of many kinds, by format
        raise DataError(
            f"networkx could not read {path}: {type(error).__name__}: {error}."
        ) from error
