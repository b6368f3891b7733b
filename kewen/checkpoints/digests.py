"""What every tensor of a checkpoint is, down to its bytes: to compare conversions."""

import hashlib
from collections.abc import Iterator
from typing import TypedDict

import numpy as np

from kewen.checkpoints.checkpoint import TEXT, Array, Checkpoint


class Digest(TypedDict):
    """One tensor; the keys are in the order in which they are printed."""

    name: str  # as in the file
    shape: list[int]
    dtype: str  # "float32", "bfloat16", ...; "string" for TensorFlow's text
    sha256: str | None  # of the C-order little-endian bytes; None for text
    path: str  # name of the file that holds it


def digests(checkpoint: Checkpoint) -> Iterator[Digest]:
    """One record a tensor, sorted by name; one tensor is in memory at a time.

    Raises:
        CheckpointError: if a tensor is corrupt.
    """
    for name in sorted(checkpoint):
        info = checkpoint.info(name)
        is_text = info.dtype == TEXT
        yield Digest(
            name=name,
            shape=list(info.shape),
            dtype="string" if is_text else info.dtype.name,
            sha256=None if is_text else _sha256(checkpoint[name]),
            path=info.file.name,
        )


def _sha256(array: Array) -> str:
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return hashlib.sha256(little.reshape(-1).view(np.uint8).data).hexdigest()
