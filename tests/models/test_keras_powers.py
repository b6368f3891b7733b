"""What Keras can do with any model, done with ours: quantising and forgetting."""

import contextlib

import keras
import numpy as np
import pytest
from golden_cases import Pass

import kewen
from kewen.errors import ConfigError

CASE = Pass("huggingface", "bert_mlm")
# The products of the blocks: what Keras takes as a filter is a regex of names.
IN_BLOCKS = "^(query|key|value|output|inner|gate|outer)$"


def inputs(model):
    return {name: CASE.inputs[name] for name in model.inputs_by_name}


def quantized():
    model = kewen.load(CASE.folder).model
    model.quantize("int8", filters=IN_BLOCKS)
    return model


def of(model):
    return model.predict_on_batch(inputs(model))["last_hidden_state"]


def test_kernels_of_a_quantised_model_take_a_byte_a_number():
    kernel = quantized().weights_by_path()["block_0_attention/query/kernel"]
    assert kernel.dtype == "int8"


def test_quantised_model_is_close_to_the_exact_one():
    exact, rough = of(kewen.load(CASE.folder).model), of(quantized())
    assert 0 < np.abs(exact - rough).mean() < 0.03 * np.abs(exact).mean()


def test_quantised_model_is_saved_and_loaded_as_it_is(tmp_path):
    model = quantized()
    kewen.Pretrained(model=model).save(tmp_path / "out", format="keras")
    np.testing.assert_array_equal(of(kewen.load(tmp_path / "out").model), of(model))


@pytest.mark.parametrize("format", ["hf", "tf1"])
def test_quantised_model_has_no_place_in_other_libraries_files(format, tmp_path):
    with pytest.raises(ConfigError, match="format='keras'"):
        kewen.Pretrained(model=quantized()).save(tmp_path / "out", format=format)
    assert not (tmp_path / "out").exists()


def kept_between(mode):
    """Bytes that a forward keeps for its gradient, weights left aside; and a loss."""
    import jax

    scope = keras.RematScope(mode=mode) if mode else contextlib.nullcontext()
    keras.utils.set_random_seed(0)  # so that dropout drops the same in both
    with scope:
        model = kewen.load(CASE.folder).model
    values = [weight.value for weight in model.trainable_variables]
    fixed = [weight.value for weight in model.non_trainable_variables]

    def loss(values):
        made, _ = model.stateless_call(values, fixed, inputs(model), training=True)
        return (made["last_hidden_state"] ** 2).mean()

    kept = jax.eval_shape(lambda values: jax.vjp(loss, values)[1], values)
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kept))
    gradient = jax.jit(jax.grad(loss))(values)
    return size - sum(value.nbytes for value in values), gradient


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX tells what it keeps")
def test_remat_scope_keeps_less_and_gives_the_same_gradient():
    (size, gradient), (fewer, again) = kept_between(None), kept_between("full")
    assert fewer < size / 3
    for one, other in zip(gradient, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


def test_model_made_in_a_remat_scope_trains():
    with keras.RematScope(mode="full"):
        model = kewen.load(CASE.folder).backbone
    model.compile(keras.optimizers.SGD(0.1), lambda y, x: keras.ops.mean(x**2))
    labels = np.zeros(len(CASE.inputs["token_ids"]))
    assert np.isfinite(model.train_on_batch(inputs(model), labels))


@pytest.mark.parametrize(
    ("case", "heads"),
    [
        ("electra_pretraining", None),
        ("bert_sequence_classification", None),
        ("bert_mlm", ["question_answering"]),
        ("t5", None),
        ("gpt2", None),
    ],
)
def test_heads_of_every_kind_answer_and_learn_in_a_remat_scope(case, heads):
    case = Pass("huggingface", case)
    with keras.RematScope(mode="full"):
        model = kewen.load(case.folder).model
        model = model if heads is None else model.redrawn(heads=heads)
    given = {name: np.ones((2, 5), "int32") for name in model.inputs_by_name}
    answer = model.predict(given, verbose=0)  # in a graph, on TensorFlow
    name = next(name for name in answer if name.endswith("logits"))
    assert np.isfinite(answer[name]).all()
    alone = keras.Model(model.inputs, model.output[name])
    alone.compile(keras.optimizers.SGD(0.1), lambda y, x: keras.ops.mean(x**2))
    before = [value.copy() for value in alone.get_weights()]
    alone.fit(given, np.zeros(2), verbose=0)
    after = alone.get_weights()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
