"""What a weight map is made of: rows, their sources, and skips."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kewen.checkpoints.transforms import Transform

Names: TypeAlias = tuple[str, ...]


class Source:
    """Where a file of one origin holds a row's values, and how they lie there.

    Args:
        name: the tensor; or several, for a step such as `Concat` that joins them.
        steps: transforms, in reading order.
        aliases: other names it goes by, tried in order; `name` is the one written.
    """

    def __init__(
        self,
        name: str | Sequence[str],
        *steps: Transform,
        aliases: Sequence[str | Sequence[str]] = (),
    ):
        self.alternatives = tuple(_as_names(each) for each in (name, *aliases))
        self.steps = steps


class Row:
    """Variables of ours and their sources, a column an origin.

    Args:
        ours: path of our variable; or several, for a step such as `Split`.
        beside: a variable without which the row is none of the model's.
        without: a variable with which it is none: where a tensor's name depends on what
            else there is.
        origins: origin -> `Source`, or just the tensor's name if it lies as ours does.
    """

    optional = False

    def __init__(
        self,
        ours: str | Sequence[str],
        *,
        beside: str | None = None,
        without: str | None = None,
        **origins: Source | str,
    ):
        self.ours = _as_names(ours)
        self.beside = beside
        self.without = without
        self.sources = {
            origin: Source(source) if isinstance(source, str) else source
            for origin, source in origins.items()
        }


class OptionalRow(Row):
    """A row whose tensors a file may lack: the variables then stay as they are."""

    optional = True


@dataclass(frozen=True, slots=True)
class Skip:
    """Tensors that a model does not need, and why; rows go before skips.

    `same_as` names the tensor that this one is a tied copy of. A copy that differs from
    it in shape or in any bit is a misfit in the account, and one without it is unread.
    """

    pattern: str  # `*` stands for anything; {base} as in rows
    because: str = field(kw_only=True)
    origin: str | None = field(default=None, kw_only=True)  # None: any
    same_as: str | None = field(default=None, kw_only=True)


def _as_names(names: str | Sequence[str]) -> Names:
    return (names,) if isinstance(names, str) else tuple(names)
