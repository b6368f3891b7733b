"""`einsum`: the product of two tensors, and its gradient, in float32 and bfloat16."""

import keras
import ml_dtypes
import numpy as np
import pytest
from gradients import gradient
from keras import ops

from kewen.ops import einsum, on_jax_cpu, sums_apart

CASES = [
    ("ab,bc->ac", (16, 24), (24, 2)),
    ("abx,xz->abz", (3, 5, 24), (24, 7)),
    ("btc,chd->bthd", (2, 5, 24), (24, 4, 6)),
    ("bthd,hdc->btc", (2, 5, 4, 6), (4, 6, 24)),
    ("bthd,bshd->bhts", (2, 5, 4, 6), (2, 7, 4, 6)),
    ("bhts,bshd->bthd", (2, 4, 5, 7), (2, 7, 4, 6)),
    ("bthd,bhts->bshd", (2, 5, 4, 6), (2, 4, 5, 7)),
]
CASE = pytest.mark.parametrize(("equation", "left", "right"), CASES)


def drawn(shape):
    """Numbers that bfloat16 has exactly, the same whichever test runs first."""
    values = np.random.default_rng(list(shape)).normal(size=shape)
    return values.astype(ml_dtypes.bfloat16).astype("float32")


def assert_near(got, wanted, limit):
    """As a whole: a processor that sums in bfloat16 is far off where terms cancel."""
    assert got.shape == wanted.shape
    assert np.linalg.norm(got - wanted) <= limit * np.linalg.norm(wanted)


def tensor(array, dtype):
    return ops.cast(ops.convert_to_tensor(array), dtype)


@CASE
@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_product_is_numpys(equation, left, right, dtype, limit):
    one, other = drawn(left), drawn(right)
    got = einsum(equation, tensor(one, dtype), tensor(other, dtype))
    assert keras.backend.standardize_dtype(got.dtype) == dtype
    wanted = np.einsum(equation, one, other)
    assert_near(ops.convert_to_numpy(ops.cast(got, "float32")), wanted, limit)


@CASE
def test_bfloat16_gradients_are_the_float32_ones_but_for_rounding(
    equation, left, right
):
    one, other = drawn(left), drawn(right)
    weights = drawn(np.einsum(equation, one, other).shape)
    for which in (0, 1):

        def score(x, dtype, which=which):
            given = [tensor(one, dtype), tensor(other, dtype)]
            given[which] = ops.cast(x, dtype)
            product = ops.cast(einsum(equation, *given), "float32")
            return ops.sum(product * ops.convert_to_tensor(weights))

        at = (one, other)[which]
        exact, rough = (
            gradient(lambda x, dtype=dtype: score(x, dtype), at)
            for dtype in ("float32", "bfloat16")
        )
        assert_near(rough, exact, 2e-2)


def test_sum_in_float32_is_not_rounded_when_asked_for():
    if not on_jax_cpu():
        pytest.skip("elsewhere the product itself is rounded")
    one, other = drawn((4, 300)), drawn((300, 4))
    pair = tensor(one, "bfloat16"), tensor(other, "bfloat16")
    got = ops.convert_to_numpy(einsum("ab,bc->ac", *pair, dtype="float32"))
    assert_near(got, one @ other, 1e-5)


def test_only_bfloat16_on_the_cpu_of_jax_is_treated_apart():
    assert not sums_apart(tensor(drawn((2, 2)), "float32"))
    assert sums_apart(tensor(drawn((2, 2)), "bfloat16")) <= on_jax_cpu()
