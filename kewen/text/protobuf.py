"""Reading the wire form of a protocol buffer, without its schema's generated code.

Source: protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Iterator
from typing import TypeAlias

from kewen.errors import VocabularyError

Value: TypeAlias = int | float | bytes
_MOST_BYTES = 10  # of a varint: 64 bits, seven in each byte


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field, in the order of the file.

    A varint is an int, four bytes are a float, a string or message is bytes.

    Raises:
        VocabularyError: if the bytes are no such message.
    """
    at, size = 0, len(message)
    while at < size:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}.get(kind, size)
        if number == 0 or kind not in (1, 2, 5) or at + length > size:
            raise VocabularyError(
                "A protocol buffer must hold whole fields. Received: field "
                f"{number} of kind {kind} at byte {at} of {size}. Check that the "
                "download is complete."
            )
        value = message[at : at + length]
        at += length
        yield number, struct.unpack("<f", value)[0] if kind == 5 else value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A whole number, and where the next thing begins."""
    number = 0
    for place, byte in enumerate(message[at : at + _MOST_BYTES]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise VocabularyError(
        "A protocol buffer must hold whole numbers of at most 10 bytes. Received: one "
        f"that does not end, at byte {at} of {len(message)}. Check that the download "
        "is complete."
    )
