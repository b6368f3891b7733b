"""Torch's `.bin`, `.pt` and `.pth`: a pickled state dict and raw storages.

Two forms: since torch 1.6 a zip archive with a storage an entry; before that a file of
five pickles (magic number, protocol, system, object, storage keys) with the storages
behind them. Both give tensors as views of storages, read by byte range when asked for.
Source: torch/serialization.py.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kewen.checkpoints.checkpoint import Array, Checkpoint, TensorInfo
from kewen.checkpoints.source_file import SourceFile, as_tensor
from kewen.checkpoints.torch_pickle import RefusedPickle, shown, unpickle
from kewen.checkpoints.torch_storages import Storage, StoredTensor
from kewen.checkpoints.zip_archive import ZipArchive
from kewen.errors import CheckpointError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
# The magic number, of ten bytes, in pickle protocol 2 or 3, and in a frame in 4 or 5.
LEGACY_STARTS = tuple(
    bytes.fromhex(start) for start in ("80028a0a", "80038a0a", "8004950d", "8005950d")
)
MAX_PICKLE_BYTES = 1 << 25  # a hundred thousand tensors
MAX_EXPANDED_BYTES = 1 << 26  # of a tensor that repeats elements of its storage
MAX_ENTRIES = 1 << 20
MAX_DEPTH = 8
CONTAINERS = ("state_dict", "model_state_dict", "model", "module")


class TorchFile(Checkpoint):
    """The tensors of a state dict, at the top or under a key such as `state_dict`."""

    format = "torch"

    def __init__(self, path: Path):
        head = SourceFile(path)
        start = head.read(0, min(4, head.size)).tobytes()
        self._form = _ZipForm(path) if start == b"PK\x03\x04" else _LegacyForm(head)
        self._tensors = _state_dict(path, self._form.content)
        for tensor in self._tensors.values():
            self._form.check(tensor.storage)
        super().__init__(
            path,
            [
                TensorInfo(name=name, shape=each.shape, dtype=each.dtype, file=path)
                for name, each in self._tensors.items()
            ],
        )

    def _read(self, info: TensorInfo) -> Array:
        tensor = self._tensors[info.name]
        if 0 in tensor.shape:
            return np.empty(tensor.shape, tensor.dtype)
        _check_expansion(info, tensor.storage)
        steps = zip(tensor.shape, tensor.strides, strict=True)
        count = 1 + sum((length - 1) * step for length, step in steps)
        run = TensorInfo(
            name=info.name, shape=(count,), dtype=info.dtype, file=info.file
        )
        size = info.dtype.itemsize
        data = self._form.read(tensor.storage, tensor.offset * size, count * size)
        if self._form.is_big_endian and size > 1:
            data = np.ascontiguousarray(data.reshape(-1, size)[:, ::-1]).reshape(-1)
        as_tensor(data, run)  # checks the bytes
        strides = [step * size for step in tensor.strides]
        view = np.ndarray(tensor.shape, info.dtype, buffer=data.data, strides=strides)
        return np.array(view, order="C")


class _ZipForm:
    """A zip archive: `<root>/data.pkl`, and `<root>/data/<key>` for each storage."""

    def __init__(self, path: Path):
        self._archive = ZipArchive(path)
        pickles = [name for name in self._archive if name.endswith("/data.pkl")]
        if len(pickles) != 1 or self._archive.size_of(pickles[0]) > MAX_PICKLE_BYTES:
            raise CheckpointError(
                f"{path} must hold one data.pkl of at most {MAX_PICKLE_BYTES} bytes, "
                f"as torch files do. Received: {len(pickles)} entries of that name. "
                "Name a weight file."
            )
        self._root = pickles[0].removesuffix("data.pkl")
        stream = io.BytesIO(self._archive.read(pickles[0]).tobytes())
        self.content = unpickle(stream, str(path)).value
        order = f"{self._root}byteorder"
        self.is_big_endian = (
            order in self._archive and self._archive.read(order, 3).tobytes() == b"big"
        )

    def check(self, storage: Storage) -> None:
        """Raise if the storage's entry is absent or too short."""
        entry = self._entry(storage)
        needed = (storage.begin + storage.count) * storage.dtype.itemsize
        size = self._archive.size_of(entry) if entry in self._archive else 0
        if size < needed:
            raise CheckpointError(
                f"{self._archive.path} must hold {needed} bytes under {entry!r}. "
                f"Received: {size} bytes. The file is corrupt: download it again."
            )

    def read(self, storage: Storage, start: int, count: int) -> NDArray[np.uint8]:
        """Bytes of a storage."""
        start += storage.begin * storage.dtype.itemsize
        return self._archive.read(self._entry(storage), count, start=start)

    def _entry(self, storage: Storage) -> str:
        return f"{self._root}data/{storage.key}"


class _LegacyForm:
    """Pickles, then for each storage its number of elements and its bytes."""

    def __init__(self, file: SourceFile):
        self._file = file
        stream = io.BytesIO(file.read(0, min(file.size, MAX_PICKLE_BYTES)).tobytes())
        if not stream.getvalue().startswith(LEGACY_STARTS):
            _refuse_what_it_names(stream, file.path)
            raise CheckpointError(
                f"{file.path} must be a torch file, as a zip archive or in the form "
                "before it. Received: another kind of file, or a pickle that torch did "
                "not write. Save the state dict with torch.save, or as safetensors."
            )
        pickles = [unpickle(stream, str(file.path)) for _ in range(5)]
        magic, protocol, system, self.content, keys = (each.value for each in pickles)
        if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL:
            raise self._broken("another magic number or protocol")
        if not isinstance(system, dict) or not isinstance(keys, list):
            raise self._broken("no system description or no storage keys")
        described = cast("dict[Any, Any]", system)
        self.is_big_endian = described.get("little_endian") is False
        self._counts: dict[str, int] = {}  # elements of a storage, by its key
        self._begins: dict[str, int] = {}  # first byte
        self._place(cast("list[Any]", keys), pickles[3].storages, stream.tell())

    def _place(self, keys: list[Any], known: Mapping[str, Storage], begin: int) -> None:
        """Find every storage: they follow each other in the order of the keys."""
        order = "big" if self.is_big_endian else "little"
        for key in keys:
            if not isinstance(key, str) or key not in known:
                raise self._broken(f"storage {shown(key)} of no tensor")
            self._counts[key] = int.from_bytes(
                self._file.read(begin, 8).tobytes(), order
            )
            self._begins[key] = begin + 8
            begin += 8 + self._counts[key] * known[key].dtype.itemsize

    def _broken(self, received: str) -> CheckpointError:
        return CheckpointError(
            f"{self._file.path} must be a sound torch file of the form before 1.6, "
            f"protocol {LEGACY_PROTOCOL}. Received: {received}. Save it again with a "
            "newer torch, or as safetensors."
        )

    def check(self, storage: Storage) -> None:
        """Raise if the storage is absent or too short."""
        count = self._counts.get(storage.key, 0)
        begin = self._begins.get(storage.key, 0)
        end = begin + count * storage.dtype.itemsize
        if count < storage.begin + storage.count or end > self._file.size:
            raise CheckpointError(
                f"{self._file.path} must hold storage {storage.key} of "
                f"{storage.count} elements. Received: {count} elements that should end "
                f"at byte {end} of {self._file.size}. The file is truncated or "
                "corrupt: download it again."
            )

    def read(self, storage: Storage, start: int, count: int) -> NDArray[np.uint8]:
        """Bytes of a storage."""
        start += storage.begin * storage.dtype.itemsize
        return self._file.read(self._begins[storage.key] + start, count)


def _refuse_what_it_names(stream: io.BytesIO, path: Path) -> None:
    """A pickle that torch did not write may name what it would call: say so.

    Raises:
        RefusedPickle: with that name.
    """
    try:
        unpickle(stream, str(path))
    except RefusedPickle:
        raise
    except CheckpointError:
        return  # no pickle at all


def _state_dict(path: Path, content: Any) -> dict[str, StoredTensor]:
    """The tensors by name, of the outermost mapping that holds any."""
    level = content
    for _ in range(MAX_DEPTH):
        if not isinstance(level, dict):
            break
        entries = cast("dict[Any, Any]", level)
        if any(isinstance(value, StoredTensor) for value in entries.values()):
            return _flat(path, entries)
        inner = [
            entries[key] for key in CONTAINERS if isinstance(entries.get(key), dict)
        ]
        level = inner[0] if inner else None
    kind = type(content).__name__
    if isinstance(content, dict):
        keys = [str(key)[:50] for key in cast("dict[Any, Any]", content)]
        kind = f"keys {', '.join(keys[:20])}" if keys else "an empty dict"
    raise CheckpointError(
        f"{path} must hold a state dict of tensors, at the top or under "
        f"{', '.join(CONTAINERS)}. Received: {kind}. Save model.state_dict() alone."
    )


def _flat(path: Path, entries: Mapping[Any, Any]) -> dict[str, StoredTensor]:
    """Names and tensors; those of a mapping inside become `outer.inner`."""
    found: dict[str, StoredTensor] = {}
    pending = [("", entries, 0)]
    visited = 0
    while pending:
        prefix, level, depth = pending.pop()
        for key, value in level.items():
            visited += 1
            if visited > MAX_ENTRIES or depth > MAX_DEPTH:
                raise CheckpointError(
                    f"{path} must hold a state dict of at most {MAX_ENTRIES} entries "
                    f"and {MAX_DEPTH} levels. Received: more. Save only a state dict."
                )
            if isinstance(value, StoredTensor):
                found[f"{prefix}{key}"] = value
            elif isinstance(value, dict):
                inner = cast("dict[Any, Any]", value)
                pending.append((f"{prefix}{key}.", inner, depth + 1))
    return found


def _check_expansion(info: TensorInfo, storage: Storage) -> None:
    """A tensor may repeat elements (`expand`), but not to exhaust memory."""
    available = storage.count * storage.dtype.itemsize
    if info.nbytes > max(available, MAX_EXPANDED_BYTES):
        raise CheckpointError(
            f"Tensor {info.name} of {info.file} must not be larger than its storage of "
            f"{available} bytes. Received: shape {info.shape} of {info.nbytes} bytes. "
            "Save it with .contiguous() if it is meant."
        )
