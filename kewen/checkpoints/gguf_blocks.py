"""Two kinds of GGUF's blocks as numbers, in few passes over memory.

The `gguf` package knows all kinds; for these two, which most of a small model's weights
are, it takes several times as long.

Source: the structures block_q8_0 and block_q5_0 of GGML's ggml-common.h.
"""

import numpy as np
from numpy.typing import NDArray

Blocks = NDArray[np.uint8]
Numbers = NDArray[np.float32]


def q8_0(blocks: Blocks, out: Numbers) -> None:
    """A scale in float16, then 32 signed bytes: (N, 34) to (N, 32)."""
    np.multiply(blocks[:, 2:].view(np.int8), _scales(blocks), out=out)


def q5_0(blocks: Blocks, out: Numbers) -> None:
    """A scale, the fifth bits of 32 numbers, then their other four, two a byte.

    (N, 22) to (N, 32); 16 is taken off each number.
    """
    fifth = np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little") << np.uint8(4)
    halves = blocks[:, 6:]
    fifth[:, :16] |= halves & np.uint8(15)
    fifth[:, 16:] |= halves >> np.uint8(4)
    numbers = fifth.view(np.int8) - np.int8(16)
    np.multiply(numbers, _scales(blocks), out=out)


def _scales(blocks: Blocks) -> Numbers:
    scales = np.ascontiguousarray(blocks[:, :2]).view(np.float16)
    return scales.astype(np.float32)


QUICK = {6: q5_0, 8: q8_0}
