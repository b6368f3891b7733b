"""Dropout's masks: their share, their independence, and what they leave."""

import keras
import numpy as np
import pytest
from keras import ops

from kewen.layers import Dropout

COUNT = 1 << 20  # numbers, so that a share is known to 0.0005
LIMIT = 5  # standard deviations


def dropped(rate, shape=(COUNT,), seed=0):
    return np.asarray(Dropout(rate, seed=seed)(ops.ones(shape), training=True))


@pytest.mark.parametrize("rate", [0.0005, 0.1, 0.5, 0.9, 0.9995])
def test_share_and_expectation_are_those_of_the_rate(rate):
    answer = dropped(rate)
    deviation = LIMIT * np.sqrt(rate * (1 - rate) / COUNT)
    assert abs((answer == 0).mean() - rate) < deviation
    np.testing.assert_allclose(answer[answer != 0], 1 / (1 - rate), rtol=1e-6)


def test_rate_0_and_prediction_leave_all_as_it_is():
    numbers = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(Dropout(0.0)(numbers, training=True), numbers)
    np.testing.assert_array_equal(Dropout(0.5)(numbers, training=False), numbers)


def test_rate_1_leaves_nothing():
    assert not dropped(1.0, (8,)).any()


def test_seed_decides_and_each_call_draws_anew():
    layer, same = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    first, second = (np.asarray(layer(ops.ones(COUNT), training=True)) for _ in "ab")
    np.testing.assert_array_equal(first, same(ops.ones(COUNT), training=True))
    assert abs(correlation(first, second)) < LIMIT / np.sqrt(COUNT)
    assert abs(correlation(first, dropped(0.5, seed=4))) < LIMIT / np.sqrt(COUNT)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_neighbours_are_independent(axis):
    answer = dropped(0.5, (4, 16, 128, 128))
    here = np.moveaxis(answer, axis, 0)
    assert abs(correlation(here[:-1], here[1:])) < LIMIT / np.sqrt(here[1:].size)


def test_infinite_and_missing_numbers_are_dropped_too():
    for number in (np.inf, np.nan):
        answer = np.asarray(Dropout(0.5, seed=0)(np.full(64, number), training=True))
        assert (answer == 0).any()


def test_gradient_flows_through_what_is_kept():
    jax = pytest.importorskip("jax")
    if keras.backend.backend() != "jax":
        pytest.skip("asks JAX for the gradient")
    layer = Dropout(0.25, seed=1)
    state = [variable.value for variable in layer.variables]

    def total(numbers):
        answer, _ = layer.stateless_call([], state, numbers, training=True)
        return answer.sum(), answer

    slope, answer = jax.grad(total, has_aux=True)(np.ones(1000, "float32"))
    np.testing.assert_array_equal(slope, answer)


def correlation(left, right):
    return np.corrcoef(left.ravel(), right.ravel())[0, 1]
