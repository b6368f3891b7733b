"""`MultiHeadAttention` against loops in NumPy, Keras' own layer, and its promises."""

import keras
import numpy as np
import pytest
from compiled import compiled
from keras import ops
from numpy_attention import numpy_attention

from kewen.errors import ConfigError, ShapeError
from kewen.layers import MultiHeadAttention

B, T, S, C, H, D = 2, 5, 4, 6, 2, 3
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(B, T, C)).astype("float32")
CONTEXT = RNG.normal(size=(B, S, C)).astype("float32")
MASK = RNG.random((B, T, T)) < 0.6
MASK[0, 0] = False  # a query that sees nothing
MASK[1, 1] = True
BIAS = RNG.normal(size=(1, H, T, T)).astype("float32")


def made(**options):
    """A layer all of whose weights are random, biases too."""
    layer = MultiHeadAttention(H, **options)
    layer.build((B, T, C))
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


@pytest.fixture(scope="module")
def layer():
    return made()


def run(layer, inputs=INPUTS, training=False, return_scores=False, **given):
    """The layer's results as NumPy arrays, from NumPy arguments."""

    def call(inputs, given):
        return layer(inputs, training=training, return_scores=return_scores, **given)

    tensors = keras.tree.map_structure(ops.convert_to_tensor, given)
    results = compiled(call)(ops.convert_to_tensor(inputs), tensors)
    return keras.tree.map_structure(ops.convert_to_numpy, results)


def expected(layer, inputs=INPUTS, **given):
    return numpy_attention(layer.get_weights(), inputs, **given)


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


CALLS = {
    "alone": {},
    "mask": {"mask": MASK},
    "one mask row for all queries": {"mask": MASK[:, 2:3]},
    "one mask for all rows": {"mask": MASK[:1]},
    "bias": {"bias": BIAS},
    "mask and bias": {"mask": MASK, "bias": BIAS},
    "context": {"context": CONTEXT},
    "context and mask": {"context": CONTEXT, "mask": MASK[:, :, :S]},
}


def as_arguments(call):
    return {"attention_mask" if k == "mask" else k: v for k, v in call.items()}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_attention_is_what_the_loops_give(layer, call):
    close(run(layer, **as_arguments(call)), expected(layer, **call)[0])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_scores_are_what_the_loops_give(layer, call):
    scores = run(layer, **as_arguments(call), return_scores=True)[1]
    close(scores, expected(layer, **call)[1])


def test_output_is_the_same_whether_scores_are_asked_for_or_not(layer):
    asked, _ = run(layer, attention_mask=MASK, bias=BIAS, return_scores=True)
    close(run(layer, attention_mask=MASK, bias=BIAS), asked)


def test_score_rows_sum_to_one_or_to_zero_where_nothing_is_seen(layer):
    _, scores = run(layer, attention_mask=MASK, return_scores=True)
    sums = np.broadcast_to(MASK.any(-1)[:, None], (B, H, T)).astype(float)
    close(scores.sum(-1), sums)


@pytest.mark.parametrize("return_scores", [False, True])
def test_query_that_sees_nothing_gets_the_output_bias_alone(layer, return_scores):
    results = run(layer, attention_mask=MASK, return_scores=return_scores)
    output = results[0] if return_scores else results
    close(output[0, 0], layer.get_weights()[-1])


def test_attention_without_mask_is_not_uniform(layer):
    # The lesson's layer took 1e10 away from everything, and so attended to all alike.
    _, scores = run(layer, return_scores=True)
    assert np.abs(scores - 1 / T).max() > 0.1


def test_attention_with_a_full_mask_is_attention_without_one(layer):
    close(run(layer, attention_mask=np.ones((1, 1, T), bool)), run(layer))


def test_masked_keys_do_not_change_the_output(layer):
    mask = np.array([[[True, True, True, False, False]]])
    other = INPUTS.copy()
    other[:, 3:] = 1e3
    got, same = run(layer, attention_mask=mask), run(layer, other, attention_mask=mask)
    close(got[:, :3], same[:, :3])


@pytest.mark.parametrize("layout", ["interleaved", "halves"])
def test_rotary_turns_queries_and_keys_by_their_positions(layout):
    layer = made(head_dim=4, rotary_layout=layout)
    angle = np.array([1.0, 0.1])

    def turn(vector, position):
        first, second = (
            (vector[0::2], vector[1::2])
            if layout == "interleaved"
            else np.split(vector, 2)
        )
        z = (first + 1j * second) * np.exp(1j * position * angle)
        parts = [z.real, z.imag]
        return (
            np.stack(parts, -1).ravel() if layout == "interleaved" else np.hstack(parts)
        )

    angles = (np.arange(T)[None, :, None] * angle).astype("float32")
    rotary = np.cos(angles), np.sin(angles)
    close(run(layer, rotary=rotary), expected(layer, turn=turn)[0])


def test_head_size_may_differ_from_width_over_heads():
    layer = made(head_dim=5)
    close(run(layer), expected(layer)[0])


def test_attention_without_biases_has_four_weights():
    assert [weight.path.split("/")[-1] for weight in made(use_bias=False).weights] == [
        "kernel"
    ] * 4


def test_attention_equals_keras_own_layer(layer):
    theirs = keras.layers.MultiHeadAttention(H, D)
    theirs.build((B, T, C), (B, T, C))
    theirs.set_weights(layer.get_weights())
    seen = MASK | ~MASK.any(-1, keepdims=True)  # theirs averages where nothing is seen
    inputs = ops.convert_to_tensor(INPUTS)
    wanted = theirs(inputs, inputs, attention_mask=ops.convert_to_tensor(seen))
    close(run(layer, attention_mask=seen), ops.convert_to_numpy(wanted))


def test_training_path_without_dropout_is_the_evaluation_path(layer):
    close(
        run(layer, attention_mask=MASK, training=True), run(layer, attention_mask=MASK)
    )


def test_explicit_training_path_is_the_evaluation_path_where_nothing_is_dropped():
    dropping = made(dropout=0.5)
    dropping.probability_dropout.rate = 0.0  # the path of dropout, and nothing dropped
    got = run(dropping, attention_mask=MASK, bias=BIAS, training=True)
    close(got, run(dropping, attention_mask=MASK, bias=BIAS))


def test_dropout_changes_the_output_in_training():
    dropping = made(dropout=0.5)
    assert not np.allclose(run(dropping, training=True), run(dropping))


def test_dropout_does_not_change_the_output_in_evaluation(layer):
    close(run(made(dropout=0.5)), run(layer))


@pytest.mark.parametrize("initializer", [None, "glorot_uniform"])
def test_new_kernels_of_one_layer_differ(initializer):
    layer = MultiHeadAttention(H, kernel_initializer=initializer)
    layer.build((B, T, C))
    assert not np.allclose(layer.query.get_weights()[0], layer.key.get_weights()[0])


def test_mask_with_a_head_axis_is_refused_with_its_shape(layer):
    with pytest.raises(ShapeError, match=r"\(2, 1, 5, 5\)"):
        run(layer, attention_mask=MASK[:, None])


def test_mask_of_padding_alone_is_refused_with_its_shape(layer):
    with pytest.raises(ShapeError, match=r"\(2, 5\)"):
        run(layer, attention_mask=MASK[:, 0])


def test_width_that_heads_cannot_share_is_refused_with_both_numbers():
    with pytest.raises(ConfigError, match="width 6, num_heads 4"):
        MultiHeadAttention(4).build((B, T, C))
