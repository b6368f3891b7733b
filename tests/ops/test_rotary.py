"""`rotate` turns pairs of features, so that products know distances only."""

import numpy as np
import pytest
from keras import ops

from kewen.errors import ConfigError
from kewen.ops import rotate

LENGTH, HEADS, SIZE = 7, 2, 6
THETA = 100.0 ** (-np.arange(SIZE // 2) / (SIZE // 2))
LAYOUTS = ["interleaved", "halves"]
DRAWN = np.random.default_rng(0).normal(size=(1, LENGTH, HEADS, SIZE)).astype("float32")


def rotated(x, positions, layout):
    angles = (np.asarray(positions)[None, :, None] * THETA).astype("float32")
    cos, sin = (
        ops.convert_to_tensor(np.cos(angles)),
        ops.convert_to_tensor(np.sin(angles)),
    )
    return ops.convert_to_numpy(rotate(ops.convert_to_tensor(x), cos, sin, layout))


def numpy_rotated(x, positions, layout):
    """Every pair as a complex number, multiplied by exp(i m theta)."""
    pairs = {
        "interleaved": [(2 * i, 2 * i + 1) for i in range(SIZE // 2)],
        "halves": [(i, i + SIZE // 2) for i in range(SIZE // 2)],
    }[layout]
    out = np.empty_like(x)
    for t, position in enumerate(positions):
        for theta, (first, second) in zip(THETA, pairs, strict=True):
            number = x[:, t, :, first] + 1j * x[:, t, :, second]
            turned = number * np.exp(1j * position * theta)
            out[:, t, :, first], out[:, t, :, second] = turned.real, turned.imag
    return out


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rotation_is_multiplication_of_complex_numbers(layout):
    positions = np.arange(LENGTH)
    got = rotated(DRAWN, positions, layout)
    np.testing.assert_allclose(got, numpy_rotated(DRAWN, positions, layout), atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rotation_keeps_the_norm(layout):
    got = rotated(DRAWN, np.arange(LENGTH), layout)
    before, after = np.linalg.norm(DRAWN, axis=-1), np.linalg.norm(got, axis=-1)
    np.testing.assert_allclose(after, before, rtol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_position_zero_is_not_rotated(layout):
    np.testing.assert_array_equal(rotated(DRAWN, np.zeros(LENGTH), layout), DRAWN)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_product_of_rotated_vectors_depends_on_their_distance_alone(layout):
    query = np.repeat(DRAWN[:, :1], LENGTH, axis=1)
    key = np.repeat(DRAWN[:, 1:2], LENGTH, axis=1)
    m = np.arange(LENGTH)
    products = [
        (rotated(query, m + shift, layout) * rotated(key, m[::-1] + shift, layout)).sum(
            -1
        )
        for shift in (0, 11)
    ]
    np.testing.assert_allclose(products[0], products[1], atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_product_of_rotated_vectors_changes_with_the_distance(layout):
    same = np.repeat(DRAWN[:, :1], LENGTH, axis=1)
    products = (same * rotated(same, np.arange(LENGTH), layout)).sum(-1)
    assert (np.abs(np.diff(products, axis=1)) > 1e-3).all()


def test_the_two_layouts_differ():
    positions = np.arange(LENGTH)
    assert not np.allclose(*(rotated(DRAWN, positions, layout) for layout in LAYOUTS))


def test_unknown_layout_is_refused_by_name():
    with pytest.raises(ConfigError, match="'thirds'"):
        rotated(DRAWN, np.arange(LENGTH), "thirds")
