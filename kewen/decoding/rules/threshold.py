"""The highest score such that all at least as high weigh enough, without a sort.

Sorting a vocabulary of fifty thousand costs more than a step of a small model. Halving
an interval costs one pass over the scores a time, and seldom needs more than fifteen.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

Tensor = Any


def threshold(
    values: Tensor,
    weights: Tensor,
    aim: Tensor,
    least: Callable[[Tensor], Tensor] | None = None,
    bounds: tuple[Any, Any] = (-float("inf"), float("inf")),
) -> Tensor:
    """The highest t such that the weights of all values >= t sum up to `aim`.

    Exact but for the rounding of the sums: the interval is halved in the order of all
    float32 numbers, until one value is left in it.

    Args:
        values: float32, (N, V).
        weights: float32, (N, V), or a number.
        aim: float32, (N,), above 0.
        least: t -> the least weight of a value >= t; lets the search end as soon as no
            second value fits into what the interval weighs.
        bounds: where t is known to be; numbers.

    Returns:
        float32, (N,); -inf if all together weigh less. Values that are equal to it are
        all at least as high: ties are kept.
    """
    rows = values.shape[0]

    def mass(t: Tensor) -> Tensor:
        return ops.sum(ops.where(values >= t[:, None], weights, 0.0), axis=-1)

    def is_open(low: Tensor, high: Tensor, over: Tensor, under: Tensor) -> Tensor:
        going = _middle(low, high) > low
        if least is not None:
            going = ops.logical_and(going, over - under >= 2 * least(_float(low)))
        return ops.any(going)

    def halve(low: Tensor, high: Tensor, over: Tensor, under: Tensor) -> Any:
        middle = _middle(low, high)
        here = mass(_float(middle))
        enough = here >= aim
        return (
            ops.where(enough, middle, low),
            ops.where(enough, high, middle),
            ops.where(enough, here, over),
            ops.where(enough, under, here),
        )

    whole = ops.full((rows,), float("inf"), "float32")
    low, high = (_order(bound) * ops.ones((rows,), "int32") for bound in bounds)
    start = low, high + 1, whole, ops.zeros((rows,))
    return _float(ops.while_loop(is_open, halve, start)[0])


def _middle(low: Tensor, high: Tensor) -> Tensor:
    """(low + high) // 2, without the sum, which may not fit into 32 bits."""
    both = ops.bitwise_and(ops.bitwise_and(low, high), 1)
    return ops.right_shift(low, 1) + ops.right_shift(high, 1) + both


def _order(number: Any) -> Tensor:
    """The place of a float32 in the order of all, int32; 0 has 0, -inf the least."""
    return _turned(ops.view(ops.convert_to_tensor(number, "float32"), "int32"))


def _float(order: Tensor) -> Tensor:
    """The float32 at this place."""
    return ops.view(_turned(order), "float32")


def _turned(bits: Tensor) -> Tensor:
    """The bits of numbers below 0 count downwards; turned over, upwards."""
    return ops.where(bits >= 0, bits, ops.bitwise_xor(bits, 2147483647))
