"""The table of a family: which tensor of a file is which variable of ours, both ways.

One row serves reading and writing, and every origin ("hf", "tf", ...) has its column:

    Row("block_{i}_attention/query/kernel",
        hf=Source("{base}encoder.layer.{i}.attention.self.query.weight",
                  TRANSPOSE, SPLIT_HEADS),
        tf=Source("bert/encoder/layer_{i}/attention/self/query/kernel", SPLIT_HEADS))

`{i}` is the layer, `{ii}` in two digits, `{iii}` in three; `{base}` is a prefix, chosen
from a tuple by what the file holds.
Reading is two steps: `read` compares names and shapes and gives the account; only then
`Loaded.values` reads data, one row at a time.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import numpy as np

from kewen.checkpoints.account import Account, Misshaped, Missing, Skipped, Used
from kewen.checkpoints.checkpoint import Array, Checkpoint, Shape
from kewen.checkpoints.deferred import Deferred, read_later, unread, write_later
from kewen.checkpoints.placeholders import as_pattern, filled, layer_numbers
from kewen.checkpoints.rows import Names, Row, Skip
from kewen.checkpoints.transforms import (
    Transform,
    read_through,
    shapes_between,
)
from kewen.errors import ConfigError, WeightsError

Layers: TypeAlias = int | Mapping[str, int]  # of {i}; or of each placeholder


@dataclass(frozen=True, slots=True)
class _Line:
    """A row for one layer and one origin, with all placeholders filled in."""

    ours: Names
    alternatives: tuple[Names, ...]
    steps: Sequence[Transform]
    optional: bool = False
    beside: str | None = None
    without: str | None = None

    def belongs(self, variables: Mapping[str, object]) -> bool:
        """Whether the line is of a model that has these."""
        if self.beside is not None and self.beside not in variables:
            return False
        if self.without is not None and self.without in variables:
            return False
        return any(path in variables for path in self.ours)

    def names_in(self, checkpoint: Mapping[str, object]) -> Names:
        """The alternative that the file knows most of; the first one in a tie."""
        return max(
            self.alternatives,
            key=lambda names: sum(name in checkpoint for name in names),
        )

    def file_shapes(self, ours: Sequence[Shape]) -> Sequence[Shape]:
        """The shapes that the file must hold for our shapes."""
        names = self.alternatives[0]
        try:
            expected = shapes_between(self.steps, ours)[0]
        except (ConfigError, IndexError, ValueError) as error:
            raise ConfigError(
                f"The weight map's row for {', '.join(self.ours)} does not suit "
                f"variables of shape {', '.join(map(str, ours))}: {error}"
            ) from error
        if len(expected) != len(names):
            raise ConfigError(
                f"The weight map's row for {', '.join(self.ours)} must end in as many "
                f"tensors as it names. Received: {len(names)} names and "
                f"{len(expected)} tensors. Add or correct its Split or Concat."
            )
        return expected


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file matched with a model: the account now, the values when asked for."""

    account: Account
    origin: str
    base: str
    _checkpoint: Checkpoint
    _fits: Sequence[tuple[_Line, Names, Sequence[Shape]]]  # line, its names, our shapes

    def values(self) -> Iterator[tuple[str, Array]]:
        """Read the tensors that fit, as (path of our variable, array in our layout).

        One row is in memory at a time. A tensor that cannot be read raises; variables
        set before it keep their new values, so whoever fills a model that is in use
        calls `verify` first.

        Raises:
            CheckpointError: if a tensor is corrupt or the file has changed.
        """
        for line, names, shapes in self._fits:
            tensors = [self._checkpoint[name] for name in names]
            arrays = read_through(line.steps, tensors, shapes)
            yield from zip(line.ours, arrays, strict=True)

    def deferred(self) -> dict[str, Deferred]:
        """The same by path, each read when it is asked for: see `Deferred`."""
        return {
            path: array
            for line, names, shapes in self._fits
            for path, array in zip(
                line.ours,
                read_later(line.steps, self._checkpoint, names, shapes),
                strict=True,
            )
        }

    def verify(self) -> None:
        """Read every tensor once and keep none: raises now what `values` would."""
        for _ in self.values():
            pass


class WeightMap:
    """The rows and skips of a family.

    Args:
        rows: `Row`s and `Skip`s, in any order.
        bases: origin -> prefixes that `{base}` may stand for.
    """

    def __init__(
        self,
        rows: Sequence[Row | Skip],
        bases: Mapping[str, Sequence[str]] | None = None,
    ):
        self.rows = tuple(row for row in rows if isinstance(row, Row))
        self.skips = tuple(row for row in rows if isinstance(row, Skip))
        self.bases = {origin: tuple(names) for origin, names in (bases or {}).items()}
        self.origins = tuple(
            dict.fromkeys(origin for row in self.rows for origin in row.sources)
        )

    def origin_of(self, checkpoint: Mapping[str, object]) -> str:
        """The origin whose names the file uses most.

        Raises:
            WeightsError: if no name fits any column.
        """
        counts = {origin: self._matches(origin, checkpoint) for origin in self.origins}
        best = max(counts, key=lambda origin: counts[origin])
        if not counts[best]:
            some = ", ".join(itertools.islice(checkpoint, 3)) or "no tensors at all"
            raise WeightsError(
                "The tensors must have the names that this family has in one of: "
                f"{', '.join(self.origins)}. Received: {some}, ... Check that the "
                "family, of the config or of --family, is that of the weights."
            )
        return best

    def read(
        self,
        checkpoint: Checkpoint,
        shapes: Mapping[str, Shape],
        *,
        origin: str | None = None,
        num_layers: Layers,
        base: str | None = None,
        aside: Mapping[str, str] | None = None,
        unasked: str | None = None,
    ) -> Loaded:
        """Match a file with a model by names and shapes.

        Data is read for one purpose only: comparing tied copies (`Skip.same_as`).

        Args:
            checkpoint: an open weight file.
            shapes: path -> shape of every variable that the file must fill.
            origin: the column to use; None asks `origin_of`.
            num_layers: number of layers that `{i}` runs over; a mapping if there are
                several placeholders.
            base: the prefix of this file's names; None takes the one that most have.
            aside: pattern of names -> why these tensors are skipped, as in `Skip`.
            unasked: why variables of the family are not among `shapes`; their tensors
                are skipped for this reason. Unread if None.

        Returns:
            The account and, on demand, the values. Nothing is raised for misfits:
            that is `loaded.account.check()`.
        """
        origin = origin or self.origin_of(checkpoint)
        if base is None:
            base = self._base_of(checkpoint, origin, num_layers)
        lines = self._lines(origin, base, num_layers)
        active = [line for line in lines if line.belongs(shapes)]
        fits: list[tuple[_Line, Names, Sequence[Shape]]] = []
        used: list[Used] = []
        missing: list[Missing] = []
        misshaped: list[Misshaped] = []
        fresh: list[str] = []
        for line in active:
            names = line.names_in(checkpoint)
            absent = [name for name in names if name not in checkpoint]
            if line.optional and len(absent) == len(names):
                fresh += line.ours
                continue
            missing += [Missing(name, line.ours) for name in absent]
            wrong = _misfits(line, names, checkpoint, shapes)
            misshaped += wrong
            unfit = {*absent, *(each.name for each in wrong)}
            used += [Used(name, line.ours) for name in names if name not in unfit]
            if not absent and not wrong:
                fits.append((line, names, [shapes[path] for path in line.ours]))
        claimed = {each.name for each in [*used, *misshaped]}
        rest = [name for name in checkpoint if name not in claimed]
        idle: set[str] = set()
        if unasked is not None:
            idle = {n for line in lines for names in line.alternatives for n in names}
        left = {
            name: because
            for pattern, because in (aside or {}).items()
            for name in rest
            if fnmatchcase(name, pattern)
        }
        skipped, unread, untied = self._left_over(
            [name for name in rest if name not in idle and name not in left],
            checkpoint,
            origin,
            base,
        )
        skipped += [Skipped(name, because) for name, because in left.items()]
        skipped += [Skipped(name, str(unasked)) for name in rest if name in idle]
        reached = {path for line in active for path in line.ours}
        account = Account(
            source=str(checkpoint.path),
            used=used,
            missing=missing,
            unread=unread,
            fresh=fresh,
            unset=[path for path in shapes if path not in reached],
            misshaped=misshaped + untied,
            skipped=skipped,
        )
        return Loaded(account, origin, base, checkpoint, fits)

    def write(
        self,
        values: Mapping[str, Any],
        *,
        origin: str,
        num_layers: Layers,
        base: str | None = None,
    ) -> dict[str, Array]:
        """Our values under the names and in the layout of an origin.

        Rows whose variables are all absent are left out (heads that a model lacks);
        tied copies are not written.

        Args:
            values: path -> anything that `np.asarray` takes; of a `Deferred` the
                tensor is one too.
            origin: the column to use.
            num_layers: as in `read`.
            base: what `{base}` becomes; None takes the first of `bases`.

        Raises:
            WeightsError: if a value has no place, a fused tensor lacks a part, or two
                different values would go to the same tensor.
        """
        base = self._known_bases(origin)[0] if base is None else base
        tensors: dict[str, Array] = {}
        left = dict.fromkeys(values)
        halved: list[str] = []
        clashing: list[str] = []
        for line in self._lines(origin, base, num_layers):
            if not line.belongs(values):
                continue
            absent = [path for path in line.ours if path not in values]
            if absent:
                halved += absent
                continue
            arrays = [unread(values[path]) for path in line.ours]
            shapes = line.file_shapes([array.shape for array in arrays])
            written = write_later(line.steps, arrays, shapes)
            for name, tensor in zip(line.alternatives[0], written, strict=True):
                if not _same(tensors.setdefault(name, tensor), tensor):
                    clashing.append(name)
            for path in line.ours:
                left.pop(path, None)
        if left or halved or clashing:
            raise WeightsError(
                f"Every variable must have its own place in the {origin} layout. "
                f"Received: {len(left)} without a place: {', '.join(left) or 'none'}. "
                f"{len(halved)} absent parts of fused tensors: "
                f"{', '.join(halved) or 'none'}. {len(clashing)} tensors that two "
                f"different variables claim: {', '.join(clashing) or 'none'}. "
                "Save in another format, or add rows to the family's weight map."
            )
        return tensors

    def _lines(self, origin: str, base: str, num_layers: Layers) -> list[_Line]:
        """The rows of an origin, once a layer where they have a layer."""
        counts = {"i": num_layers} if isinstance(num_layers, int) else num_layers
        return [
            _Line(
                tuple(filled(path, numbers) for path in row.ours),
                tuple(
                    tuple(filled(name, {**numbers, "base": base}) for name in names)
                    for names in row.sources[origin].alternatives
                ),
                row.sources[origin].steps,
                row.optional,
                row.beside and filled(row.beside, numbers),
                row.without and filled(row.without, numbers),
            )
            for row in self.rows
            if origin in row.sources
            for numbers in layer_numbers(row.ours, counts)
        ]

    def _known_bases(self, origin: str) -> Names:
        if origin not in self.origins:
            raise ConfigError(
                f"origin must be one of: {', '.join(self.origins)}. "
                f"Received: {origin}. Leave it out to have it found by the names."
            )
        return self.bases.get(origin, ("",))

    def _base_of(
        self, checkpoint: Mapping[str, object], origin: str, num_layers: Layers
    ) -> str:
        """The prefix with which most names are in the file; the first one in a tie."""

        def found(base: str) -> int:
            lines = self._lines(origin, base, num_layers)
            chosen = (line.names_in(checkpoint) for line in lines)
            return sum(name in checkpoint for names in chosen for name in names)

        bases = self._known_bases(origin)
        return max(bases, key=found)

    def _matches(self, origin: str, checkpoint: Mapping[str, object]) -> int:
        """How many tensors have a name of this origin, for whatever layer."""
        bases = "|".join(re.escape(base) for base in self._known_bases(origin))
        patterns = {
            as_pattern(name, f"(?:{bases})")
            for row in self.rows
            if origin in row.sources
            for names in row.sources[origin].alternatives
            for name in names
        }
        known = re.compile("|".join(sorted(patterns)))
        return sum(known.fullmatch(name) is not None for name in checkpoint)

    def _left_over(
        self, names: Sequence[str], checkpoint: Checkpoint, origin: str, base: str
    ) -> tuple[list[Skipped], list[str], list[Misshaped]]:
        """Sort what no row claims into skipped, unread, and copies that differ."""
        skipped: list[Skipped] = []
        unread: list[str] = []
        untied: list[Misshaped] = []
        for name in names:
            skip = self._skip_for(name, checkpoint, origin, base)
            if skip is None:
                unread.append(name)
                continue
            skipped.append(Skipped(name, skip.because))
            if skip.same_as is not None:
                untied += _differences(
                    name, filled(skip.same_as, {"base": base}), checkpoint
                )
        return skipped, unread, untied

    def _skip_for(
        self, name: str, checkpoint: Checkpoint, origin: str, base: str
    ) -> Skip | None:
        for skip in self.skips:
            if skip.origin not in (None, origin):
                continue
            twin = skip.same_as and filled(skip.same_as, {"base": base})
            if twin is not None and (twin not in checkpoint or twin == name):
                continue
            if fnmatchcase(name, filled(skip.pattern, {"base": base})):
                return skip
        return None


def _misfits(
    line: _Line, names: Names, checkpoint: Checkpoint, shapes: Mapping[str, Shape]
) -> list[Misshaped]:
    """What is wrong with the shapes of one line, or with its set of variables."""
    lacking = [path for path in line.ours if path not in shapes]
    if lacking:
        needs = f"a model that has {', '.join(lacking)} too"
        return [Misshaped(name, "a model without", needs) for name in names]
    expected = line.file_shapes([shapes[path] for path in line.ours])
    return [
        Misshaped(name, str(checkpoint.info(name).shape), str(tuple(shape)))
        for name, shape in zip(names, expected, strict=True)
        if name in checkpoint and checkpoint.info(name).shape != tuple(shape)
    ]


def _differences(name: str, twin: str, checkpoint: Checkpoint) -> list[Misshaped]:
    """A complaint if a tied copy is not the very same tensor."""
    if checkpoint.info(name).shape != checkpoint.info(twin).shape:
        got = f"shape {checkpoint.info(name).shape}"
        return [Misshaped(name, got, f"a copy of its tied twin {twin}")]
    if not _same(checkpoint[name], checkpoint[twin]):
        return [Misshaped(name, "other values", f"a copy of its tied twin {twin}")]
    return []


def _same(one: Array, other: Array) -> bool:
    """Equal in shape, dtype and every bit, so that NaN is equal to itself."""
    if one is other:
        return True
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    bits, other_bits = (
        np.ascontiguousarray(each).reshape(-1).view(np.uint8) for each in (one, other)
    )
    return np.array_equal(bits, other_bits)
