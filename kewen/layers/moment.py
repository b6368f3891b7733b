"""Where a batch stands while it is decoded, and what its attention layers remember.

A layer whose answer depends on more than its inputs while a text grows (attention,
masks, positions) has a method `at_moment(moment, ...)`, which is called in place of the
layer itself: so the graph of a model serves training and cached decoding alike.

Every column of the batch is one tick of a common clock. Rows are aligned on the right:
the newest token of each is in the newest column, and a row of n tokens stands in the n
newest columns. Keys and values are kept in rings: column c is in slot c mod R, and
forgets column c - R, which nobody looks at any more.

Beams of one prompt have one memory together, in which each finds the columns that are
its own by a table of ancestors. So when beams change places, a small table of numbers
moves, and no keys and values do.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from kewen.layers.arranged import arranged

Tensor = Any
Memory = tuple[Tensor, Tensor]


MOST_POSITIONS = 2**31 - 1  # in int32, of models without a table of them


@dataclasses.dataclass(kw_only=True)
class Moment:
    """T new columns, after `clock` old ones.

    N rows, B of them different in what they share, R slots, G heads, K, D sizes.

    Attributes:
        clock: int scalar, columns before the new ones; 0 for a prompt.
        lengths: int, (N,), tokens of each row before the new ones.
        capacity: R of layers that see all; no row may grow longer.
        longest: tokens that the model has positions for.
        windows: attention layer -> how many newest tokens it sees; None for all.
        memories: call of an attention layer -> (keys, values), (N G, K, R) and
            (N G, R, D); empty for a prompt, whose layers do what they always do, and
            remember. Of M beams a prompt each slot has room for a column of each:
            (B G, K, R M) and (B G, R M, D), N = B M.
        contexts: the same of cross-attention, (B G, K, S) and (B G, S, D), made once.
        ancestors: of beams, int32, (N, R of layers that see all): which beam of the
            prompt wrote the column in this slot that the row descends from.
        is_watched: whether anybody wants to know of `looked_at`.
        looked_at: what the newest token looked at, float, (N, S): the probabilities of
            the last cross-attention so far, their mean over its heads.
    """

    clock: Tensor
    lengths: Tensor
    capacity: int
    longest: int
    windows: Mapping[str, int | None]
    memories: dict[str, Memory] = dataclasses.field(default_factory=dict)
    contexts: dict[str, Memory] = dataclasses.field(default_factory=dict)
    ancestors: Tensor | None = None
    is_watched: bool = False
    looked_at: Tensor | None = None

    def __post_init__(self) -> None:
        self.is_prompt = not self.memories
        self._calls: Counter[str] = Counter()

    def place(self, name: str) -> str:
        """Where the layer `name` remembers: a place a call, as blocks may share it."""
        self._calls[name] += 1
        return f"{name}/{self._calls[name]}"

    def slots(self, window: int | None) -> int:
        """R of a layer that sees `window` tokens."""
        return self.capacity if window is None else min(window, self.capacity)

    def ages(self, count: int, slots: int) -> Tensor:
        """How many columns each slot is older than each query; below 0 for later ones.

        Args:
            count: T.
            slots: R.

        Returns:
            int32, (T, R).
        """
        newest = self.clock + (count - 1)
        behind = ops.mod(newest - ops.arange(slots, dtype="int32"), slots)
        return behind[None, :] - ops.arange(count - 1, -1, -1, dtype="int32")[:, None]

    def visible(self, count: int, window: int | None) -> Tensor:
        """Which slots each of `count` queries may look at.

        Returns:
            bool, (N, T, R); of M beams a prompt (B, M, R M), with `count` 1.
        """
        slots = self.slots(window)
        ages = self.ages(count, slots)[None]
        seen = self.lengths[:, None] + ops.arange(1, count + 1, dtype="int32")
        if window is not None:
            seen = ops.minimum(seen, window)
        seen = ops.logical_and(ages >= 0, ages < seen[:, :, None])
        return seen if self.ancestors is None else self._own(seen, ages[0, 0])

    def _own(self, seen: Tensor, ages: Tensor) -> Tensor:
        """Which of all beams' columns a beam descends from: (N, 1, R) to (B, M, R M).

        Args:
            seen: by age.
            ages: (R,); they tell the column in a slot of a smaller ring.
        """
        slots, beams = ages.shape[0], self.beams
        writers: Any = self.ancestors
        if slots != writers.shape[1]:
            columns = ops.mod(self.clock - ages, writers.shape[1])
            writers = ops.take(writers, columns, axis=1)
        own = ops.arange(beams, dtype="int32") == writers[:, :, None]
        own = ops.logical_and(own, seen[:, 0, :, None])  # (N, R, M)
        return ops.reshape(own, (-1, beams, slots * beams))

    @property
    def beams(self) -> int:
        """M: columns that a slot has room for."""
        if self.ancestors is None:
            return 1
        widest = max(keys.shape[2] for keys, _ in self.memories.values())
        return widest // self.ancestors.shape[1]

    def positions(self, count: int) -> Tensor:
        """Numbers of the new tokens in their rows, from 0: int32, (N, T).

        Guesses may stand beyond the last position. They are never taken, but what is
        remembered of them must be numbers, and not every backend cuts an index short.
        """
        numbers = self.lengths[:, None] + ops.arange(count, dtype="int32")
        last = min(self.longest, MOST_POSITIONS) - 1
        return ops.minimum(numbers, last)

    def remember(self, name: str, key: Tensor, value: Tensor) -> Memory:
        """Keys and values that the new queries look at, the new ones among them.

        Args:
            name: of the attention layer.
            key: float, (N, T, G, K).
            value: float, (N, T, G, D).

        Returns:
            (keys, values), (N G, K, R) and (N G, R, D); of M beams (B G, K, R M) and
            (B G, R M, D), since those of a prompt look at the columns of all.
        """
        slots = self.slots(self.windows.get(name))
        place = self.place(name)
        if not self.is_prompt:  # new columns side by side: of a row, or of M beams
            prompts = self.memories[place][0].shape[0] // key.shape[2]
            key = ops.reshape(key, (prompts, -1, *key.shape[2:]))
            value = ops.reshape(value, (prompts, -1, *value.shape[2:]))
        key, value = arranged(key, value)
        if self.is_prompt:
            self.memories[place] = _ring(key, slots, 2), _ring(value, slots, 1)
            return self.memories[place]
        keys, values = self.memories[place]
        column = ops.mod(self.clock, slots) * self.beams
        keys = ops.slice_update(keys, (0, 0, column), ops.cast(key, keys.dtype))
        values = ops.slice_update(values, (0, column, 0), ops.cast(value, values.dtype))
        self.memories[place] = keys, values
        return keys, values


def spread(memory: Memory, beams: int) -> Memory:
    """A prompt's memory for each of its M beams, see `Moment.memories`."""
    keys, values = memory
    return ops.repeat(keys, beams, axis=2), ops.repeat(values, beams, axis=1)


def turned(memory: Memory, by: Tensor) -> Memory:
    """Rings whose columns are called `by` more, each in its new slot."""
    keys, values = memory
    slots = keys.shape[2]
    source = ops.mod(ops.arange(slots, dtype="int32") - by, slots)
    return ops.take(keys, source, axis=2), ops.take(values, source, axis=1)


def _ring(columns: Tensor, slots: int, axis: int) -> Tensor:
    """The newest of P columns, each in its slot: P to R along an axis."""
    count = columns.shape[axis]
    if count <= slots:
        room = [(0, 0)] * 3
        room[axis] = (0, slots - count)
        return ops.pad(columns, room)
    kept = ops.take(columns, ops.arange(count - slots, count, dtype="int32"), axis=axis)
    return ops.roll(kept, count % slots, axis=axis)


def answering(layer: keras.layers.Layer, moment: Moment) -> Any:
    """What to call in place of the layer: itself, if the moment does not matter."""
    own = getattr(layer, "at_moment", None)
    if own is None:
        return layer

    def call(*args: Any, **kwargs: Any) -> Any:
        return own(moment, *args, **kwargs)

    return call
