"""Samples and weights, made sound before anything is computed from them."""

from fractions import Fraction
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kewen.errors import DataError, ShapeError

LARGEST = 1e60  # its fourth power, summed over many, is a number
Floats = NDArray[np.float64]
Values = NDArray[Any]  # float64, or object: exact fractions stay exact


def values_of(x: ArrayLike, name: str = "x") -> Values:
    """Numbers of any shape as float64; an object array stays, for exact arithmetic.

    Raises:
        DataError: if there are none, or if something is no number.
    """
    try:
        found = np.asarray(x)
    except ValueError as error:  # rows of unequal length
        raise DataError(
            f"{name} must be an array of real numbers. Received: {error}."
        ) from error
    if found.dtype != object:
        try:
            found = found.astype(np.float64, casting="same_kind")
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{name} must be an array of real numbers. Received: dtype "
                f"{found.dtype}. Turn it into numbers first."
            ) from error
    else:  # a quotient of whole numbers would be a float
        other = next((each for each in found.flat if not isinstance(each, Real)), None)
        if other is not None or any(each is None for each in found.flat):
            raise DataError(
                f"{name} must be an array of real numbers. Received: {other!r:.80} "
                "among them."
            )
        found = np.asarray(np.frompyfunc(_exact, 1, 1)(found), object)
    if found.size == 0:
        raise DataError(
            f"{name} must hold at least one number. Received: shape {found.shape}."
        )
    return found


def _exact(value: Any) -> Any:
    return Fraction(value) if isinstance(value, int) else value


def finite(x: Values, name: str = "x") -> Values:
    """The same, once nothing in it is NaN or infinite."""
    # NaN is the one value that is not itself; fractions know no isfinite.
    bad = (x != x) | (abs(x) == np.inf) if x.dtype == object else ~np.isfinite(x)
    if bad.any():
        where = tuple(int(each) for each in np.argwhere(bad)[0])
        raise DataError(
            f"{name} must be finite. Received: {x[where]} at {where}, {bad.sum()} such "
            f"of {x.size} values in all. Leave them out, or give them weight 0 where "
            "weights are taken."
        )
    return x


def points_of(x: ArrayLike, name: str = "x", *, fewest: int = 1) -> Floats:
    """A sample as float64, (N, C), one point a row; (N,) becomes (N, 1).

    Raises:
        ShapeError: if it has more than two axes.
        DataError: if there are fewer than `fewest` points, or NaN among them.
    """
    found = finite(values_of(x, name), name).astype(np.float64)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2:
        raise ShapeError(
            f"{name} must be (N,) or (N, C), one point a row. Received: {found.shape}. "
            "Reshape what belongs to one point into one row."
        )
    if len(found) < fewest:
        raise DataError(
            f"{name} must have at least {fewest} points, since fewer do not determine "
            f"this estimate. Received: {len(found)}."
        )
    return found


def check_squares(points: Floats, name: str) -> None:
    """Distances and products of points, squared, are numbers that are not all 0.

    Raises:
        DataError: if the points are too large or too small for that.
    """
    largest = float(np.abs(points).max(initial=0.0))
    if largest > LARGEST or 0 < largest < 1 / LARGEST:
        raise DataError(
            f"{name} must be of a size whose fourth power is a number, {1 / LARGEST:g} "
            f"to {LARGEST:g}. Received: {largest:g} as the largest. Scale the points."
        )


def paired_points(x: ArrayLike, y: ArrayLike, *, fewest: int) -> tuple[Floats, Floats]:
    """Two samples of the same N points.

    Raises:
        ShapeError: if they differ in length.
        DataError: if they are too large or too small to be squared.
    """
    first, second = points_of(x, "x", fewest=fewest), points_of(y, "y", fewest=fewest)
    check_squares(first, "x")
    check_squares(second, "y")
    if len(first) != len(second):
        raise ShapeError(
            "x and y must be measured on the same N points, row by row. "
            f"Received: {len(first)} rows of x and {len(second)} of y."
        )
    return first, second


def check_axis(axis: int | None, x: Values) -> None:
    """Refuse an axis that x has not.

    Raises:
        ShapeError: then.
    """
    if axis is not None and not (
        isinstance(axis, int | np.integer) and -x.ndim <= axis < x.ndim
    ):
        raise ShapeError(
            f"axis must be None or one of the {x.ndim} axes of x, from 0 on. Received: "
            f"{axis!r} for x {x.shape}."
        )


def weights_of(weights: ArrayLike, x: Values, axis: int | None) -> Values:
    """Weights in the shape of x: given so, or as one number a position of the axis.

    Raises:
        ShapeError: if the shape is neither.
        DataError: if one is negative or NaN, or all along the axis are 0.
    """
    found = finite(values_of(weights, "weights"), "weights")
    if found.shape != x.shape:
        if axis is None or found.shape != (x.shape[axis],):
            raise ShapeError(
                "weights must have the shape of x, or be 1-D and as long as its axis. "
                f"Received: weights {found.shape}, x {x.shape}, axis {axis}."
            )
        shape = [1] * x.ndim
        shape[axis] = -1
        found = np.broadcast_to(found.reshape(shape), x.shape)
    if (found < 0).any():
        raise DataError(
            f"weights must not be negative. Received: {found.min()} as the smallest."
        )
    if not (found > 0).any(axis=axis).all():
        raise DataError(
            "weights must be positive somewhere, else nothing is left to average. "
            "Received: zeros only."
        )
    return found


def one_number(found: Any, what: str = "statistic") -> Any:
    """What a function of a sample gave, if it is one number.

    Raises:
        ShapeError: if it is an array, or something else.
    """
    if np.ndim(found) == 0:
        found = found.item() if isinstance(found, np.ndarray | np.generic) else found
        if isinstance(found, Number):
            return found
    raise ShapeError(
        f"The {what} must give one number for a sample. Received: "
        f"{type(found).__name__} of shape {np.shape(found)}."
    )
