"""AlignedBidirectional: what a text gets does not depend on its neighbours' lengths."""

import functools

import keras
import numpy as np
import pytest
from compiled import compiled
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import AlignedBidirectional
from kewen.ops import reverse_tokens

KINDS = [keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM]
LENGTHS = (5, 2, 1)
T, C, UNITS = 5, 3, 4
HIDDEN = np.random.default_rng(0).normal(size=(3, T, C)).astype("float32")
ALL = np.ones((3, T), bool)


def made(kind, **options):
    keras.utils.set_random_seed(0)
    return AlignedBidirectional(kind(UNITS, **options))


def run(layer, hidden, mask):
    if not layer.built:
        layer.build(hidden.shape)
    tensors = ops.convert_to_tensor(hidden), ops.convert_to_tensor(mask)
    return ops.convert_to_numpy(compiled(lambda given: layer(*given))(tensors))


def padded(side, pads):
    """The texts, each with its length, in rows of T + pads."""
    hidden = np.full((3, T + pads, C), 7, "float32")
    mask = np.zeros((3, T + pads), bool)
    for row, length in enumerate(LENGTHS):
        place = slice(-length, None) if side == "left" else slice(length)
        hidden[row, place], mask[row, place] = HIDDEN[row, :length], True
    return hidden, mask


@functools.cache
def alone(kind, return_sequences):
    """What each text gets in a batch of its own, without any padding."""
    layer = made(kind, return_sequences=return_sequences)
    return [
        run(layer, HIDDEN[row : row + 1, :length], ALL[:1, :length])[0]
        for row, length in enumerate(LENGTHS)
    ]


@pytest.mark.parametrize(("side", "pads"), [("right", 0), ("left", 3), ("right", 100)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_token_gets_what_it_gets_alone(kind, side, pads):
    hidden, mask = padded(side, pads)
    outputs = run(made(kind, return_sequences=True), hidden, mask)
    for row, wanted in enumerate(alone(kind, True)):
        np.testing.assert_allclose(outputs[row][mask[row]], wanted, atol=1e-6)
    assert (outputs[~mask] == 0).all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_every_text_ends_in_the_state_it_has_alone(side):
    states = run(made(keras.layers.LSTM), *padded(side, 3))
    np.testing.assert_allclose(states, alone(keras.layers.LSTM, False), atol=1e-6)


def test_without_a_mask_keras_lets_the_pads_in():
    layer = made(keras.layers.GRU, return_sequences=True)
    hidden, mask = padded("right", 3)
    ours = run(layer, hidden, mask)
    careless = ops.convert_to_numpy(layer.both(ops.convert_to_tensor(hidden)))
    assert abs(careless - ours)[mask].max() > 0.01


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_author_s_reversal_of_the_tokens_gives_the_same(side):
    layer = made(keras.layers.GRU, return_sequences=True)
    hidden, mask = padded(side, 2)
    outputs = run(layer, hidden, mask)
    backward = layer.both.backward_layer
    forward = keras.layers.GRU(UNITS, return_sequences=True)
    forward.build(hidden.shape)
    forward.set_weights(backward.get_weights())
    turned = forward(reverse_tokens(ops.convert_to_tensor(hidden), mask), mask=mask)
    back = ops.convert_to_numpy(reverse_tokens(turned, mask))
    np.testing.assert_allclose(outputs[mask][:, UNITS:], back[mask], atol=1e-6)


def test_torch_s_packed_sequences_give_the_same():
    torch = pytest.importorskip("torch")
    layer = made(keras.layers.LSTM, return_sequences=True)
    hidden, mask = padded("right", 2)
    outputs = run(layer, hidden, mask)
    theirs = torch.nn.LSTM(C, UNITS, batch_first=True, bidirectional=True)
    both = {"": layer.both.forward_layer, "_reverse": layer.both.backward_layer}
    for end, ours in both.items():
        kernel, recurrent, bias = ours.get_weights()
        values = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T}
        values |= {"bias_ih_l0": bias, "bias_hh_l0": 0 * bias}
        for name, value in values.items():  # the gates are in the same order
            getattr(theirs, name + end).data = torch.tensor(np.array(value))
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(hidden), torch.tensor(LENGTHS), batch_first=True
    )
    unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(
        theirs(packed)[0], batch_first=True, total_length=T + 2
    )
    np.testing.assert_allclose(outputs, unpacked.detach().numpy(), atol=1e-5)


def test_a_row_without_tokens_gives_zeros():
    for options in ({}, {"return_sequences": True}):
        outputs = run(made(keras.layers.LSTM, **options), HIDDEN, ~ALL)
        assert (outputs == 0).all()


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave"])
def test_both_directions_become_one_as_asked(mode):
    inner = keras.layers.GRU(UNITS, return_sequences=True)
    outputs = run(AlignedBidirectional(inner, merge_mode=mode), HIDDEN, ALL)
    assert outputs.shape == (3, T, 2 * UNITS if mode == "concat" else UNITS)


def test_another_mode_is_refused():
    with pytest.raises(ConfigError, match="merge_mode"):
        AlignedBidirectional(keras.layers.GRU(UNITS), merge_mode=None)


def test_weights_of_both_directions_are_trained_and_counted_once():
    layer = made(keras.layers.GRU)
    run(layer, HIDDEN, ALL)
    assert len(layer.trainable_weights) == 6
    assert len({id(weight) for weight in layer.weights}) == len(layer.weights)
