"""The tokens of many texts in flat arrays: one conversion for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import tokenizers
from numpy.typing import NDArray

from kewen.text.encoded import Tokens
from kewen.text.panics import no_panics

PARALLEL_FROM = 2000  # characters


@dataclass(frozen=True)
class Flat:
    """Tokens of B texts, one text after the other, without special tokens."""

    token_ids: NDArray[np.int32]  # (N,)
    offsets: NDArray[np.int32]  # (N, 2), within each token's own text
    ends: NDArray[np.intp]  # (B + 1,): text b has the tokens ends[b] to ends[b + 1]

    def texts(self) -> list[Tokens]:
        """The tokens of each text; views, no copies."""
        return [
            Tokens(self.token_ids[start:stop], self.offsets[start:stop])
            for start, stop in pairwise(self.ends)
        ]


def encode_all(
    library: tokenizers.Tokenizer, texts: Sequence[str]
) -> Sequence[tokenizers.Encoding]:
    """The library's own encodings, without special tokens; of many texts in parallel.

    Its threads sleep in between, and to wake them takes longer than to encode a
    sentence.
    """
    if sum(map(len, texts)) > PARALLEL_FROM:
        return library.encode_batch(texts, add_special_tokens=False)
    return [library.encode(text, add_special_tokens=False) for text in texts]


def tokenize(library: tokenizers.Tokenizer, texts: Sequence[str]) -> Flat:
    """What the `tokenizers` library makes of the texts, in parallel."""
    with no_panics():
        encodings = encode_all(library, texts)
    ends = np.cumsum([0, *map(len, encodings)])
    flat = chain.from_iterable(encoding.ids for encoding in encodings)
    token_ids = np.fromiter(flat, np.int32, ends[-1])
    pairs = chain.from_iterable(encoding.offsets for encoding in encodings)
    numbers = np.fromiter(chain.from_iterable(pairs), np.int32, 2 * ends[-1])
    return Flat(token_ids, numbers.reshape(-1, 2), ends)
