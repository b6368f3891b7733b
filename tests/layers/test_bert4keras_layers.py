"""Layers against bert4keras' own, run on recorded arrays."""

import functools
import json

import keras
import numpy as np
import pytest
from golden_cases import GOLDEN
from keras import ops

from kewen import layers
from kewen.errors import ConfigError
from kewen.ops import NORMALIZATIONS, attention_probabilities

HEADS, SIZE = 3, 8


@functools.cache
def recorded(case):
    with np.load(GOLDEN / "bert4keras" / case / "expected.npz") as file:
        return dict(file)


def close(got, wanted, where=...):
    got, wanted = ops.convert_to_numpy(got)[where], wanted[where]
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def weights_of(case, tag):
    arrays = recorded(case)
    count = sum(name.startswith(f"{tag}_weight_") for name in arrays)
    return [arrays[f"{tag}_weight_{i}"] for i in range(count)]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("ending", ["", "_no_mask"])
def test_probabilities_are_those_of_the_original(normalization, ending):
    arrays = recorded("layers_misc")
    mask = None if ending else arrays["mask"].astype(bool)[:, None, None]
    got = attention_probabilities(
        ops.convert_to_tensor(arrays["scores"]), mask, normalization
    )
    close(got, arrays[f"attention_{normalization}{ending}"])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_query_that_may_look_at_nothing_gets_zeros(normalization):
    scores = ops.ones((1, 2, 3, 4))
    got = attention_probabilities(scores, np.zeros((1, 1, 1, 4), bool), normalization)
    assert (ops.convert_to_numpy(got) == 0).all()


def test_unknown_normalization_is_refused():
    with pytest.raises(ConfigError, match=r"softmax_plus.*Received: 'sparsemax'"):
        layers.MultiHeadAttention(2, normalization="sparsemax")


def set_projections(layer, weights):
    """Kernels and biases, in turn, of query, key, value and output."""
    shapes = [weight.shape for weight in layer.weights]
    layer.set_weights(
        [w.reshape(shape) for w, shape in zip(weights, shapes, strict=True)]
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_attention_is_that_of_the_original(normalization):
    arrays = recorded("layer_multi_head_attention")
    mask = arrays["mask"].astype(bool)
    layer = layers.MultiHeadAttention(
        HEADS, head_dim=SIZE, key_dim=SIZE, normalization=normalization
    )
    layer.build(arrays["input"].shape)
    set_projections(layer, weights_of("layer_multi_head_attention", normalization))
    got = layer(arrays["input"], attention_mask=mask[:, None])
    close(got, arrays[f"{normalization}_output"], mask)


def test_attention_across_with_a_bias_gives_the_scores_of_the_original():
    case = "layer_multi_head_attention"
    arrays = recorded(case)
    query, context = arrays["input"], arrays["cross_context"]
    *_, kernel = weights_of(case, "cross")
    # Ours has as many outputs as inputs: the last kernel stands apart.
    layer = layers.MultiHeadAttention(HEADS, head_dim=SIZE, scale=1.0, use_bias=False)
    layer.build(query.shape, context.shape)
    width = HEADS * SIZE
    *first, _ = weights_of(case, "cross")
    set_projections(layer, [*first, np.eye(width, dtype="float32")])
    mixed, scores, logits = layer(
        query,
        context,
        attention_mask=arrays["cross_context_mask"].astype(bool)[:, None],
        bias=arrays["cross_bias"],
        return_scores=True,
        return_logits=True,
    )
    seen = arrays["cross_context_mask"].astype(bool)[:, None, None]
    close(logits, arrays["cross_scores"], np.broadcast_to(seen, logits.shape))
    close(ops.convert_to_numpy(mixed) @ kernel, arrays["cross_output"])
    np.testing.assert_allclose(ops.convert_to_numpy(scores).sum(-1), 1, rtol=1e-5)


def brute_force(query, key, value, relations, mask):
    """Shaw et al., equations 3 and 4, one pair of positions at a time."""
    out = np.zeros_like(value)
    rows, length, heads, size = query.shape
    for b in range(rows):
        for h in range(heads):
            for t in range(length):
                seen = [s for s in range(length) if mask[b, s]]
                scores = [
                    query[b, t, h] @ (key[b, s, h] + relations[t, s]) / size**0.5
                    for s in seen
                ]
                shares = np.exp(scores) / np.exp(scores).sum()
                for share, s in zip(shares, seen, strict=True):
                    out[b, t, h] += share * (value[b, s, h] + relations[t, s])
    return out


def test_relations_are_added_to_keys_and_values():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(2, 5, 8)).astype("float32")
    relations = rng.normal(size=(5, 5, 4)).astype("float32")
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)
    layer = layers.MultiHeadAttention(2, kernel_initializer="random_normal")
    layer.build(hidden.shape)
    query, key, value = (
        ops.convert_to_numpy(each(hidden))
        for each in (layer.query, layer.key, layer.value)
    )
    wanted = layer.output_dense(brute_force(query, key, value, relations, mask))
    got = layer(hidden, attention_mask=mask[:, None], relations=relations)
    close(got, ops.convert_to_numpy(wanted))


@pytest.mark.parametrize(
    ("tag", "options"),
    [
        ("feed_forward", {"intermediate_dim": 32, "activation": layers.gelu_erf}),
        (
            "feed_forward_glu",
            {"intermediate_dim": 19, "activation": [layers.gelu_tanh, "linear"]},
        ),
        (
            "feed_forward_glu3",
            {"intermediate_dim": 16, "activation": ["swish", "sigmoid", "tanh"]},
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_feed_forward_is_that_of_the_original(tag, options):
    arrays = recorded("layers_misc")
    weights = weights_of("layers_misc", tag)
    layer = layers.FeedForward(**options, use_bias=len(weights) % 2 == 0)
    layer.build(arrays["input"].shape)
    step = 2 if layer.use_bias else 1
    parts = [weights[i : i + step] for i in range(0, len(weights), step)]
    *inside, outer = parts
    gates = [*layer.gates, layer.inner]
    for dense, given in zip([*gates, layer.outer], [*inside, outer], strict=True):
        dense.set_weights(given)
    close(layer(arrays["input"]), arrays[f"{tag}_output"])


def test_list_of_activations_must_say_something():
    with pytest.raises(ConfigError, match=r"list of activations.*Received: \[\]"):
        layers.FeedForward(4, activation=[])


@pytest.mark.parametrize(
    ("tag", "options"),
    [
        ("layer_norm_conditional", {}),
        (
            "layer_norm_conditional_hidden",
            {"hidden_dim": 7, "hidden_activation": "tanh"},
        ),
    ],
)
def test_conditional_norm_is_that_of_the_original(tag, options):
    arrays = recorded("layers_misc")
    layer = layers.ConditionalNorm(**options)
    layer.build(arrays["input"].shape, arrays["condition"].shape)
    beta, gamma, *hidden, to_beta, to_gamma = weights_of("layers_misc", tag)
    layer.beta.assign(beta)
    layer.gamma.assign(gamma)
    layer.condition_beta.set_weights([to_beta])
    layer.condition_gamma.set_weights([to_gamma])
    for kernel in hidden:
        layer.condition_hidden.set_weights([kernel])
    close(layer(arrays["input"], arrays["condition"]), arrays[f"{tag}_output"])


def test_zero_condition_makes_it_the_plain_norm():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(2, 5, 8)).astype("float32")
    layer = layers.ConditionalNorm(epsilon=1e-3)
    layer.build(hidden.shape, (2, 3))
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    plain = keras.layers.LayerNormalization(epsilon=1e-3)
    plain.build(hidden.shape)
    plain.gamma.assign(layer.gamma)
    plain.beta.assign(layer.beta)
    close(
        layer(hidden, np.zeros((2, 3), "float32")), ops.convert_to_numpy(plain(hidden))
    )
    moved = layer(hidden, np.ones((2, 3), "float32")) - plain(hidden)
    assert np.abs(ops.convert_to_numpy(moved)).max() > 0.1


def test_new_projections_make_it_the_plain_norm_for_any_condition():
    hidden = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    layer = layers.ConditionalNorm()
    plain = keras.layers.LayerNormalization(epsilon=1e-12)
    close(
        layer(hidden, np.ones((2, 3), "float32")), ops.convert_to_numpy(plain(hidden))
    )


def test_hierarchical_positions_are_those_of_the_original():
    arrays = recorded("layers_misc")
    layer = layers.HierarchicalPositions(5)
    layer.build(arrays["input"].shape)
    layer.set_weights(weights_of("layers_misc", "position_hierarchical"))
    close(layer(arrays["input"]), arrays["position_hierarchical_output"])


def test_first_hierarchical_positions_are_the_rows_of_the_table():
    hidden = np.zeros((1, 4, 8), "float32")
    one = layers.HierarchicalPositions(4, alpha=0.3, initializer="random_normal")
    close(one(hidden)[0], ops.convert_to_numpy(one.embeddings))


@pytest.mark.parametrize("alpha", [0, 0.5, 1, True, "0.4"])
def test_alpha_that_cannot_be_is_refused(alpha):
    with pytest.raises(ConfigError, match="alpha of hierarchical positions"):
        layers.HierarchicalPositions(4, alpha=alpha)


def test_relative_positions_are_the_sinusoidal_table_of_the_original():
    arrays = recorded("layers_misc")
    table = arrays["sinusoidal_16"][0]  # positions 0 to 10
    got = ops.convert_to_numpy(
        layers.RelativePositions(16, farthest=5)(np.zeros((1, 30, 1)))
    )
    for t, s in [(0, 0), (0, 3), (3, 0), (0, 29), (29, 0), (10, 14)]:
        close(got[t, s], table[np.clip(s - t, -5, 5) + 5])


def test_relative_positions_of_odd_size_are_refused():
    with pytest.raises(ConfigError, match=r"must be even.*Received: 5"):
        layers.RelativePositions(5)


def test_recorded_variants_are_the_ones_compared():
    about = json.loads(
        (GOLDEN / "bert4keras/layer_multi_head_attention/case.json").read_text()
    )
    assert set(about["variants"]) == {*NORMALIZATIONS, "cross"}


GAU = json.loads(
    (GOLDEN / "bert4keras/layer_gated_attention_unit/case.json").read_text()
)["variants"]


def gated_unit(tag, arrays):
    """The layer of a recorded variant, with its weights."""
    case, said = "layer_gated_attention_unit", GAU[tag]
    layer = layers.GatedAttentionUnit(
        said["units"],
        said["key_size"],
        activation=said.get("activation", "silu"),
        use_bias=said.get("use_bias", True),
        normalization=said.get("normalization", "squared_relu"),
        scale=said.get("attention_scale", True),
        across=not said.get("self_attention", True),
    )
    layer.build(arrays["input"].shape, arrays["cross_context"].shape)
    weights = iter(weights_of(case, tag))

    def give(dense):
        dense.set_weights([next(weights) for _ in dense.weights])

    give(layer.inner)
    if layer.across:
        give(layer.key)
        give(layer.value)
    else:
        for name in ("query", "key"):
            if layer.use_bias:
                getattr(layer, f"{name}_offset").assign(next(weights))
            getattr(layer, f"{name}_scale").assign(next(weights))
    give(layer.outer)
    return layer


@pytest.mark.parametrize("tag", [tag for tag in GAU if tag != "cross"])
def test_gated_attention_unit_is_that_of_the_original(tag):
    arrays, said = recorded("layer_gated_attention_unit"), GAU[tag]
    is_token = arrays["mask"].astype(bool)
    options = {"attention_mask": is_token[:, None]} if said["masked"] else {}
    if said["p_bias"] == "rotary":
        places = np.arange(is_token.shape[1])[None]
        options["rotary"] = layers.RotaryAngles(said["key_size"])(places)
    got = gated_unit(tag, arrays)(arrays["input"], **options)
    close(got, arrays[f"{tag}_output"], is_token if said["masked"] else ...)


def test_gated_attention_across_is_that_of_the_original_without_a_mask():
    arrays = recorded("layer_gated_attention_unit")
    got = gated_unit("cross", arrays)(arrays["input"], arrays["cross_context"])
    close(got, arrays["cross_output"])


def test_keys_of_a_context_are_masked_by_their_own_mask():
    # The original takes the mask of the queries, and raises where lengths differ.
    arrays = recorded("layer_gated_attention_unit")
    layer = gated_unit("cross", arrays)
    context = arrays["cross_context"]
    seen = np.zeros((context.shape[0], 1, context.shape[1]), bool)
    seen[..., :7] = True
    got = layer(arrays["input"], context, attention_mask=seen)
    close(got, ops.convert_to_numpy(layer(arrays["input"], context[:, :7])))
