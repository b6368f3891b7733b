"""The innermost loop of overlapping modules: visits change their module."""

from typing import Any

from kewen.mining.communities.moves import SMALLEST_GAIN, plogp
from kewen.mining.compiled import called, compiled


@called
def cost(used: float, inside: float, time: float) -> float:
    """A module's part of the code length, but for its nodes."""
    exits = max(used - inside, 0.0) * time
    return plogp(exits + used) - 2.0 * plogp(exits)


@called
def shift(
    link: int,
    new: int,
    source: Any,
    target: Any,
    rate: Any,
    visits: Any,
    module: Any,
    came: Any,
    went: Any,
    used: Any,
    inside: Any,
    index: Any,
    time: float,
) -> float:
    """Put the visits by a link into another module; what that adds to the length."""
    count = len(used)
    to, from_ = target[link], source[link]
    change = -plogp(index[0])
    for module_, sign in ((module[link], -1.0), (new, 1.0)):
        here, there = to * count + module_, from_ * count + module_
        change -= cost(used[module_], inside[module_], time) - plogp(came[here])
        index[0] -= max(used[module_] - inside[module_], 0.0) * time
        inside[module_] -= came[here] * went[here] / visits[to]
        if to != from_:
            inside[module_] -= came[there] * went[there] / visits[from_]
        moved = sign * rate[link]
        came[here] = max(came[here] + moved, 0.0)
        went[there] = max(went[there] + moved, 0.0)
        used[module_] = max(used[module_] + moved, 0.0)
        inside[module_] += came[here] * went[here] / visits[to]
        if to != from_:
            inside[module_] += came[there] * went[there] / visits[from_]
        index[0] += max(used[module_] - inside[module_], 0.0) * time
        change += cost(used[module_], inside[module_], time) - plogp(came[here])
    module[link] = new
    return change + plogp(index[0])


@compiled
def exchange(
    order: Any,
    start: Any,
    source: Any,
    target: Any,
    back: Any,
    rate: Any,
    visits: Any,
    module: Any,
    main: Any,
    came: Any,
    went: Any,
    used: Any,
    inside: Any,
    index: Any,
    time: float,
    links: Any,
    olds: Any,
    marks: Any,
) -> int:
    """One sweep over the nodes; arrays are changed in place.

    Args:
        order: (n,) the nodes, shuffled.
        start: of `Visits`, as the next four.
        source: (links,)
        target: (links,)
        back: (links,)
        rate: (links,)
        visits: (n,) of each node.
        module: (links,) where the visits by each link are.
        main: (n,) the module of most visits of a node.
        came: (n * modules,) visits of a node in a module.
        went: (n * modules,) those that go on from a node to visits in a module.
        used: (modules,) visits.
        inside: (modules,) steps between visits of a module.
        index: (1,) how often modules are entered.
        time: factor of the rates between modules.
        links: (largest degree,) room to work in.
        olds: the same.
        marks: (modules,) zeros.

    Returns:
        How many visits moved.
    """
    moved = 0
    for node in order:
        first, after = start[node], start[node + 1]
        # Those that come from one module, together.
        for outer in range(first, after):
            new = main[target[outer]]
            if marks[new]:
                continue
            marks[new] = 1
            count = 0
            change = 0.0
            for inner in range(first, after):
                link = back[inner]
                if module[link] == new or main[source[link]] != new:
                    continue
                links[count], olds[count] = link, module[link]
                count += 1
                change += shift(
                    link, new, source, target, rate, visits, module, came, went,
                    used, inside, index, time,
                )  # fmt: skip
            if change < -SMALLEST_GAIN:
                moved += count
                continue
            for at in range(count - 1, -1, -1):
                shift(
                    links[at], olds[at], source, target, rate, visits, module, came,
                    went, used, inside, index, time,
                )  # fmt: skip
        for outer in range(first, after):
            marks[main[target[outer]]] = 0
        # Single ones: to where they come from, or to where the node is at home.
        for inner in range(first, after):
            link = back[inner]
            for new in (main[source[link]], main[node]):
                old = module[link]
                if new == old:
                    continue
                change = shift(
                    link, new, source, target, rate, visits, module, came, went,
                    used, inside, index, time,
                )  # fmt: skip
                if change < -SMALLEST_GAIN:
                    moved += 1
                    continue
                shift(
                    link, old, source, target, rate, visits, module, came, went,
                    used, inside, index, time,
                )  # fmt: skip
    return moved
