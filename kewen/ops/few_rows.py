"""Products of a few rows with a large matrix on JAX' CPU backend.

XLA packs the right matrix of a product anew each time, that is, reads, writes and reads
it once more; of a few rows that is nearly all of the work. The left matrix it reads as
it lies. So a few rows are multiplied from the right by a matrix that lies by its
outputs, (O, I), as the table of tokens does. Kernels lie by their inputs, (I, O): who
calls them often with few rows gives turned copies for a while.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from types import MappingProxyType
from typing import Any

from keras import ops

from kewen.ops.platform import on_jax_cpu

Tensor = Any
MOST_ROWS = 32

NONE: Mapping[int, Tensor] = MappingProxyType({})
_turned: ContextVar[Mapping[int, Tensor]] = ContextVar("turned", default=NONE)


def are_few_rows(inputs: Tensor, contracted: int = 1, most: int = MOST_ROWS) -> bool:
    """Whether these are multiplied in another way, on the backend in use.

    Args:
        inputs: (..., I), or with several axes that are summed over.
        contracted: how many.
        most: rows that are few.
    """
    rows = inputs.shape[: len(inputs.shape) - contracted]
    return on_jax_cpu() and None not in rows and math.prod(rows) <= most


def few_rows_by(matrix: Tensor, rows: Tensor) -> Tensor:
    """`rows @ matrix.T` on JAX: (O, I) and (N, I) to (N, O)."""
    if rows.shape[0] == 1:
        return ops.matmul(matrix, rows[0])[None]
    jax: Any = import_module("jax")
    columns = ops.matmul(matrix, ops.transpose(rows))
    # Else XLA takes the transposes for a product whose matrix is on the right.
    return ops.transpose(jax.lax.optimization_barrier(columns))


@contextmanager
def turned_kernels(kernels: Mapping[int, Tensor]) -> Iterator[None]:
    """Layers use these within, where their rows are few.

    Args:
        kernels: `id` of a variable -> the same numbers, (O, I).
    """
    token = _turned.set(kernels)
    try:
        yield
    finally:
        _turned.reset(token)


def turned_kernel(variable: Any) -> Tensor | None:
    """Its turned copy, if there is one just now."""
    return _turned.get().get(id(variable))
