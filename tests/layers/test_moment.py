"""Attention at a moment, a few columns at a time, is causal attention at once."""

import numpy as np
import pytest
from keras import ops

from kewen import layers, masks
from kewen.layers.moment import Moment

N, T, C, H = 2, 7, 6, 2
INPUTS = np.random.default_rng(0).normal(size=(N, T, C)).astype("float32")
LENGTHS = np.array([T, T - 2])  # the second row begins two columns later


def numpy_of(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def attention():
    layer = layers.MultiHeadAttention(H, name="attention")
    layer.build((N, T, C))
    return layer


def is_token(columns):
    return np.arange(T)[None, columns] >= (T - LENGTHS)[:, None]


def step_by_step(attention, mask, prompt, sizes, capacity, window=None):
    """Outputs of all columns: a prompt, then some columns at a time."""
    memories, done, outputs = {}, 0, []
    for size in [prompt, *sizes]:
        now = slice(done, done + size)
        moment = Moment(
            clock=ops.convert_to_tensor(done, "int32"),
            lengths=ops.convert_to_tensor(is_token(slice(0, done)).sum(1), "int32"),
            capacity=capacity,
            longest=99,
            windows={"attention": window},
            memories=memories,
        )
        seen = ops.convert_to_tensor(is_token(now))
        output = attention.at_moment(
            moment,
            ops.convert_to_tensor(INPUTS[:, now]),
            attention_mask=mask.at_moment(moment, seen),
        )
        outputs.append(numpy_of(output))
        memories, done = moment.memories, done + size
    return np.concatenate(outputs, axis=1)


def at_once(attention, mask):
    whole = mask(ops.convert_to_tensor(is_token(slice(0, T))))
    return numpy_of(attention(ops.convert_to_tensor(INPUTS), attention_mask=whole))


@pytest.mark.parametrize("capacity", [T, T + 5])
@pytest.mark.parametrize(
    ("prompt", "sizes"), [(1, [1] * 6), (3, [1] * 4), (3, [2, 2]), (T, [])], ids=str
)
def test_columns_step_by_step_are_the_whole_causal_run(
    attention, prompt, sizes, capacity
):
    mask = layers.AttentionMask("causal")
    got = step_by_step(attention, mask, prompt, sizes, capacity)
    seen = is_token(slice(0, T))
    np.testing.assert_allclose(
        got[seen], at_once(attention, mask)[seen], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("prompt", [1, 2, 3, 5])
def test_a_window_forgets_what_it_does_not_see(attention, prompt):
    window = 3
    mask = layers.AttentionMask("causal", window=(window - 1, 0))
    sizes = [1] * (T - prompt)
    got = step_by_step(attention, mask, prompt, sizes, T, window)
    seen = is_token(slice(0, T))
    np.testing.assert_allclose(
        got[seen], at_once(attention, mask)[seen], rtol=1e-4, atol=1e-5
    )


def test_a_ring_of_the_windows_size_goes_round_for_ever(attention):
    """Many more columns than slots, against the formula on a moving window."""
    window, count = 3, 20
    columns = np.random.default_rng(1).normal(size=(1, count, C)).astype("float32")
    mask = layers.AttentionMask("causal", window=(window - 1, 0))
    memories, got = {}, []
    for done in range(count):
        moment = Moment(
            clock=ops.convert_to_tensor(done, "int32"),
            lengths=ops.convert_to_tensor([done], "int32"),
            capacity=count,
            longest=99,
            windows={"attention": window},
            memories=memories,
        )
        output = attention.at_moment(
            moment,
            ops.convert_to_tensor(columns[:, done : done + 1]),
            attention_mask=mask.at_moment(moment, ops.ones((1, 1), "bool")),
        )
        memories = moment.memories
        got.append(numpy_of(output))
        keys, values = memories["attention/1"]
        assert (keys.shape[2], values.shape[1]) == (window, window)
    band = masks.all_of(masks.causal(count), masks.band(count, window - 1, 0))
    wanted = attention(ops.convert_to_tensor(columns), attention_mask=band)
    np.testing.assert_allclose(
        np.concatenate(got, axis=1), numpy_of(wanted), rtol=1e-4, atol=1e-5
    )


def test_a_shared_layer_remembers_each_call_apart():
    moment = Moment(clock=0, lengths=None, capacity=4, longest=9, windows={})
    assert moment.place("attention") != moment.place("attention")
