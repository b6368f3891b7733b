"""CRC-32C of large arrays in NumPy, at a gigabyte a second.

A CRC is the remainder of a polynomial over GF(2): the message times x^32, modulo P.
With y = x^64, a multiple of P of four terms only is y^5685 + y^1362 + y^426 + 1 (found
by search among such sums). Modulo this multiple, a word of 64 bits is the same as three
copies of it at later places: so a long message is folded onto its last 5685 words with
nothing but XOR of whole runs. What remains is folded half by half onto one word, by
tables. Source: Williams, A painless guide to CRC error detection algorithms, 1993;
polynomial of Castagnoli et al., 1993; mask of the LevelDB and TensorFlow formats.
"""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint32]

POLYNOMIAL = 0x82F63B78  # bit 31 is x^0, bit 0 is x^31, as everywhere below
LENGTH, STEPS = 5685, (5685 - 1362, 5685 - 426, 5685)  # y^5685 = y^1362 + y^426 + 1
RUN = STEPS[0]  # words that can be folded at once: no step is shorter
RUN_BYTES = 8 * RUN
BATCH_BYTES = 32 * RUN_BYTES


def crc32c(data: NDArray[np.uint8]) -> int:
    """CRC-32C of bytes: uint8, (N,)."""
    if data.size < 4:
        return _bytewise(data.tolist())
    # Zeros in front do not change a remainder. The start value of -1 inverts the first
    # four bytes.
    head = data.size if data.size <= 8 * LENGTH else data.size % RUN_BYTES + RUN_BYTES
    padding = -head % 8 if head == data.size else -head % RUN_BYTES
    first = np.zeros(padding + head, np.uint8)
    first[padding:] = data[:head]
    first[padding : padding + 4] ^= 0xFF
    words = first.view("<u8")
    if head < data.size:
        words = _fold_runs(np.zeros(LENGTH, np.uint64), words)
    for begin in range(head, data.size, BATCH_BYTES):
        words = _fold_runs(words, data[begin : begin + BATCH_BYTES].view("<u8"))
    return _multiply(_fold_halves(words.view(np.uint32)), _power_of_x(32)) ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """The form in which TensorFlow stores a CRC: rotated by 15, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _fold_runs(
    remainder: NDArray[np.uint64], words: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """The remainder (LENGTH words) and whole runs behind it: a new remainder."""
    window = np.concatenate([remainder, words])
    for begin in range(0, words.size, RUN):
        run = window[begin : begin + RUN]
        for step in STEPS:
            window[begin + step : begin + step + RUN] ^= run
    return window[words.size :]


def _fold_halves(words: Words) -> int:
    """Words (N,), as one polynomial, modulo P: one word."""
    length = 1 << (words.size - 1).bit_length()
    folded = np.zeros(length, np.uint32)
    folded[length - words.size :] = words
    while folded.size > 1:
        first, second = np.split(folded, 2)
        tables = _tables(32 * second.size)
        folded = second ^ tables[0][first & 0xFF]
        for k in range(1, 4):
            folded ^= tables[k][first >> (8 * k) & 0xFF]
    return int(folded[0])


def _bytewise(data: Sequence[int]) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@cache
def _power_of_x(power: int) -> int:
    """x^power modulo P, by repeated squaring."""
    if power == 0:
        return 0x80000000
    half = _power_of_x(power // 2)
    squared = _multiply(half, half)
    if power % 2:
        squared = squared >> 1 ^ (POLYNOMIAL if squared & 1 else 0)
    return squared


def _multiply(a: int, b: int) -> int:
    """Product of two polynomials modulo P."""
    product = 0
    for k in range(32):
        if a & (0x80000000 >> k):
            product ^= b
        b = b >> 1 ^ (POLYNOMIAL if b & 1 else 0)
    return product


@cache
def _tables(power: int) -> list[Words]:
    """Products with x^power of the values of each byte of a word: 4 times (256,)."""
    return [_table(power, first_bit) for first_bit in (0, 8, 16, 24)]


def _table(power: int, first_bit: int) -> Words:
    factor = _power_of_x(power)
    table = np.zeros(256, np.uint32)
    for bit in range(8):
        image = np.uint32(_multiply(1 << (first_bit + bit), factor))
        table[1 << bit : 2 << bit] = table[: 1 << bit] ^ image
    return table
