"""What torch files call their types, and where a tensor lies in one."""

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from kewen.checkpoints.checkpoint import Shape

DTYPES: dict[str, np.dtype[Any]] = {
    "float64": np.dtype("<f8"),
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float8_e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "float8_e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "int64": np.dtype("<i8"),
    "int32": np.dtype("<i4"),
    "int16": np.dtype("<i2"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint32": np.dtype("<u4"),
    "uint64": np.dtype("<u8"),
    "bool": np.dtype(np.bool_),
    "complex64": np.dtype("<c8"),
    "complex128": np.dtype("<c16"),
}
STORAGES = {  # of a legacy storage class, the dtype
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements in the file that tensors are views of."""

    key: str
    dtype: np.dtype[Any]  # of the elements that `count` counts
    count: int
    begin: int = 0  # in elements: where a view of another storage begins


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies: in a storage, from an offset on, by strides of elements."""

    storage: Storage
    dtype: np.dtype[Any]
    offset: int
    shape: Shape
    strides: Shape
