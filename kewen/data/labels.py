"""Class names and the numbers a model knows them by."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.data.example import Example
from kewen.errors import ConfigError, DataError

_LISTED = 10  # how many offenders an error names


class LabelSet:
    """The L classes of a task, in the order of their numbers.

    Example: `LabelSet(["neg", "pos"]).ids(["pos"])` gives `[1]`.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names in the order given: the first is class 0.

        Raises:
            ConfigError: if a name is no text, is blank or comes twice.
            DataError: if there are fewer than two.
        """
        if isinstance(names, str):
            raise ConfigError(
                f"Labels must be a list of names. Received: the one text {names!r}."
            )
        self.names = tuple(names)
        given: tuple[Any, ...] = self.names  # callers are not type-checked
        strange = [name for name in given if not isinstance(name, str)]
        if strange:
            raise ConfigError(
                f"Labels must be texts, as they stand in the files. Received: "
                f"{strange!r:.200}. Write [str(label) for label in labels]."
            )
        self._ids = {name: index for index, name in enumerate(self.names)}
        if len(self._ids) != len(self.names) or not all(map(str.strip, self.names)):
            raise ConfigError(
                "Labels must be distinct and not blank. "
                f"Received: {list(self.names)!r:.500}."
            )
        if len(self.names) < 2:
            raise DataError(
                "A classifier needs at least two classes. "
                f"Received: {list(self.names)}. Check that the label column is the "
                "right one and that the file holds every class."
            )

    @classmethod
    def from_examples(cls, examples: Iterable[Example]) -> "LabelSet":
        """The labels that occur, sorted, so that the order of the file plays no part.

        Labels that are all whole numbers sort as numbers: 2 before 10.
        """
        found = {example.label for example in examples if example.label is not None}
        if all(_is_number(name) for name in found):
            return cls(sorted(found, key=lambda name: (int(name), name)))
        return cls(sorted(found))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelSet) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        return f"LabelSet({list(self.names)!r})"

    def ids(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Names to numbers, (N,) int32.

        Raises:
            DataError: if there are others; it names them.
        """
        self._refuse_unknown({name: "" for name in names if name not in self}, "these")
        return np.array([self._ids[name] for name in names], np.int32)

    def encode(
        self, examples: Sequence[Example], what: str = "these examples"
    ) -> NDArray[np.int32]:
        """The numbers of the examples' labels, (N,) int32.

        Args:
            examples: N of them, all labelled.
            what: how an error calls them, such as a file's name.

        Raises:
            DataError: if a label is missing or not of this set; it names such labels
                and the lines where they first stand.
        """
        unknown: dict[str | None, str] = {}
        for example in examples:
            if example.label is None or example.label not in self:
                unknown.setdefault(example.label, example.place)
        self._refuse_unknown(unknown, what)
        labels = (example.label for example in examples)
        return np.array([self._ids[label] for label in labels if label], np.int32)

    def _refuse_unknown(self, unknown: dict[str | None, str], what: str) -> None:
        if not unknown:
            return
        listed = ", ".join(
            f"{name!r}" + (f" ({place})" if place else "")
            for name, place in list(unknown.items())[:_LISTED]
        )
        more = f", and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        known = ", ".join(map(repr, self.names[:_LISTED]))
        known += ", ..." if len(self) > _LISTED else ""
        raise DataError(
            f"Every label of {what} must be one of the {len(self)} of training: "
            f"{known}. Received: {listed}{more}. Correct them, or add such examples to "
            "the training file."
        )


def _is_number(name: str) -> bool:
    # Longer digit strings are identifiers, and slow to convert.
    return name.isascii() and name.removeprefix("-").isdigit() and len(name) < 20
