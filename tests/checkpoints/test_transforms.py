"""Every transform, and every chain of them, can be undone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Concat,
    Permute,
    Split,
    Unflatten,
)
from kewen.checkpoints.transforms import (
    Halve,
    Shift,
    read_through,
    shapes_between,
    write_through,
)
from kewen.errors import ConfigError

SIZES = st.integers(1, 4)


def chains():
    """A chain, and the shapes of our variables that it suits."""
    c, h, d = SIZES, SIZES, SIZES
    sizes = st.tuples(c, h, d)
    return st.one_of(
        sizes.map(lambda s: ([], [s])),
        sizes.map(lambda s: ([TRANSPOSE], [s[:2]])),
        sizes.map(lambda s: ([TRANSPOSE, SPLIT_HEADS], [s])),
        sizes.map(lambda s: ([TRANSPOSE, MERGE_HEADS], [s])),
        sizes.map(lambda s: ([SPLIT_HEADS], [s[:2]])),
        sizes.map(lambda s: ([Unflatten(1), Permute(2, 0, 1)], [s])),
        sizes.map(lambda s: ([Split(-1)], [s, s, (s[0], s[1], s[2] + 1)])),
        sizes.map(lambda s: ([TRANSPOSE, Split(-1), SPLIT_HEADS], [s, s])),
        sizes.map(lambda s: ([Concat(3, 0), TRANSPOSE], [(s[0], 3 * s[1])])),
        sizes.map(lambda s: ([Concat(2, -1), Split(0)], [(s[0], 2 * s[1])] * 2)),
    )


@given(chains(), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_writing_what_was_read_gives_the_same_tensors(chain, seed):
    steps, ours = chain
    rng = np.random.default_rng(seed)
    tensors = [rng.standard_normal(shape) for shape in shapes_between(steps, ours)[0]]
    arrays = read_through(steps, tensors, ours)
    assert [array.shape for array in arrays] == ours
    again = write_through(steps, arrays)
    assert len(again) == len(tensors)
    for tensor, copy in zip(tensors, again, strict=True):
        np.testing.assert_array_equal(copy, tensor)


@given(chains(), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_reading_what_was_written_gives_the_same_arrays(chain, seed):
    steps, ours = chain
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in ours]
    tensors = write_through(steps, arrays)
    assert [tensor.shape for tensor in tensors] == list(shapes_between(steps, ours)[0])
    for array, copy in zip(arrays, read_through(steps, tensors, ours), strict=True):
        np.testing.assert_array_equal(copy, array)


def test_split_heads_puts_the_elements_of_a_head_side_by_side():
    tensor = np.arange(12).reshape(2, 6)
    (array,) = read_through([SPLIT_HEADS], [tensor], [(2, 2, 3)])
    np.testing.assert_array_equal(array[:, 1], [[3, 4, 5], [9, 10, 11]])


@pytest.mark.parametrize(
    ("steps", "ours"),
    [
        ([TRANSPOSE], [(2, 3, 4)]),
        ([SPLIT_HEADS], [(2,)]),
        ([Split(0)], [(2, 3), (2, 4)]),
        ([Concat(2, 0)], [(3,)]),
    ],
)
def test_a_transform_that_does_not_suit_the_shape_says_so(steps, ours):
    with pytest.raises(ConfigError, match="Correct the row"):
        shapes_between(steps, ours)


def test_axes_that_are_no_permutation_are_refused():
    with pytest.raises(ConfigError, match=r"Received: \(0, 2\)"):
        Permute(0, 2)


def test_halve_puts_every_other_feature_first_and_back():
    interleaved = np.array([[0, 3, 1, 4, 2, 5]])
    step = Halve()
    halves = step.read_one(interleaved, (1, 6))
    assert halves.tolist() == [[0, 1, 2, 3, 4, 5]]
    assert (step.write_one(halves) == interleaved).all()


def test_halve_refuses_an_odd_axis():
    with pytest.raises(ConfigError, match="even"):
        Halve().file_shape((2, 5))


def test_shift_adds_its_step_and_takes_it_away():
    file = np.array([1.0, 1.5], "float32")
    ours = Shift(-1.0).read_one(file, (2,))
    assert ours.tolist() == [0.0, 0.5]
    assert (Shift(-1.0).write_one(ours) == file).all()
