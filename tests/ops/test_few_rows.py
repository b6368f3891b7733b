import keras
import numpy as np
import pytest
from dense_layers import LAYERS
from keras import ops

from kewen.ops import are_few_rows, few_rows_by, turned_kernels

ON_JAX = pytest.mark.skipif(keras.backend.backend() != "jax", reason="used there only")
RNG = np.random.default_rng(0)


@ON_JAX
@pytest.mark.parametrize("count", [1, 2, 7])
def test_product_by_a_turned_matrix(count):
    rows, matrix = RNG.standard_normal((count, 5)), RNG.standard_normal((3, 5))
    found = few_rows_by(ops.convert_to_tensor(matrix), ops.convert_to_tensor(rows))
    np.testing.assert_allclose(found, rows @ matrix.T, rtol=1e-5, atol=1e-6)


@ON_JAX
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("rows", [2, 40])
def test_layers_answer_the_same_with_turned_kernels(name, rows):
    make, inner = LAYERS[name]
    layer = make()
    given = RNG.standard_normal((rows, 1, *inner)).astype("float32")
    plain = layer(given)
    kernel = np.asarray(layer.kernel)
    turned = {id(layer.kernel): np.ascontiguousarray(kernel.reshape(16, 24).T)}
    with turned_kernels(turned):
        np.testing.assert_allclose(layer(given), plain, rtol=1e-5, atol=1e-5)
    with turned_kernels({id(layer.kernel): turned[id(layer.kernel)] * 2}):
        taken = are_few_rows(ops.convert_to_tensor(given), len(inner))
        assert taken == (rows == 2)
        bias = np.asarray(layer.bias)
        doubled = 2 * (np.asarray(plain) - bias) + bias
        wanted = doubled if taken else plain
        np.testing.assert_allclose(layer(given), wanted, rtol=1e-5, atol=1e-5)
