"""What the search moves about: nodes, or modules as nodes, with all rates it needs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.mining.communities.flow import Floats, Flow
from kewen.mining.communities.map_equation import plogp

Ints = NDArray[np.int32]


class Network(NamedTuple):
    """Rates of n nodes in groups: a codebook of modules is sought for each group.

    Loops are left out of the links: they never cross between modules. A group is the
    inside of a module, or all; links into other groups are part of `leaving` and
    `entering` only.
    """

    start: Ints  # (n + 1,) where each node's links begin
    neighbour: Ints  # (links,) of each link, seen from its node
    out: Floats  # (links,) rate to the neighbour
    into: Floats  # (links,) rate from it; `out` itself if the flow is symmetric
    flow: Floats  # (n,) rate of the node's word
    leaving: Floats  # (n,) over all links to elsewhere
    entering: Floats  # (n,) over all links from elsewhere
    jumps_from: Floats  # (n,)
    jumps_to: Floats  # (n,)
    group: Ints  # (n,)
    offset: Floats  # (groups,) rate of the word for leaving the group
    all_jumps: float  # of the whole graph
    symmetric: bool

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.flow)


class Modules(NamedTuple):
    """Sums over the modules of a labelled network."""

    of: Ints  # (n,) each node's module
    size: Ints
    flow: Floats
    out: Floats  # over links that leave the module
    into: Floats  # over links that enter it; `out` itself if the flow is symmetric
    jumps_from: Floats
    jumps_to: Floats
    enter: Floats  # rate of the word for entering
    term: Floats  # the module's part of the objective
    index: Floats  # (groups,) rate of each group's codebook of modules


def network_of(flow: Flow, markov_time: float = 1.0) -> Network:
    """A graph's nodes, all in one group."""
    size = len(flow.node)
    links = flow.links.tocoo()
    other = links.row != links.col
    row, column, rate = links.row[other], links.col[other], links.data[other]
    rate = rate * markov_time
    if flow.symmetric:
        start, neighbour, out, into = _merged(row, column, rate, rate, size)
        into = out
    else:
        nothing = np.zeros(len(rate))
        start, neighbour, out, into = _merged(
            np.concatenate([row, column]),
            np.concatenate([column, row]),
            np.concatenate([rate, nothing]),
            np.concatenate([nothing, rate]),
            size,
        )
    leaving = np.bincount(row, rate, size)
    return Network(
        start,
        neighbour,
        out,
        into,
        flow.node,
        leaving,
        leaving if flow.symmetric else np.bincount(column, rate, size),
        flow.jumps_from,
        flow.jumps_to,
        np.zeros(size, np.int32),
        np.zeros(1),
        float(flow.jumps_from.sum()),
        flow.symmetric,
    )


def _merged(
    row: Ints, column: Ints, out: Floats, into: Floats, size: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """Links sorted by row, parallel ones summed."""
    # Two sums at once: as the parts of one complex number.
    values = out if into is out else out + 1j * into
    matrix = sparse.csr_matrix((values, (row, column)), shape=(size, size))
    start, neighbour = (
        matrix.indptr.astype(np.int32, copy=False),
        matrix.indices.astype(np.int32, copy=False),
    )
    if into is out:
        return start, neighbour, matrix.data, matrix.data
    return start, neighbour, np.real(matrix.data).copy(), np.imag(matrix.data).copy()


def _ends(network: Network) -> Ints:
    """The node that each link is seen from."""
    return np.repeat(np.arange(network.size, dtype=np.int32), np.diff(network.start))


def aggregated(network: Network, labels: Ints) -> Network:
    """Its modules, 0 to k - 1, as the nodes of a smaller network."""
    count = int(labels.max()) + 1
    row, column = labels[_ends(network)], labels[network.neighbour]
    crossing = row != column
    row, column = row[crossing], column[crossing]
    out = network.out[crossing]
    into = out if network.symmetric else network.into[crossing]
    modules = tallied(network, labels, count)
    group = np.zeros(count, np.int32)
    group[labels] = network.group
    start, neighbour, out, into = _merged(row, column, out, into, count)
    return network._replace(
        start=start,
        neighbour=neighbour,
        out=out,
        into=into,
        flow=modules.flow,
        leaving=modules.out,
        entering=modules.into,
        jumps_from=modules.jumps_from,
        jumps_to=modules.jumps_to,
        group=group,
    )


def within(network: Network, group: Ints, offset: Floats | None = None) -> Network:
    """The same nodes in other groups: links between groups are only left and entered.

    Args:
        network: any.
        group: (n,), from 0.
        offset: rate of the word for leaving each group. None cuts each group out
            as if there were nothing else.
    """
    ends = _ends(network)
    inside = group[ends] == group[network.neighbour]
    start = np.zeros(network.size + 1, np.int32)
    np.cumsum(np.bincount(ends[inside], minlength=network.size), out=start[1:])
    out = network.out[inside]
    into = out if network.symmetric else network.into[inside]
    cut = network._replace(
        start=start,
        neighbour=network.neighbour[inside],
        out=out,
        into=into,
        group=group,
    )
    if offset is not None:
        return cut._replace(offset=offset)
    leaving = np.bincount(ends[inside], out, network.size)
    nothing = np.zeros(network.size)
    return cut._replace(
        leaving=leaving,
        entering=leaving
        if network.symmetric
        else np.bincount(ends[inside], into, network.size),
        jumps_from=nothing,
        jumps_to=nothing,
        all_jumps=0.0,
        offset=np.zeros(int(group.max()) + 1),
    )


def tallied(network: Network, labels: Ints, count: int) -> Modules:
    """The sums over modules 0 to count - 1, afresh, so that no rounding adds up."""

    def summed(values: Floats) -> Floats:
        return np.bincount(labels, values, count)

    ends = _ends(network)
    source = labels[ends]
    inside = source == labels[network.neighbour]
    source = source[inside]
    out = _positive(
        summed(network.leaving), np.bincount(source, network.out[inside], count)
    )
    if network.symmetric:
        into = out
    else:
        into = _positive(
            summed(network.entering), np.bincount(source, network.into[inside], count)
        )
    flow, jumps_from = summed(network.flow), summed(network.jumps_from)
    jumps_to = summed(network.jumps_to)
    exits = out + jumps_from * (1 - jumps_to)
    enter = into + (network.all_jumps - jumps_from) * jumps_to
    group = np.zeros(count, np.int32)
    group[labels] = network.group
    return Modules(
        labels,
        np.bincount(labels, minlength=count).astype(np.int32),
        flow,
        out,
        into,
        jumps_from,
        jumps_to,
        enter,
        plogp(exits + flow) - plogp(exits) - plogp(enter),
        network.offset + np.bincount(group, enter, len(network.offset)),
    )


def _positive(total: Floats, inside: Floats) -> Floats:
    """What is left of the total; rounding's leftovers are 0."""
    rest = total - inside
    rest[rest < 1e-14 * total] = 0.0
    return rest


def objectives(network: Network, labels: Ints) -> Floats:
    """What the search lowers, for each group: bits but for what no labels change."""
    count = int(labels.max()) + 1
    modules = tallied(network, labels, count)
    group = np.zeros(count, np.int32)
    group[labels] = network.group
    return plogp(modules.index) + np.bincount(group, modules.term, len(network.offset))


def undivided(network: Network) -> Floats:
    """The same of each group with all its nodes in one codebook, no modules."""
    books = len(network.offset)
    return plogp(network.offset + np.bincount(network.group, network.flow, books))


def compact(labels: Ints) -> Ints:
    """The same partition with labels 0 to k - 1."""
    used = np.zeros(int(labels.max()) + 1, bool)
    used[labels] = True
    return (np.cumsum(used, dtype=np.int32) - 1)[labels].astype(np.int32)
