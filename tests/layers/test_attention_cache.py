"""Attention with a cache, a few positions at a time, is causal attention at once."""

import numpy as np
import pytest
from compiled import compiled
from keras import ops

from kewen import masks
from kewen.errors import ShapeError
from kewen.layers import MultiHeadAttention

B, T, C, H = 2, 5, 6, 2
INPUTS = np.random.default_rng(0).normal(size=(B, T, C)).astype("float32")


@pytest.fixture(scope="module")
def layer():
    layer = MultiHeadAttention(H)
    layer.build((B, T, C))
    return layer


def empty_cache(head_dim=C // H):
    # Filled with what must never be looked at.
    return tuple(ops.full((B, T, H, head_dim), 1e3) for _ in "kv")


def stepwise(layer, sizes, rotary=None, cache=None):
    """The outputs of all steps, and the cache after the last one."""
    cache, done, outputs, step = cache or empty_cache(), 0, [], compiled(layer)
    triangle = np.tri(T, dtype=bool)[None]
    for size in sizes:
        now = slice(done, done + size)
        output, cache = step(
            ops.convert_to_tensor(INPUTS[:, now]),
            attention_mask=ops.convert_to_tensor(triangle[:, now]),
            rotary=rotary and as_tensors(part[:, now] for part in rotary),
            cache=cache,
            cache_index=done,
        )
        outputs.append(ops.convert_to_numpy(output))
        done += size
    return np.concatenate(outputs, axis=1), cache


def as_tensors(arrays):
    return tuple(map(ops.convert_to_tensor, arrays))


def at_once(layer, rotary=None):
    x = ops.convert_to_tensor(INPUTS)
    rotary = rotary and as_tensors(rotary)
    return ops.convert_to_numpy(
        compiled(layer)(x, attention_mask=masks.causal(T), rotary=rotary)
    )


@pytest.mark.parametrize("sizes", [[1] * T, [3, 1, 1], [T]], ids=str)
def test_steps_with_a_cache_are_the_whole_causal_run(layer, sizes):
    np.testing.assert_allclose(
        stepwise(layer, sizes)[0], at_once(layer), rtol=1e-4, atol=1e-5
    )


def test_steps_with_a_cache_of_rotated_keys_are_the_whole_causal_run():
    layer = MultiHeadAttention(H, head_dim=4)
    layer.build((B, T, C))
    angles = (np.arange(T)[None, :, None] * np.array([1.0, 0.1])).astype("float32")
    rotary = np.cos(angles), np.sin(angles)
    got, _ = stepwise(layer, [1] * T, rotary, empty_cache(head_dim=4))
    np.testing.assert_allclose(got, at_once(layer, rotary=rotary), rtol=1e-4, atol=1e-5)


def test_cache_holds_the_keys_of_all_positions_in_order(layer):
    keys, _ = stepwise(layer, [2, 3])[1]
    wanted = layer.key(ops.convert_to_tensor(INPUTS))
    np.testing.assert_allclose(
        ops.convert_to_numpy(keys), ops.convert_to_numpy(wanted), rtol=1e-4, atol=1e-5
    )


def test_cached_step_gives_output_scores_and_cache_in_this_order(layer):
    x = ops.convert_to_tensor(INPUTS[:, :1])
    mask = masks.causal(1, T)
    results = layer(
        x, attention_mask=mask, cache=empty_cache(), cache_index=0, return_scores=True
    )
    output, scores, (keys, _) = results
    assert (tuple(output.shape), tuple(scores.shape), tuple(keys.shape)) == (
        (B, 1, C),
        (B, H, 1, T),
        (B, T, H, C // H),
    )


def test_cache_without_an_index_is_refused(layer):
    with pytest.raises(ShapeError, match="cache_index"):
        layer(ops.convert_to_tensor(INPUTS), cache=empty_cache())
