"""`AttentionMask` is `kewen.masks` as a layer; `ScoresOf` shows what another sees."""

import numpy as np
import pytest
from keras import ops

from kewen import masks
from kewen.errors import ConfigError
from kewen.layers import AttentionMask, MultiHeadAttention, ScoresOf

IS_TOKEN = ops.convert_to_tensor([[True, True, True, False]])
SEGMENT_IDS = ops.convert_to_tensor([[0, 1, 1, 0]])


def same(got, wanted):
    return (ops.convert_to_numpy(got) == ops.convert_to_numpy(wanted)).all()


def test_bidirectional_layer_is_the_padding_mask():
    assert same(AttentionMask("bidirectional")(IS_TOKEN), masks.padding(IS_TOKEN))


def test_unilm_layer_is_the_unilm_mask():
    got = AttentionMask("unilm")(IS_TOKEN, SEGMENT_IDS)
    assert same(got, masks.unilm(SEGMENT_IDS, IS_TOKEN))


def test_unknown_kind_is_refused_by_name():
    with pytest.raises(ConfigError, match="'diagonal'"):
        AttentionMask("diagonal")


@pytest.fixture(scope="module")
def attention():
    layer = MultiHeadAttention(2)
    layer.build((1, 4, 6))
    return layer


HIDDEN = np.random.default_rng(0).normal(size=(1, 4, 6)).astype("float32")


def test_scores_are_those_of_the_asked_layer(attention):
    given = {"attention_mask": masks.padding(IS_TOKEN)}
    hidden = ops.convert_to_tensor(HIDDEN)
    assert same(
        ScoresOf(attention)(hidden, **given),
        attention(hidden, **given, return_scores=True)[1],
    )


def test_asking_layer_shares_the_weights(attention):
    asking = ScoresOf(attention)
    assert [id(w) for w in asking.weights] == [id(w) for w in attention.weights]
