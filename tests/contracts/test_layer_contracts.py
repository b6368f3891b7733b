"""What every layer promises, whatever it does: table in subjects.py."""

import keras
import numpy as np
import pytest
from compiled import compiled
from keras import ops
from subjects import LAYERS

ROWS = pytest.mark.parametrize("row", LAYERS, ids=str)
NAMED = "named"  # the layer's own name, so that weights have one path in every copy
POLICIES = ["float32", "mixed_bfloat16"]


def made(row, **options):
    keras.utils.set_random_seed(0)
    return row.make(**row.options, name=NAMED, **options)


def run(layer, row):
    """The layer's output on the row's inputs."""
    tensors = keras.tree.map_structure(
        ops.convert_to_tensor, (list(row.inputs), row.named)
    )
    return compiled(lambda given: layer(*given[0], **given[1]))(tensors)


def build_like(layer, row):
    """Build without running: the functional way, by symbols."""
    symbol = lambda array: keras.KerasTensor(array.shape, str(array.dtype))
    inputs, named = keras.tree.map_structure(symbol, (list(row.inputs), row.named))
    return layer(*inputs, **named)


@ROWS
def test_config_makes_the_same_layer_again(row):
    layer = made(row)
    again = row.make.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@ROWS
def test_layer_with_a_policy_object_has_a_config(row):
    policy = keras.DTypePolicy("mixed_bfloat16")
    config = made(row, dtype=policy).get_config()
    assert row.make.from_config(config).dtype_policy == policy


@ROWS
def test_config_holds_every_argument_of_the_table(row):
    assert row.options.keys() <= made(row).get_config().keys()


@ROWS
def test_symbolic_output_has_the_shape_and_dtype_of_the_real_one(row):
    layer = made(row)
    symbolic, real = build_like(layer, row), run(layer, row)
    assert (tuple(symbolic.shape), symbolic.dtype) == (
        tuple(real.shape),
        keras.backend.standardize_dtype(real.dtype),
    )


@ROWS
def test_saved_model_with_the_layer_gives_the_same_output(row, tmp_path):
    symbol = lambda array: keras.Input(array.shape[1:], dtype=str(array.dtype))
    # A constant such as an angle table has one row for the whole batch: it stays so.
    arrays = [*row.inputs, *row.named.values()]
    if any(isinstance(array, tuple) for array in arrays):
        pytest.skip("pairs of arrays are no inputs of a model; parts are tested apart")
    inputs = [symbol(array) for array in arrays]
    count = len(row.inputs)
    layer = made(row)
    output = layer(*inputs[:count], **dict(zip(row.named, inputs[count:], strict=True)))
    model = keras.Model(inputs, output)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(
        again.predict_on_batch(arrays), model.predict_on_batch(arrays)
    )


@ROWS
def test_bfloat16_output_is_close_to_the_float32_one(row):
    outputs = {}
    for policy in POLICIES:
        output = run(made(row, dtype=policy), row)
        outputs[policy] = ops.convert_to_numpy(ops.cast(output, "float32"))
    np.testing.assert_allclose(*outputs.values(), rtol=0.05, atol=0.05)


@ROWS
def test_mixed_policy_gives_bfloat16_where_numbers_come_out(row):
    output = build_like(made(row, dtype="mixed_bfloat16"), row)
    if "float" in build_like(made(row), row).dtype:
        assert output.dtype == "bfloat16"


@ROWS
def test_mixed_policy_keeps_weights_in_float32(row):
    layer = made(row, dtype="mixed_bfloat16")
    build_like(layer, row)
    assert {weight.dtype for weight in layer.trainable_weights} <= {"float32"}
