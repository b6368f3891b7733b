"""`masks.all_of` and `masks.any_of` are intersection and union."""

import itertools

import numpy as np
import pytest
from keras import ops

from kewen import masks

SOME = [
    np.array(bits, bool).reshape(1, 2, 2)
    for bits in itertools.product((0, 1), repeat=4)
]


def numpy(mask):
    return ops.convert_to_numpy(mask)


def tensor(array):
    return ops.convert_to_tensor(array)


def test_all_of_two_is_their_intersection():
    for one, other in itertools.product(SOME[::3], SOME[::2]):
        assert (numpy(masks.all_of(tensor(one), tensor(other))) == (one & other)).all()


def test_any_of_two_is_their_union():
    for one, other in itertools.product(SOME[::3], SOME[::2]):
        assert (numpy(masks.any_of(tensor(one), tensor(other))) == (one | other)).all()


def test_all_of_nothing_allows_everything():
    assert masks.all_of() is None


def test_all_of_leaves_out_what_allows_everything():
    assert (numpy(masks.all_of(None, tensor(SOME[5]), None)) == SOME[5]).all()


def test_all_of_only_nones_allows_everything():
    assert masks.all_of(None, None) is None


def test_any_of_with_one_that_allows_everything_allows_everything():
    assert masks.any_of(tensor(SOME[5]), None) is None


@pytest.mark.parametrize("combine", [masks.all_of, masks.any_of])
def test_a_combination_of_one_mask_is_that_mask(combine):
    assert (numpy(combine(tensor(SOME[6]))) == SOME[6]).all()


def test_all_of_broadcasts_one_row_over_all_queries():
    padding = masks.padding(tensor(np.array([[True, False], [True, True]])))
    joined = numpy(masks.all_of(masks.causal(2), padding))
    assert joined.astype(int).tolist() == [[[1, 0], [1, 0]], [[1, 0], [1, 1]]]
