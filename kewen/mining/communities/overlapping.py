"""Overlapping modules: a node is in each module that the walk visits it in.

A visit is known by the link it came by. In hard modules all visits of a node are in
one; here those that come from another module may be in that one, so that the walk can
go to a node and back without a word for leaving. Visits of a node in one module share
its word.

The search starts from hard modules and moves visits: those of a node that come from one
module together, then single ones. On undirected graphs a walk forgets where it came
from, so that sums over nodes and modules are all that is needed, and no network of
visits is ever built.

Source: Viamontes Esquivel and Rosvall, 2011 (arXiv 1105.0812); lesson 7006.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from kewen.errors import ConfigError
from kewen.mining.communities.flow import Floats, Flow
from kewen.mining.communities.map_equation import CodeLength, plogp
from kewen.mining.communities.network import Ints, compact

MOST_SWEEPS = 20
MOST_CELLS = 100_000_000  # nodes times modules: three arrays of as many numbers


@dataclass(frozen=True)
class Visits:
    """The links of a symmetric flow, each being the visits that come by it."""

    start: Ints  # (n + 1,) where each node's outgoing links begin
    source: Ints  # (links,)
    target: Ints  # (links,)
    back: Ints  # (links,) the same link the other way
    rate: Floats  # (links,)


def visits_of(flow: Flow) -> Visits:
    """The visits of an undirected graph's nodes."""
    links = flow.links
    links.sort_indices()
    start, target = links.indptr.astype(np.int32), links.indices.astype(np.int32)
    source = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    # Sorted by target and then source, the links are their own mirror image.
    back = np.lexsort((source, target)).astype(np.int32)
    return Visits(start, source, target, back, links.data)


def overlapping_length(
    flow: Flow, modules: Ints, markov_time: float = 1.0
) -> tuple[CodeLength, sparse.csr_matrix, Floats]:
    """Bits a step if each visit has a module.

    Args:
        flow: of an undirected graph.
        modules: (links,) of the visits by each link, in the order of `flow.links`.
        markov_time: factor of the rates between modules.

    Returns:
        The length; the rate of each node's visits in each module, (n, modules); and
        how often each module is left.
    """
    visits = visits_of(flow)
    size, count = len(flow.node), int(modules.max()) + 1
    came = sparse.csr_matrix(
        (visits.rate, (visits.target, modules)), shape=(size, count)
    )
    went = sparse.csr_matrix(
        (visits.rate, (visits.source, modules)), shape=(size, count)
    )
    came.sum_duplicates()
    known = np.divide(1.0, flow.node, out=np.zeros(size), where=flow.node > 0)
    inside = np.asarray((sparse.diags(known) @ came.multiply(went)).sum(0)).ravel()
    used = np.asarray(came.sum(0)).ravel()
    exits = np.maximum(used - inside, 0.0)
    exits[exits < 1e-14 * used] = 0.0
    exits = exits * markov_time
    index = plogp(exits.sum()) - plogp(exits).sum()
    module = plogp(exits + used).sum() - plogp(exits).sum() - plogp(came.data).sum()
    one_level = abs(plogp(flow.node).sum())  # not -0.0
    return CodeLength(float(index), float(module), float(one_level)), came, exits


def overlapped(
    flow: Flow, labels: Ints, rng: np.random.Generator, markov_time: float = 1.0
) -> Ints:
    """The module of the visits by each link, from hard modules on.

    Args:
        flow: of an undirected graph.
        labels: (n,) hard modules, 0 to k - 1.
        rng: shuffles the nodes.
        markov_time: see `overlapping_length`.

    Returns:
        int32, (links,), in the order of `flow.links`.
    """
    from kewen.mining.communities.visits import exchange

    visits = visits_of(flow)
    size, count = len(labels), int(labels.max()) + 1
    if size * count > MOST_CELLS:
        raise ConfigError(
            f"Overlapping modules take memory for nodes times modules, {MOST_CELLS} at "
            f"most. Received: {size} nodes, {count} modules. Raise markov_time for "
            "fewer modules, or search without overlapping."
        )
    module = labels[visits.target].astype(np.int32)
    room = np.zeros(int(np.diff(visits.start).max(initial=0)) + 1, np.int32)
    marks = np.zeros(count, np.int8)
    for _ in range(MOST_SWEEPS):
        came = _summed(visits.target, module, visits.rate, size, count)
        went = _summed(visits.source, module, visits.rate, size, count)
        share = np.divide(
            came * went, flow.node[:, None], out=np.zeros_like(came), where=came > 0
        )
        used, inside = came.sum(0), share.sum(0)
        index = np.array([np.maximum(used - inside, 0).sum() * markov_time])
        moved = exchange(
            rng.permutation(size).astype(np.int32),
            visits.start,
            visits.source,
            visits.target,
            visits.back,
            visits.rate,
            flow.node,
            module,
            came.argmax(1).astype(np.int32),
            came.ravel(),
            went.ravel(),
            used,
            inside,
            index,
            markov_time,
            room,
            room.copy(),
            marks,
        )
        if not moved:
            break
    return compact(module)


def _summed(nodes: Ints, modules: Ints, rate: Floats, size: int, count: int) -> Floats:
    cells = nodes.astype(np.int64) * count + modules
    return np.bincount(cells, rate, size * count).reshape(size, count)
