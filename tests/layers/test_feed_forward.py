"""`FeedForward`, `Bias` and the activations that checkpoints name."""

from math import erf, pi, sqrt, tanh

import numpy as np
import pytest
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import Bias, FeedForward, activation

POINTS = np.array([-3, -1, -0.1, 0, 0.5, 2], "float32")
EXACT = [x * (1 + erf(x / sqrt(2))) / 2 for x in POINTS]
BY_TANH = [x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2 for x in POINTS]


def at_points(name):
    return ops.convert_to_numpy(activation(name)(ops.convert_to_tensor(POINTS)))


@pytest.mark.parametrize("name", ["gelu", "gelu_erf"])
def test_gelu_is_the_exact_one(name):
    np.testing.assert_allclose(at_points(name), EXACT, atol=1e-5)


@pytest.mark.parametrize("name", ["gelu_new", "gelu_tanh", "gelu_pytorch_tanh"])
def test_tanh_gelu_goes_by_its_own_names(name):
    np.testing.assert_allclose(at_points(name), BY_TANH, atol=1e-5)


def test_unknown_activation_is_refused_by_name():
    with pytest.raises(ConfigError, match="'sine'"):
        activation("sine")


def test_feed_forward_is_two_dense_layers_with_relu_between():
    layer, x = FeedForward(5, "relu"), np.random.default_rng(0).normal(size=(2, 3, 4))
    x = x.astype("float32")
    got = ops.convert_to_numpy(layer(ops.convert_to_tensor(x)))
    inner, inner_bias, outer, outer_bias = layer.get_weights()
    wanted = np.maximum(x @ inner + inner_bias, 0) @ outer + outer_bias
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_new_kernels_of_one_shape_differ():
    layer = FeedForward(4, kernel_initializer="glorot_uniform")
    layer.build((None, 3, 4))
    inner, _, outer, _ = layer.get_weights()
    assert not np.allclose(inner, outer)


def test_bias_adds_its_weight():
    layer = Bias()
    layer.build((None, 3))
    layer.bias.assign([1.0, 2.0, 3.0])
    got = ops.convert_to_numpy(layer(ops.ones((2, 3))))
    np.testing.assert_array_equal(got, [[2, 3, 4]] * 2)
