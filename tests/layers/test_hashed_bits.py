"""The words look random: bits, bytes, neighbours, keys."""

import itertools

import keras
import numpy as np
import pytest

from kewen.layers.hashed_bits import hashed_bits

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="JAX has it; other backends need it not"
)
COUNT = 1 << 18
LIMIT = 5  # standard deviations
KEYS = [(0, 0), (0, 1), (1, 0), (1, 1), (2**31 - 1, 7), (2**32 - 1, 2**32 - 1)]


def words(key, shape=(COUNT,)):
    return np.asarray(hashed_bits(np.array(key, np.uint32), shape))


def bits(key):
    return np.unpackbits(words(key).view(np.uint8)).reshape(COUNT, 32).astype(float)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_each_bit_is_balanced_and_independent_of_the_others(key):
    centred = 2 * bits(key) - 1
    assert np.abs(centred.mean(0)).max() < LIMIT / np.sqrt(COUNT)
    products = centred.T @ centred / COUNT - np.eye(32)
    assert np.abs(products).max() < LIMIT / np.sqrt(COUNT)


@pytest.mark.parametrize("lag", [1, 2, 3, 64, 128, 384, 4096])
def test_words_at_a_distance_are_independent(lag):
    centred = 2 * bits((5, 9)) - 1
    products = centred[:-lag].T @ centred[lag:] / (COUNT - lag)
    assert np.abs(products).max() < LIMIT / np.sqrt(COUNT - lag)


@pytest.mark.parametrize(("one", "other"), list(itertools.pairwise(KEYS)), ids=str)
def test_near_keys_give_independent_words(one, other):
    products = (2 * bits(one) - 1).T @ (2 * bits(other) - 1) / COUNT
    assert np.abs(products).max() < LIMIT / np.sqrt(COUNT)


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_bytes_and_pairs_of_bytes_are_uniform(shift):
    byte = words((1, 2)) >> shift & 255
    pairs = byte[::2] * 256 + byte[1::2]
    for values, cells in ((byte, 256), (pairs, 65536)):
        expected = len(values) / cells
        counts = np.bincount(values, minlength=cells)
        chi_square = ((counts - expected) ** 2 / expected).sum()
        # Its mean is the degrees of freedom, its variance twice that.
        freedom = cells - 1
        assert abs(chi_square - freedom) < LIMIT * np.sqrt(2 * freedom)


def test_no_word_of_one_key_comes_twice():
    assert len(np.unique(words((1, 2)))) == COUNT  # a bijection of the place


def test_shape_only_arranges_the_words():
    flat = words((3, 4), (2 * 3 * 5,))
    np.testing.assert_array_equal(words((3, 4), (2, 3, 5)).ravel(), flat)
