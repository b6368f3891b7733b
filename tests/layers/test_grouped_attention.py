"""What the attention of newer decoders adds: groups, caps, scales, norms of heads."""

import keras
import numpy as np
import pytest
from compiled import compiled
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import MultiHeadAttention

B, T, C, H, G, D = 2, 5, 8, 4, 2, 6
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(B, T, C)).astype("float32")
MASK = np.tril(np.ones((1, T, T), bool))


def made(**options):
    layer = MultiHeadAttention(**{"num_heads": H, "head_dim": D, **options})
    layer.build((B, T, C))
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


def run(layer, return_scores=False):
    call = lambda x, mask: layer(x, attention_mask=mask, return_scores=return_scores)
    results = compiled(call)(ops.convert_to_tensor(INPUTS), ops.convert_to_tensor(MASK))
    return keras.tree.map_structure(ops.convert_to_numpy, results)


def softmax(logits):
    powers = np.where(MASK[:, None], np.exp(logits - logits.max(-1, keepdims=True)), 0)
    return powers / powers.sum(-1, keepdims=True)


def projected(layer, name):
    part = getattr(layer, name)
    bias = 0 if part.bias is None else np.asarray(part.bias)
    return np.einsum("btc,chd->bthd", INPUTS, np.asarray(part.kernel)) + bias


def expected(layer, scale=D**-0.5, change=lambda logits: logits, norm=lambda x, _: x):
    query = norm(projected(layer, "query"), "query_norm")
    key = norm(projected(layer, "key"), "key_norm")
    value = projected(layer, "value")
    groups = H // key.shape[2]
    key, value = (np.repeat(each, groups, axis=2) for each in (key, value))
    scores = softmax(change(np.einsum("bthd,bshd->bhts", query, key) * scale))
    mixed = np.einsum("bhts,bshd->bthd", scores, value)
    out = layer.output_dense
    bias = 0 if out.bias is None else np.asarray(out.bias)
    return np.einsum("bthd,hdc->btc", mixed, np.asarray(out.kernel)) + bias


def rms_norm(layer):
    def norm(x, name):
        part = getattr(layer, name)
        rms = np.sqrt((x * x).mean(-1, keepdims=True) + part.epsilon)
        return x / rms * (part.offset + np.asarray(part.gamma))

    return norm


CASES = {
    "groups": ({"num_kv_heads": G}, {}),
    "one head of keys": ({"num_kv_heads": 1}, {}),
    "keys of another size": ({"key_dim": 3}, {"scale": 3**-0.5}),
    "scale": ({"scale": 1.0}, {"scale": 1.0}),
    "cap": ({"soft_cap": 2.0}, {"change": lambda x: 2 * np.tanh(x / 2)}),
    "no bias": ({"use_bias": False}, {}),
    "no bias at the end": ({"use_output_bias": False}, {}),
}


@pytest.mark.parametrize(("options", "differs"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("with_scores", [False, True], ids=["fused", "explicit"])
def test_attention_is_what_numpy_gives(options, differs, with_scores):
    layer = made(**options)
    got = run(layer, return_scores=with_scores)
    got = got[0] if with_scores else got
    np.testing.assert_allclose(got, expected(layer, **differs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_heads_are_normed_before_they_meet(offset):
    layer = made(norm_epsilon=1e-5, norm_offset=offset)
    wanted = expected(layer, norm=rms_norm(layer))
    np.testing.assert_allclose(run(layer), wanted, rtol=1e-4, atol=1e-4)


def test_output_bias_is_left_out_alone():
    layer = made(use_output_bias=False)
    assert layer.output_dense.bias is None and layer.query.bias is not None


def test_groups_must_be_of_one_size():
    with pytest.raises(ConfigError, match="multiple of num_kv_heads"):
        MultiHeadAttention(4, num_kv_heads=3)
