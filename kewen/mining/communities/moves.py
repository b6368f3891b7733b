"""The innermost loop: nodes move to the neighbouring module that shortens the code.

Recorded jumps lead everywhere, so with them modules that no link leads to are tried
too: not all, but others for each node.

What a module adds to the objective is kept (`Modules.term`), so that a tried move costs
three logarithms: of the module it would join, and of the index codebook.
"""

from math import log2
from typing import Any

from kewen.mining.compiled import called, compiled

SMALLEST_GAIN = 1e-10  # bits; below it, two modules might swap nodes for ever
MOST_UNLINKED = 64  # modules that a node is tried in though no link leads there


@called
def plogp(x: float) -> float:
    """X log2 x, and 0 for what rounding left of 0."""
    return x * log2(x) if x > 1e-300 else 0.0


@called
def term(exits: float, enter: float, flow: float) -> float:
    """A module's part of the objective."""
    if exits == enter:
        return plogp(exits + flow) - 2.0 * plogp(exits)
    return plogp(exits + flow) - plogp(exits) - plogp(enter)


@called
def enters(into: float, jumps_from: float, jumps_to: float, all_jumps: float) -> float:
    """How often a module is entered."""
    return into + (all_jumps - jumps_from) * jumps_to


@called
def exits(out: float, jumps_from: float, jumps_to: float) -> float:
    """How often a module is left."""
    return out + jumps_from * (1.0 - jumps_to)


@compiled
def sweep(
    network: Any,
    modules: Any,
    order: Any,
    awake: Any,
    unlinked: Any,
    home: Any,
    spare: Any,
    place: Any,
    seen: Any,
    sent: Any,
    received: Any,
) -> int:
    """Let each node that is awake move once; wake the neighbours of those that did.

    Args:
        network: a `Network` of n nodes.
        modules: its `Modules`, changed in place.
        order: (n,) the nodes, shuffled.
        awake: (n,) 1 where a node is to be tried.
        unlinked: (k,) modules that jumps lead to, in an order to begin anywhere in;
            none where jumps are not recorded.
        home: (n,) the group of each module.
        spare: (n + 1,) numbers of empty modules; the last element says how many.
        place: (n,) zeros.
        seen: (n + 1,) room to work in.
        sent: the same.
        received: the same.

    Returns:
        How many nodes moved.
    """
    all_jumps = network.all_jumps
    symmetric = network.symmetric
    last = len(spare) - 1
    moved = 0
    for node in order:
        if awake[node] == 0:
            continue
        awake[node] = 0
        old = modules.of[node]
        # Rates between the node and each module around it, its own first.
        seen[0] = old
        sent[0] = 0.0
        received[0] = 0.0
        place[old] = 1
        count = 1
        for link in range(network.start[node], network.start[node + 1]):
            module = modules.of[network.neighbour[link]]
            at = place[module]
            if at == 0:
                seen[count] = module
                sent[count] = network.out[link]
                received[count] = network.into[link]
                count += 1
                place[module] = count
            else:
                sent[at - 1] += network.out[link]
                received[at - 1] += network.into[link]
        if len(unlinked):
            first = 7919 * node % len(unlinked)
            for step in range(min(MOST_UNLINKED, len(unlinked))):
                module = unlinked[(first + step) % len(unlinked)]
                in_reach = modules.size[module] and home[module] == network.group[node]
                if in_reach and place[module] == 0:
                    seen[count] = module
                    sent[count] = 0.0
                    received[count] = 0.0
                    count += 1
                    place[module] = count
        for at in range(count):
            place[seen[at]] = 0
        alone = modules.size[old] == 1
        if not alone and spare[last] > 0:
            seen[count] = spare[spare[last] - 1]
            sent[count] = 0.0
            received[count] = 0.0
            count += 1
        if count == 1:
            continue
        flow = network.flow[node]
        leaving, entering = network.leaving[node], network.entering[node]
        from_, to = network.jumps_from[node], network.jumps_to[node]
        # The old module without the node.
        old_flow = old_out = old_into = old_from = old_to = 0.0
        if not alone:
            between = sent[0] + received[0]
            old_flow = modules.flow[old] - flow
            old_out = max(modules.out[old] - leaving + between, 0.0)
            old_into = old_out
            if not symmetric:
                old_into = max(modules.into[old] - entering + between, 0.0)
            old_from = modules.jumps_from[old] - from_
            old_to = modules.jumps_to[old] - to
        old_enter = enters(old_into, old_from, old_to, all_jumps)
        old_term = term(exits(old_out, old_from, old_to), old_enter, old_flow)
        index = modules.index[network.group[node]]
        rest = index - modules.enter[old] + old_enter
        staying = old_term - modules.term[old] - plogp(index)
        best, best_gain = 0, -SMALLEST_GAIN
        best_enter = best_term = 0.0
        for at in range(1, count):
            module = seen[at]
            between = sent[at] + received[at]
            out = max(modules.out[module] + leaving - between, 0.0)
            into = out
            if not symmetric:
                into = max(modules.into[module] + entering - between, 0.0)
            jumps_from = modules.jumps_from[module] + from_
            jumps_to = modules.jumps_to[module] + to
            enter = enters(into, jumps_from, jumps_to, all_jumps)
            joined = term(
                exits(out, jumps_from, jumps_to), enter, modules.flow[module] + flow
            )
            gain = (
                staying
                + joined
                - modules.term[module]
                + plogp(rest + enter - modules.enter[module])
            )
            if gain < best_gain:
                best, best_gain, best_enter, best_term = at, gain, enter, joined
        if best == 0:
            continue
        new = seen[best]
        between = sent[best] + received[best]
        if modules.size[new] == 0:
            spare[last] -= 1
            home[new] = network.group[node]
        if alone:
            spare[spare[last]] = old
            spare[last] += 1
        modules.index[network.group[node]] = rest + best_enter - modules.enter[new]
        modules.of[node] = new
        modules.size[old] -= 1
        modules.size[new] += 1
        modules.flow[old] = old_flow
        modules.flow[new] += flow
        modules.out[old] = old_out
        modules.out[new] = max(modules.out[new] + leaving - between, 0.0)
        if not symmetric:
            modules.into[old] = old_into
            modules.into[new] = max(modules.into[new] + entering - between, 0.0)
        modules.jumps_from[old] = old_from
        modules.jumps_from[new] += from_
        modules.jumps_to[old] = old_to
        modules.jumps_to[new] += to
        modules.enter[old] = old_enter
        modules.enter[new] = best_enter
        modules.term[old] = old_term
        modules.term[new] = best_term
        for link in range(network.start[node], network.start[node + 1]):
            awake[network.neighbour[link]] = 1
        moved += 1
    return moved
