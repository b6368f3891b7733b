import keras
import numpy as np
import pytest
from dense_layers import LAYERS
from keras import ops

from kewen.layers.token_embedding import TokenEmbedding
from kewen.ops import are_few_rows, int8_product, on_jax_cpu

ON_JAX = pytest.mark.skipif(keras.backend.backend() != "jax", reason="used there only")
RNG = np.random.default_rng(0)


@ON_JAX
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("count", [1, 5])
def test_product_is_the_matrix_product_to_15_bits_of_each_row(count, transposed):
    rows = RNG.standard_normal((count, 32)) * 1.5 ** np.arange(32)
    rows = rows.astype("float32")
    matrix = RNG.integers(-127, 128, (32, 8)).astype("int8")
    scale = RNG.uniform(1, 50, 8).astype("float32")
    given = matrix.T if transposed else matrix
    found = ops.convert_to_numpy(int8_product(rows, given.copy(), scale, transposed))
    unit = np.abs(rows).max(axis=1, keepdims=True) / 127
    bound = unit * 0.51 / 254 * np.abs(matrix.astype("float64")).sum(axis=0) / scale
    exact = rows.astype("float64") @ (matrix.astype("float64") / scale)
    assert (np.abs(found - exact) <= bound + 1e-6 * np.abs(exact)).all()


@ON_JAX
def test_product_of_zeros_is_zero():
    found = int8_product(ops.zeros((2, 4)), np.ones((4, 3), "int8"), np.ones(3, "f"))
    np.testing.assert_array_equal(ops.convert_to_numpy(found), 0)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("rows", [1, 4])
def test_quantised_layers_of_few_rows_lose_nothing_but_the_kernels_rounding(name, rows):
    make, inner = LAYERS[name]
    layer = make()
    given = RNG.standard_normal((rows, 1, *inner)).astype("float32")
    layer(given)
    kernel = ops.convert_to_numpy(layer.kernel)
    layer.bias.assign(RNG.standard_normal(layer.bias.shape))
    bias = ops.convert_to_numpy(layer.bias)
    layer.quantize("int8")
    axes = len(inner)
    found = ops.convert_to_numpy(layer(given))
    scale = 127 / np.abs(kernel).max(axis=tuple(range(axes)))
    rounded = np.round(kernel * scale) / scale
    exact = np.tensordot(given, rounded, axes) + bias
    # Where the few rows are Keras' own affair, they are rounded to 8 bits.
    few = are_few_rows(given, axes)
    np.testing.assert_allclose(found, exact, atol=1e-3 if few else 5e-2)


# Keras turns a vector of scales around, of which torch warns.
@pytest.mark.filterwarnings("ignore:The use of `x.T`")
def test_logits_of_a_quantised_table_of_few_rows():
    table = TokenEmbedding(50, 16)
    table.build()
    exact = ops.convert_to_numpy(table.embeddings)
    given = RNG.standard_normal((2, 1, 16)).astype("float32")
    table.quantize("int8")
    scale = 127 / np.abs(exact).max(axis=1, keepdims=True)
    wanted = given @ (np.round(exact * scale) / scale).T
    found = ops.convert_to_numpy(table(given, reverse=True))
    np.testing.assert_allclose(found, wanted, atol=1e-5 if on_jax_cpu() else 5e-3)


@ON_JAX
def test_gradient_with_respect_to_the_rows_is_that_of_the_product():
    import jax

    rows = RNG.standard_normal((2, 8)).astype("float32")
    matrix = RNG.integers(-127, 128, (8, 3)).astype("int8")
    scale = np.array([1.0, 2.0, 3.0], "float32")
    weight = RNG.standard_normal((2, 3)).astype("float32")
    found = jax.grad(lambda x: (int8_product(x, matrix, scale) * weight).sum())(rows)
    np.testing.assert_allclose(found, (weight / scale) @ matrix.T, rtol=1e-5)
