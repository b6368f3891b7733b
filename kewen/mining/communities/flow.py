"""Where a random walker is, and how often it takes each link.

On an undirected graph a node is visited in proportion to its links' weight. On a
directed one the walker jumps elsewhere with probability `teleportation`, and always
where no link leads on, so that it cannot be caught. Either the jumps are described like
any other step (`recorded`), or only steps along links are, which jumps merely start.
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.errors import ConfigError, DataError
from kewen.mining.communities.graph import Graph, read_graph

Floats = NDArray[Any]  # of float64
To = Literal["links", "nodes"]

_MOST_STEPS = 20_000
_SETTLED = 1e-15  # the summed change of a step


@dataclass(frozen=True)
class Flow:
    """Rates of one step of the walk. All of `node` is 1."""

    node: Floats  # (n,) visits
    links: sparse.csr_matrix  # (n, n) steps along each link
    jumps_from: Floats  # (n,) recorded jumps that start here, wherever they end
    jumps_to: Floats  # (n,) share of all jumps that end here
    symmetric: bool  # links both ways alike, and no recorded jump


def stationary_distribution(
    graph: Any,
    teleportation: float = 0.15,
    *,
    to: To | NDArray[Any] = "nodes",
    directed: bool | None = None,
) -> Floats:
    """How often a walker that also jumps is at each node.

    Solves p = (1 - t) P'p + (share of jumps) v by repeated steps, where nodes without
    a link onwards jump always.

    Args:
        graph: what `read_graph` reads. Links of weight w are taken in proportion to w.
        teleportation: t, the probability of a jump; in [0, 1).
        to: where jumps end: "nodes", all alike; "links", in proportion to the weight
            of a node's outgoing links; or an array, (n,), of shares.
        directed: see `read_graph`.

    Returns:
        float64, (n,), summing to 1.

    Raises:
        ConfigError: if the walk does not settle, as without jumps it need not.
    """
    weights = _scaled(read_graph(graph, directed=directed).weights)
    return _settled(weights, teleportation, _landing(weights, to))


def flow_of(
    graph: Graph,
    *,
    teleportation: float = 0.15,
    recorded: bool = False,
    to: To = "links",
) -> Flow:
    """The walk's rates on a graph; the options matter for directed ones only.

    Args:
        graph: from `read_graph`.
        teleportation: probability of a jump.
        recorded: whether jumps are part of what is described. If not, a walk's last
            step before each description goes along a link.
        to: where jumps end. "links" means the end of a random link; if jumps are not
            recorded its beginning, because the step along it follows.

    Source: Lambiotte and Rosvall, 2012 (arXiv 1112.5252); lesson 7006.
    """
    weights, size = _scaled(graph.weights), graph.num_nodes
    total = weights.sum()
    nothing = np.zeros(size)
    if total == 0 and not (graph.directed and recorded and to == "nodes"):
        raise DataError(
            "A walk needs a link of positive weight. Received: a graph of "
            f"{size} nodes without any."
        )
    if not graph.directed:
        links = weights / total
        return Flow(np.asarray(links.sum(1)).ravel(), links, nothing, nothing, True)
    check_option(to, "to", ("links", "nodes"))
    if recorded and to == "links":
        ends = np.asarray(weights.sum(0)).ravel()
        landing = _landing(weights, ends)
    else:
        landing = _landing(weights, to)
    visits = _settled(weights, teleportation, landing)
    leaving = np.asarray(weights.sum(1)).ravel()
    stuck = leaving == 0
    a_weight = np.divide(visits, leaving, out=np.zeros(size), where=~stuck)
    links = sparse.csr_matrix(sparse.diags(a_weight) @ weights)
    if recorded:
        jumping = visits * np.where(stuck, 1.0, teleportation)
        return Flow(visits, links * (1 - teleportation), jumping, landing, False)
    links = links / links.sum()
    return Flow(np.asarray(links.sum(0)).ravel(), links, nothing, nothing, False)


def check_option(value: object, name: str, choices: tuple[object, ...]) -> None:
    """Refuse a value that is none of the choices."""
    if value not in choices:
        known = " or ".join(map(repr, choices))
        raise ConfigError(f"{name} must be {known}. Received: {value!r}.")


def _scaled(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """The weights in another unit, in which their sums stay numbers: exact."""
    _, exponent = np.frexp(weights.data.max(initial=0.0))
    data = np.ldexp(weights.data, -int(exponent))
    return sparse.csr_matrix((data, weights.indices, weights.indptr), weights.shape)


def _landing(weights: sparse.csr_matrix, to: To | NDArray[Any]) -> Floats:
    size = weights.shape[0]
    if isinstance(to, str):
        check_option(to, "to", ("links", "nodes"))
        sums = np.asarray(weights.sum(1)).ravel()
        shares = np.ones(size) if to == "nodes" else sums
    else:
        shares = np.asarray(to, np.float64)
    if shares.shape != (size,) or not shares.sum() > 0 or (shares < 0).any():
        raise DataError(
            "Jumps need somewhere to end: shares (n,), not negative and not all 0. "
            f"Received: shares {shares.shape} of sum {shares.sum()}, n = {size}."
        )
    return shares / shares.sum()


def _settled(
    weights: sparse.csr_matrix, teleportation: float, landing: Floats
) -> Floats:
    if not isinstance(teleportation, Real) or not 0 <= teleportation < 1:
        raise ConfigError(
            "teleportation is a probability in [0, 1), such as 0.15. "
            f"Received: {teleportation!r:.80}."
        )
    leaving = np.asarray(weights.sum(1)).ravel()
    stuck = leaving == 0
    share = np.divide(
        1 - teleportation, leaving, out=np.zeros_like(leaving), where=~stuck
    )
    onwards = sparse.csr_matrix((sparse.diags(share) @ weights).T)
    jumping = np.where(stuck, 1.0, teleportation)
    visits = landing.copy()
    change = np.inf
    for _ in range(_MOST_STEPS):
        after = onwards @ visits + (jumping @ visits) * landing
        after /= after.sum()
        before, change = change, float(np.abs(after - visits).sum())
        visits = after
        # Rounding may keep the last bits moving for ever.
        if change < _SETTLED or (change < 1e-13 and change >= before):
            return visits
    raise ConfigError(
        f"The walk did not settle in {_MOST_STEPS} steps: it still changes by "
        f"{change:.2g} a step. Received: teleportation={teleportation}. Raise it; "
        "without jumps a walk may go round in circles."
    )
