"""The wire form of protocol buffers, read and written without generated code.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator
from typing import TypeAlias

# The number of a field, its kind, and its value: whole, or bytes of kind 2.
Field: TypeAlias = tuple[int, int, int | bytes]
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class BadMessage(ValueError):
    """Bytes that are no such message; the reader says of which file."""


def fields(message: bytes) -> Iterator[Field]:
    """Each field, in the order of the file.

    Raises:
        BadMessage: if the bytes are no whole fields.
    """
    at, size = 0, len(message)
    while at < size:
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(message, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, at = varint(message, at)
        else:
            length = {FIXED64: 8, FIXED32: 4}.get(kind, size + 1)
        if number == 0 or at + length > size:
            raise BadMessage(
                f"a message that ends within a field: {number} of kind {kind}, at byte "
                f"{at} of {size}"
            )
        part = message[at : at + length]
        at += length
        yield number, kind, part if kind == BYTES else int.from_bytes(part, "little")


def varint(data: bytes, position: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and the position behind it."""
    number = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            raise BadMessage("a number without an end")
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, position
    raise BadMessage("a number of more than 64 bits")


def varint_of(number: int) -> bytes:
    """What `varint` reads."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
