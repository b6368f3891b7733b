"""Writes what `tf_table` reads, to the byte as TensorFlow's own table builder does.

Source: TensorFlow's table_builder.cc and block_builder.cc, whose format is LevelDB's.
"""

from collections.abc import Mapping
from itertools import zip_longest

import numpy as np

from kewen.checkpoints.crc32c import crc32c, masked
from kewen.checkpoints.tf_table import FOOTER_BYTES, MAGIC
from kewen.protobuf import varint_of

BLOCK_BYTES = 1 << 18  # a data block ends when it has reached this size
RESTART_INTERVAL = 16  # keys of a data block, of which the first is spelled out


def table_bytes(table: Mapping[bytes, bytes]) -> bytes:
    """A table of keys and values as a file's content, sorted, uncompressed."""
    data, index, block = bytearray(), _Block(1), _Block(RESTART_INTERVAL)
    keys = sorted(table)
    for key, following in zip_longest(keys, keys[1:]):
        block.add(key, table[key])
        if following is None or block.size >= BLOCK_BYTES:
            index.add(_border(key, following), _append(data, block))
            block = _Block(RESTART_INTERVAL)
    meta = _append(data, _Block(1))
    footer = meta + _append(data, index)
    return bytes(data) + footer.ljust(FOOTER_BYTES - len(MAGIC), b"\0") + MAGIC


class _Block:
    """Sorted keys and values; a key shares a prefix with the one before it.

    Args:
        interval: every so many keys one is spelled out, a restart point.
    """

    def __init__(self, interval: int):
        self._interval = interval
        self._body = bytearray()
        self._restarts = [0]
        self._count, self._last = 0, b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count % self._interval:
            shared = _shared(self._last, key)
        elif self._count:
            self._restarts.append(len(self._body))
        own = key[shared:]
        for number in (shared, len(own), len(value)):
            self._body += varint_of(number)
        self._body += own + value
        self._count, self._last = self._count + 1, key

    @property
    def size(self) -> int:
        """Bytes that it takes, without its trailer."""
        return len(self._body) + 4 * len(self._restarts) + 4

    def content(self) -> bytes:
        numbers = (*self._restarts, len(self._restarts))
        return bytes(self._body) + b"".join(n.to_bytes(4, "little") for n in numbers)


def _append(data: bytearray, block: _Block) -> bytes:
    """Add a block with its trailer (no compression, CRC); its place and its size."""
    place, body = len(data), block.content() + b"\0"
    crc = masked(crc32c(np.frombuffer(body, np.uint8)))
    data += body + crc.to_bytes(4, "little")
    return varint_of(place) + varint_of(block.size)


def _shared(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _border(last: bytes, following: bytes | None) -> bytes:
    """A short key, not below a block's last and below the next block's first."""
    if following is None:
        place = next((i for i, byte in enumerate(last) if byte < 0xFF), len(last))
        return last[:place] + bytes([last[place] + 1]) if place < len(last) else last
    place = _shared(last, following)
    if place < len(last) and last[place] + 1 < following[place]:
        return last[:place] + bytes([last[place] + 1])
    return last
