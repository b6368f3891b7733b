"""What a tokenizer gives: arrays by name, one row a text (or a window of a text)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError
from kewen.text.template import Template
from kewen.text.truncation import (
    Cut,
    Room,
    Side,
    Spans,
    is_whole,
    truncate,
    windows,
)

Array = NDArray[Any]


class Encoded(Mapping[str, Array]):
    """A read-only mapping of arrays, ready to be a model's inputs.

    T tokens in B rows, special tokens included; a single text gives (T,) arrays.

    token_ids: int32, (B, T) or (T,).
    segment_ids: int32, same shape. 0 for the text, 1 for its pair, 0 for padding.
    padding_mask: bool, same shape. True where a token is.
    offsets: int32, (B, T, 2) or (T, 2). Start and end of the token in the original
        string, counted in characters; (0, 0) for special tokens and padding.

    Attributes:
        sample: int32, (B,). The index of the text that a row shows. Only windows
            (`stride`) give a text several rows; a single text gives [0].
    """

    def __init__(self, arrays: Mapping[str, Array], sample: NDArray[np.int32]) -> None:
        self._arrays = dict(arrays)
        self.sample = sample

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.items())
        return f"Encoded({shapes})"


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text, without special tokens.

    Shapes: token_ids int32 (n,), offsets int32 (n, 2).
    """

    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.token_ids)

    def only(self, spans: Spans) -> "Tokens":
        """The tokens of these spans, one after the other."""
        if len(spans) == 1:  # the usual case: no copy
            return Tokens(self.token_ids[spans[0]], self.offsets[spans[0]])
        return Tokens(
            np.concatenate([self.token_ids[span] for span in spans]),
            np.concatenate([self.offsets[span] for span in spans]),
        )


def rows_of(
    template: Template,
    firsts: Sequence[Tokens],
    seconds: Sequence[Tokens] | None,
    room: Room,
    stride: int | None,
) -> list[Encoded]:
    """One row for each text, or with `stride` one for each of its windows."""
    rows: list[Encoded] = []
    for index, first in enumerate(firsts):
        parts = [first] if seconds is None else [first, seconds[index]]
        sizes = len(first), None if seconds is None else len(seconds[index])
        if stride is None:
            cuts = [truncate(sizes[0], sizes[1] or 0, room)]
        else:
            cuts = windows(*sizes, room, stride)
        rows += [_one_row(template, cut, parts, index) for cut in cuts]
    return rows


def _one_row(
    template: Template, cut: Cut, texts: Sequence[Tokens], sample: int
) -> Encoded:
    """Put what the cut keeps of one or two texts between the special tokens."""
    spans = (cut.first, cut.second)[: len(texts)]
    shown = [text.only(kept) for text, kept in zip(texts, spans, strict=True)]
    length = template.num_special + sum(map(len, shown))
    token_ids = np.empty(length, np.int32)
    segment_ids = np.empty(length, np.int32)
    offsets = np.zeros((length, 2), np.int32)
    start = 0
    for piece in template.pieces:
        if piece.source is None:
            stop = start + 1
            token_ids[start] = piece.token_id
        else:
            text = shown[piece.source]
            stop = start + len(text)
            token_ids[start:stop] = text.token_ids
            offsets[start:stop] = text.offsets
        segment_ids[start:stop] = piece.segment
        start = stop
    return Encoded(
        {
            "token_ids": token_ids,
            "segment_ids": segment_ids,
            "padding_mask": np.ones(length, np.bool_),
            "offsets": offsets,
        },
        np.full(1, sample, np.int32),
    )


def stack(
    rows: Sequence[Encoded], *, pad_id: int, padding_side: Side, pad_to: int | None
) -> Encoded:
    """Pad B rows to one length and make (B, T) arrays of them.

    Args:
        rows: (T_b,) rows; none of them gives (0, T) arrays.
        pad_id: the token at padding; everything else is 0 or False there.
        padding_side: where padding goes.
        pad_to: T. None: the longest row's.

    Raises:
        ConfigError: if a row is longer than `pad_to`, or the side is none.
    """
    if padding_side not in ("right", "left"):
        raise ConfigError(
            f'padding_side must be "right" or "left". Received: {padding_side!r}.'
        )
    longest = max((len(row["token_ids"]) for row in rows), default=0)
    length = longest if pad_to is None else pad_to
    if not is_whole(length) or longest > length:
        raise ConfigError(
            "pad_to must be a whole number of tokens that holds the longest row. "
            f"Received: pad_to={pad_to!r} and a row of {longest} tokens. "
            f"Pass max_length={pad_to} to truncate as well."
        )
    arrays: dict[str, Array] = {
        "token_ids": np.full((len(rows), length), pad_id, np.int32),
        "segment_ids": np.zeros((len(rows), length), np.int32),
        "padding_mask": np.zeros((len(rows), length), np.bool_),
        "offsets": np.zeros((len(rows), length, 2), np.int32),
    }
    for index, row in enumerate(rows):
        size = len(row["token_ids"])
        place = (
            slice(0, size) if padding_side == "right" else slice(length - size, length)
        )
        for name, array in arrays.items():
            array[index, place] = row[name]
    samples = [row.sample for row in rows]
    return Encoded(
        arrays, np.concatenate(samples) if samples else np.zeros(0, np.int32)
    )
