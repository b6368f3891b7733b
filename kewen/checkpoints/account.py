"""What became of every tensor of a file and every variable of a model.

Silent drops are the commonest complaint about loading weights, so nothing is dropped in
silence here: the account lists all, and its check raises or warns with the full lists.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from kewen.errors import WeightsError


class WeightsWarning(UserWarning):
    """Weights that do not fit a model in every tensor, loaded with `strict=False`."""


@dataclass(frozen=True, slots=True)
class Used:
    """A tensor that gives values to variables."""

    name: str  # in the file
    ours: tuple[str, ...]  # paths of our variables


@dataclass(frozen=True, slots=True)
class Missing:
    """A tensor that the file should hold and does not."""

    name: str  # in the file, had it been there
    ours: tuple[str, ...]  # paths of our variables that stay without it

    def __str__(self) -> str:
        return f"{self.name} (for {', '.join(self.ours)})"


@dataclass(frozen=True, slots=True)
class Misshaped:
    """A tensor that is there and does not fit."""

    name: str  # in the file
    got: str  # usually a shape
    expected: str  # in the file's own layout

    def __str__(self) -> str:
        return f"{self.name} (expected {self.expected}, received {self.got})"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A tensor that is left aside for a stated reason."""

    name: str  # in the file
    because: str

    def __str__(self) -> str:
        return f"{self.name} ({self.because})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The fate of every tensor; complete before any weight is set."""

    source: str  # where the weights come from, for messages
    used: Sequence[Used] = ()
    missing: Sequence[Missing] = ()
    unread: Sequence[str] = ()  # in the file, claimed by no row and no skip
    unset: Sequence[str] = ()  # our variables that no row of this origin gives a value
    misshaped: Sequence[Misshaped] = ()
    skipped: Sequence[Skipped] = ()
    fresh: Sequence[str] = ()  # our variables that a file may lack, and this one does

    @property
    def is_complete(self) -> bool:
        """True if every tensor has found its place or its reason."""
        return not (self.missing or self.unread or self.unset or self.misshaped)

    def check(self, strict: bool = True) -> None:
        """Raise if a tensor or a variable is left over, with all of their names.

        Args:
            strict: False warns (`WeightsWarning`) instead, with the same lists.

        Raises:
            WeightsError: if anything is missing, unread, unset or misshaped.
        """
        if self.is_complete:
            return
        if strict:
            raise WeightsError(f"{self._complaint()} {_ADVICE}")
        warnings.warn(self._complaint(), WeightsWarning, stacklevel=2)

    def table(self) -> str:
        """All lists, one name a line, for people."""
        lines = [f"{self.source}: {len(self.used)} tensors used"]
        for title, meaning, entries in self._lists():
            lines.append(f"{title}: {len(entries)}{meaning if entries else ''}")
            lines.extend(f"  {entry}" for entry in entries)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()

    @property
    def fills_model(self) -> bool:
        """Whether every variable gets a value."""
        return not (self.missing or self.unset or self.misshaped)

    def _complaint(self) -> str:
        faults = [
            f"{len(entries)} {title}{meaning}: {', '.join(map(str, entries))}."
            for title, meaning, entries in self._lists()
            if entries and title not in ("skipped", "fresh")
        ]
        opening = f"Every tensor of {self.source} must find its place in the model."
        if len(self.missing) > len(self.used):  # before lists that may be long
            opening += " Most of the model is not in the file: it is of another model."
        return " ".join([opening, "Received:", *faults])

    def _lists(self) -> list[tuple[str, str, Sequence[object]]]:
        return [
            ("missing", " (not in the file)", self.missing),
            ("unread", " (in the file, no use for it)", self.unread),
            ("unset", " (variables that get no value)", self.unset),
            ("misshaped", "", self.misshaped),
            ("skipped", " (left aside on purpose)", self.skipped),
            ("fresh", " (variables that begin as new)", self.fresh),
        ]


_ADVICE = (
    "Check that the config belongs to these weights, or pass strict=False (--lossy on "
    "kewen convert's command line) to take what fits and leave the rest as it is."
)
