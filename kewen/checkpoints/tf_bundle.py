"""TensorFlow checkpoints of format V2 (a bundle of index and shards), in NumPy alone.

`bert_model.ckpt` is a prefix: `.index` says where each tensor lies, the shards
`.data-00000-of-00001` hold raw bytes. Each tensor has a CRC-32C, and it is verified
whenever the tensor is read. Partitioned variables are put together from their slices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from kewen.checkpoints.checkpoint import TEXT, Array, Checkpoint, Shape, TensorInfo
from kewen.checkpoints.crc32c import crc32c, masked
from kewen.checkpoints.source_file import SourceFile, as_tensor
from kewen.checkpoints.tf_records import (
    Entry,
    Extent,
    Header,
    parse_entry,
    parse_header,
    slice_key,
)
from kewen.checkpoints.tf_table import read_table
from kewen.errors import CheckpointError
from kewen.protobuf import BadMessage

MAX_AXES = 64  # NumPy's limit
MAX_SLICES = 1024
STRING = 7

DTYPES: dict[int, np.dtype[Any]] = {  # of TensorFlow's DataType
    1: np.dtype("<f4"),
    2: np.dtype("<f8"),
    3: np.dtype("<i4"),
    4: np.dtype("u1"),
    5: np.dtype("<i2"),
    6: np.dtype("i1"),
    STRING: TEXT,
    8: np.dtype("<c8"),
    9: np.dtype("<i8"),
    10: np.dtype(np.bool_),
    14: np.dtype(ml_dtypes.bfloat16),
    17: np.dtype("<u2"),
    18: np.dtype("<c16"),
    19: np.dtype("<f2"),
    22: np.dtype("<u4"),
    23: np.dtype("<u8"),
    24: np.dtype(ml_dtypes.float8_e5m2),
    25: np.dtype(ml_dtypes.float8_e4m3fn),
}


@dataclass(frozen=True, slots=True)
class _Part:
    """One slice of a tensor; the whole of it if it is not partitioned."""

    start: Shape
    shape: Shape
    entry: Entry

    def meets(self, other: "_Part") -> bool:
        """Whether the two have an element in common."""
        axes = zip(self.start, self.shape, other.start, other.shape, strict=True)
        return all(a < b + n and b < a + m for a, m, b, n in axes)


class TFBundle(Checkpoint):
    """The tensors of a bundle.

    Args:
        path: the prefix, such as `dir/bert_model.ckpt`.
    """

    format = "tf"

    def __init__(self, path: Path):
        header, tensors, self._parts = _read_index(path)
        self._shards = _open_shards(path, header)
        super().__init__(path, [self._info(path, *item) for item in tensors.items()])
        for info in self._infos.values():
            for part in self._parts[info.name]:
                self._check(info, part)

    def _info(self, path: Path, name: str, entry: Entry) -> TensorInfo:
        shard = self._parts[name][0].entry.shard
        if (
            entry.dtype not in DTYPES
            or len(entry.shape) > MAX_AXES
            or shard >= len(self._shards)
        ):
            raise CheckpointError(
                f"Tensor {name} of {path} must be of a dtype that NumPy can hold, of "
                f"at most {MAX_AXES} axes and in one of {len(self._shards)} shards. "
                f"Received: TensorFlow's dtype number {entry.dtype}, "
                f"{len(entry.shape)} axes, shard {shard}. Convert it with TensorFlow."
            )
        return TensorInfo(
            name=name,
            shape=entry.shape,
            dtype=DTYPES[entry.dtype],
            file=self._shards[shard].path,
        )

    def _check(self, info: TensorInfo, part: _Part) -> None:
        """Raise if a part of a tensor is of another size, or outside its shard."""
        entry = part.entry
        shard = self._shards[min(entry.shard, len(self._shards) - 1)]
        needed = prod(part.shape) * info.dtype.itemsize
        end = entry.offset + entry.size
        sized = info.dtype == TEXT or entry.size == needed
        if not sized or end > shard.size or entry.shard >= len(self._shards):
            raise CheckpointError(
                f"Tensor {info.name} must take {needed} bytes within {shard.path}. "
                f"Received: bytes {entry.offset} to {end} of {shard.size} in shard "
                f"{entry.shard}. The checkpoint is truncated or corrupt: download it "
                "again."
            )

    def _read(self, info: TensorInfo) -> Array:
        if info.dtype == TEXT:
            raise CheckpointError(
                f"Tensor {info.name} of {info.file} must hold numbers to be read. "
                "Received: text. It is no weight: give it a Skip in the weight map."
            )
        parts = self._parts[info.name]
        if len(parts) == 1:
            return self._read_part(info, parts[0])
        whole = np.empty(info.shape, info.dtype)
        for part in parts:
            axes = zip(part.start, part.shape, strict=True)
            place = tuple(slice(start, start + length) for start, length in axes)
            whole[place] = self._read_part(info, part)
        return whole

    def _read_part(self, info: TensorInfo, part: _Part) -> Array:
        entry, shard = part.entry, self._shards[part.entry.shard]
        data = shard.read(entry.offset, entry.size)
        if masked(crc32c(data)) != entry.masked_crc:
            raise CheckpointError(
                f"Tensor {info.name} must have the CRC-32C that its index states. "
                f"Received: other bytes in {shard.path} from {entry.offset} to "
                f"{entry.offset + entry.size}. The file is corrupt: download it again."
            )
        described = TensorInfo(
            name=info.name, shape=part.shape, dtype=info.dtype, file=shard.path
        )
        return as_tensor(data, described)


def _read_index(
    path: Path,
) -> tuple[Header, dict[str, Entry], dict[str, list[_Part]]]:
    """The header, the tensors by name, and the parts that hold their data."""
    table = read_table(index_of(path))
    try:
        header = parse_header(table.pop(b"", b""))
        if header.num_shards < 1 or header.is_big_endian:
            raise BadMessage("a header without shards, or of a big-endian machine")
        entries = {key: parse_entry(value) for key, value in table.items()}
        # The keys of slices begin with a zero byte, and names never do.
        tensors = {k.decode(): e for k, e in entries.items() if k[:1] != b"\0"}
        parts = {name: _parts_of(name, e, entries) for name, e in tensors.items()}
    except (UnicodeDecodeError, BadMessage) as error:
        raise CheckpointError(
            f"{index_of(path)} must describe the tensors of a TensorFlow checkpoint. "
            f"Received: {error}. The file is corrupt or unusual: download it again, or "
            "save it again with tf.train.Saver."
        ) from error
    return header, tensors, parts


def index_of(prefix: Path) -> Path:
    """The index file of a prefix."""
    return prefix.with_name(f"{prefix.name}.index")


def _open_shards(path: Path, header: Header) -> list[SourceFile]:
    """All shards; the first one that is not there raises NotFoundError."""
    count = header.num_shards
    names = (f"{path.name}.data-{k:05d}-of-{count:05d}" for k in range(count))
    return [SourceFile(path.with_name(name)) for name in names]


def _parts_of(name: str, entry: Entry, entries: Mapping[bytes, Entry]) -> list[_Part]:
    """A tensor's parts, which must cover it without holes or overlaps."""
    if not entry.slices:
        return [_Part((0,) * len(entry.shape), entry.shape, entry)]
    if len(entry.slices) > MAX_SLICES:
        raise BadMessage(f"{len(entry.slices)} slices of {name}, over {MAX_SLICES}")
    parts = [_part_of(name, entry, extents, entries) for extents in entry.slices]
    pairs = combinations(parts, 2)
    if sum(prod(part.shape) for part in parts) != prod(entry.shape) or any(
        one.meets(other) for one, other in pairs
    ):
        raise BadMessage(f"slices of {name} with holes or overlaps")
    return parts


def _part_of(
    name: str,
    entry: Entry,
    extents: tuple[Extent, ...],
    entries: Mapping[bytes, Entry],
) -> _Part:
    part = entries.get(slice_key(name, extents))
    if part is None or part.dtype != entry.dtype or len(extents) != len(entry.shape):
        raise BadMessage(f"no entry, or another kind of tensor, for a slice of {name}")
    start = tuple(begin for begin, _ in extents)
    axes = zip(extents, entry.shape, strict=True)
    shape = tuple(whole if n is None else n for (_, n), whole in axes)
    ends = zip(start, shape, entry.shape, strict=True)
    if any(begin + length > whole for begin, length, whole in ends):
        raise BadMessage(f"a slice of {name} that ends outside it")
    return _Part(start, shape, part)
