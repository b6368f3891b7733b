"""TensorFlow checkpoints of format V2, written in NumPy alone: index and one shard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kewen.checkpoints.checkpoint import TEXT, Array
from kewen.checkpoints.crc32c import crc32c, masked
from kewen.checkpoints.deferred import unread
from kewen.checkpoints.tf_bundle import DTYPES, index_of
from kewen.checkpoints.tf_records import Entry, entry_message, header_message
from kewen.checkpoints.tf_table_writing import table_bytes
from kewen.errors import CheckpointError, FileError
from kewen.files import atomic_write

_NUMBERS: dict[np.dtype[Any], int] = {
    dtype: number for number, dtype in DTYPES.items() if dtype != TEXT
}


def write_tf_bundle(
    prefix: Path | str, tensors: Mapping[str, Array], overwrite: bool = False
) -> None:
    """Write tensors as TensorFlow's `Saver` does, to the byte.

    `prefix.index` appears last: without it there is no checkpoint, so a kill leaves the
    old one or none. (With `overwrite`, a kill between the two files leaves a shard that
    contradicts the checksums of the old index: an error, not wrong weights. Whoever
    needs more writes into a new folder, as `Pretrained.save` does.)

    Args:
        prefix: such as `dir/bert_model.ckpt`.
        tensors: variable's name -> array of any dtype that TensorFlow has.
        overwrite: True replaces files that are there.

    Raises:
        CheckpointError: if a name or a dtype is none that the format knows.
        FileError: if a file is there and `overwrite` is False.
    """
    prefix = Path(prefix)
    numbers = {name: _number_of(name, tensors[name]) for name in tensors}
    if not overwrite and index_of(prefix).exists():
        raise FileError(
            f"{index_of(prefix)} exists already, and nothing is overwritten unasked. "
            "Choose another prefix, or pass overwrite=True."
        )
    table = {b"": header_message(num_shards=1)}
    offset = 0
    shard = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
    with atomic_write(shard, overwrite=overwrite) as file:
        for name in sorted(tensors, key=str.encode):
            array = np.asarray(tensors[name])
            data = np.ascontiguousarray(array, DTYPES[numbers[name]])
            flat = data.reshape(-1).view(np.uint8)
            entry = Entry(
                dtype=numbers[name],
                shape=array.shape,
                shard=0,
                offset=offset,
                size=flat.size,
                masked_crc=masked(crc32c(flat)),
                slices=(),
            )
            table[name.encode()] = entry_message(entry)
            file.write(flat.data)
            offset += flat.size
    with atomic_write(index_of(prefix), overwrite=overwrite) as file:
        file.write(table_bytes(table))


def _number_of(name: str, array: Array) -> int:
    """TensorFlow's number of a dtype."""
    try:
        dtype = unread(array).dtype
        number = _NUMBERS.get(dtype.newbyteorder("<"))
        named = name.encode()[:1] not in (b"", b"\0")
    except (AttributeError, ValueError) as error:  # no text, no UTF-8, ragged rows
        dtype, number, named = f"none ({error})", None, False
    if number is None or not named:
        raise CheckpointError(
            "A TensorFlow checkpoint holds tensors of "
            f"{', '.join(sorted(str(each) for each in _NUMBERS))} under names. "
            f"Received: tensor {name!r} of dtype {dtype}. Convert or rename it first."
        )
    return number
