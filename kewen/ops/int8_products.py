"""Products of a few rows with an int8 matrix, as the steps of a decoder have them."""

from typing import Any

from keras import ops

Tensor = Any
MOST_INT8_ROWS = 16
DIGIT = 127  # the largest
TINY = 1e-30  # of a row of zeros


def int8_product(
    rows: Tensor, matrix: Tensor, scale: Tensor, transposed: bool = False
) -> Tensor:
    """`rows @ (matrix / scale)`, the rows rounded to 15 bits.

    Keras rounds rows to 8 bits. A step of a decoder spends its time on reading the
    matrix, so here each row comes twice, as two digits of 8 bits: what is lost is what
    the matrix has lost. And XLA has no fast product of one row of int8 numbers.

    Args:
        rows: float, (N, I).
        matrix: int8, (I, O).
        scale: float, (O,): what it was multiplied by.
        transposed: whether the matrix is given as (O, I).

    Returns:
        Float, (N, O), of the rows' dtype.
    """
    # XLA is slow if a matrix is transposed first.
    equation = "ni,oi->no" if transposed else "ni,io->no"
    back = "no,oi->ni" if transposed else "no,io->ni"

    @ops.custom_gradient
    def product(rows: Tensor, matrix: Tensor, scale: Tensor) -> Any:
        def gradient(*args: Tensor, upstream: Tensor | None = None) -> Any:
            (given,) = args or (upstream,)
            exact = ops.cast(matrix, rows.dtype)
            return ops.einsum(back, given / scale, exact), None, None

        unit, digits = _two_digits(rows)
        sums: Any = ops.cast(ops.einsum(equation, digits, matrix), "float32")
        count = rows.shape[0]
        found = (sums[:count] + sums[count:] / (2 * DIGIT)) * unit
        return found / scale, gradient

    return ops.cast(product(rows, matrix, scale), rows.dtype)


def _two_digits(rows: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1) and int8 (2 N, I): rows are unit (high + low / 254), low ones behind."""
    exact = ops.cast(rows, "float32")
    largest = ops.max(ops.abs(exact), axis=-1, keepdims=True)
    unit = ops.maximum(largest, TINY) / DIGIT
    high = ops.round(exact / unit)
    low = ops.round((exact / unit - high) * (2 * DIGIT))
    return unit, ops.cast(ops.concatenate([high, low], axis=0), "int8")
