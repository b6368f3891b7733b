"""Protocol buffer messages of a TensorFlow bundle's index, and the keys of its slices.

Three small messages (BundleHeaderProto, BundleEntryProto
with TensorShapeProto and TensorSliceProto; field numbers from TensorFlow's
tensor_bundle.proto), and TensorFlow's ordered code for the names of partitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kewen.checkpoints.checkpoint import Shape
from kewen.protobuf import BadMessage, fields, varint_of

Extent: TypeAlias = tuple[int, int | None]  # start and length of an axis; None: all


@dataclass(frozen=True, slots=True)
class Header:
    """What the empty key of an index holds."""

    num_shards: int
    is_big_endian: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor, or one slice of a partitioned tensor, lies."""

    dtype: int  # TensorFlow's DataType
    shape: Shape
    shard: int
    offset: int
    size: int
    masked_crc: int
    slices: tuple[tuple[Extent, ...], ...]  # of a partitioned tensor, which has no data


def parse_header(data: bytes) -> Header:
    """BundleHeaderProto: 1 num_shards, 2 endianness, 3 version."""
    parts = _parts(data)
    return Header(_number(parts.get(1, 0)), _number(parts.get(2, 0)) == 1)


def parse_entry(data: bytes) -> Entry:
    """BundleEntryProto: 1 dtype 2 shape 3 shard 4 offset 5 size 6 crc 7 slices."""
    numbers = dict.fromkeys((1, 3, 4, 5, 6), 0)
    shape: Shape = ()
    slices: list[tuple[Extent, ...]] = []
    for field, _, value in fields(data):
        if field == 2:
            shape = _parse_shape(_message(value))
        elif field == 7:
            slices.append(_parse_slice(_message(value)))
        elif field in numbers:
            numbers[field] = _number(value)
    dtype, shard, offset, size, crc = numbers.values()
    return Entry(dtype, shape, shard, offset, size, crc, tuple(slices))


def header_message(num_shards: int) -> bytes:
    """BundleHeaderProto of a little-endian machine, version 1 (what TensorFlow has)."""
    version = _field(1, 1)
    return _field(1, num_shards) + _field(3, version)


def entry_message(entry: Entry) -> bytes:
    """BundleEntryProto of a tensor in one piece; numbers that are 0 are left out."""
    crc = bytes([6 << 3 | 5]) + entry.masked_crc.to_bytes(4, "little")
    return (
        _field(1, entry.dtype)
        + _field(2, _shape_message(entry.shape))
        + _field(3, entry.shard)
        + _field(4, entry.offset)
        + _field(5, entry.size)
        + crc
    )


def slice_key(name: str, extents: tuple[Extent, ...]) -> bytes:
    """The key under which an index holds one slice of a partitioned tensor.

    A zero, the name, the number of axes, then start and length of each (-1: all), in
    ordered code.
    """
    key = (
        _ordered_number(0)
        + _ordered_text(name.encode())
        + _ordered_number(len(extents))
    )
    for start, length in extents:
        key += _ordered_signed(start)
        key += _ordered_signed(-1 if length is None else length)
    return key


def _parse_shape(data: bytes) -> Shape:
    """TensorShapeProto: 2 a dimension, with 1 its size; 3 unknown rank."""
    lengths: list[int] = []
    for field, _, value in fields(data):
        if field == 3 and value:
            raise BadMessage("a tensor of unknown rank")
        if field == 2:
            length = _number(_parts(_message(value)).get(1, 0))
            if length >= 1 << 63:
                raise BadMessage("a tensor with a negative axis")
            lengths.append(length)
    return tuple(lengths)


def _shape_message(shape: Sequence[int]) -> bytes:
    return b"".join(_field(2, _field(1, length)) for length in shape)


def _parse_slice(data: bytes) -> tuple[Extent, ...]:
    """TensorSliceProto: 1 an extent, with 1 its start, 2 its length (absent: all)."""
    extents: list[Extent] = []
    for field, _, value in fields(data):
        if field == 1:
            parts = _parts(_message(value))
            length = parts.get(2)
            start = _number(parts.get(1, 0))
            extents.append((start, None if length is None else _number(length)))
    return tuple(extents)


def _parts(data: bytes) -> dict[int, int | bytes]:
    return {field: value for field, _, value in fields(data)}


def _field(number: int, value: int | bytes) -> bytes:
    """A number unless it is 0, or a message, behind the number of its field."""
    if isinstance(value, bytes):
        return bytes([number << 3 | 2]) + varint_of(len(value)) + value
    return bytes([number << 3]) + varint_of(value) if value else b""


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise BadMessage("a message where a number is due")
    return value


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise BadMessage("a number where a message is due")
    return value


def _ordered_number(number: int) -> bytes:
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _ordered_text(text: bytes) -> bytes:
    escaped = text.replace(b"\xff", b"\xff\x01").replace(b"\x00", b"\x00\xff")
    return escaped.replace(b"\xff\x01", b"\xff\x00") + b"\x00\x01"


def _ordered_signed(number: int) -> bytes:
    """A signed number: as many leading one bits as bytes, then the number itself."""
    bits = (~number if number < 0 else number).bit_length()
    length = min(bits // 7 + 1, 10)
    lead = ((1 << length) - 1) << (8 * length - length)
    return ((number & ((1 << 8 * length) - 1)) ^ lead).to_bytes(length, "big")
