"""Each head against its formula in NumPy, on given hidden states."""

import keras
import numpy as np
import pytest

from kewen import heads
from kewen.layers import TokenEmbedding
from kewen.models.parts import Parts

B, T, C, V, L = 2, 3, 4, 7, 5
RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(size=(B, T, C)).astype("float32")
IS_TOKEN = np.array([[0, 1, 1], [1, 1, 0]], bool)


def run(draw):
    """Outputs of a head on HIDDEN, and its random weights by path."""
    hidden = keras.Input((T, C), name="hidden")
    is_token = keras.Input((T,), dtype="bool", name="is_token")
    parts = Parts()
    model = keras.Model([hidden, is_token], draw(parts, hidden, is_token))
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape))
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    return model.predict_on_batch([HIDDEN, IS_TOKEN]), weights


def dense(x, weights, name):
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_pooler_sees_the_first_column_be_it_padding_or_not():
    got, weights = run(lambda p, h, m: heads.pooler(p, h, m, activation="tanh"))
    close(got, np.tanh(dense(HIDDEN[:, 0], weights, "pooler")))


def test_sequence_classifier_is_one_dense_layer_outside_training():
    got, weights = run(
        lambda p, h, m: heads.classify_sequence(
            p, h[:, 0], name="classifier", num_labels=L, dropout=0.9
        )
    )
    close(got, dense(HIDDEN[:, 0], weights, "classifier"))


def test_tagger_is_one_dense_layer_at_every_token():
    got, weights = run(
        lambda p, h, m: heads.classify_tokens(p, h, num_labels=L, dropout=0.9)
    )
    close(got, dense(HIDDEN, weights, "tagger"))


def test_span_gives_start_and_end_one_score_a_token():
    got, weights = run(lambda p, h, m: list(heads.answer_span(p, h)))
    both = dense(HIDDEN, weights, "span")
    close(np.stack(got, -1), both)


@pytest.mark.parametrize("tie", [True, False])
def test_masked_lm_is_dense_relu_norm_and_a_table(tie):
    def draw(parts, hidden, is_token):
        table = parts(TokenEmbedding, "token_embedding", input_dim=V, output_dim=C)
        table.build((None, T))
        return heads.masked_lm(
            parts,
            hidden,
            token_embedding=table,
            tie=tie,
            activation="relu",
            norm_epsilon=1e-3,
        )

    got, weights = run(draw)
    inner = np.maximum(dense(HIDDEN, weights, "mlm_dense"), 0)
    centred = inner - inner.mean(-1, keepdims=True)
    normed = centred / np.sqrt(inner.var(-1, keepdims=True) + 1e-3)
    normed = normed * weights["mlm_norm/gamma"] + weights["mlm_norm/beta"]
    name = "token_embedding/embeddings" if tie else "mlm_decoder/kernel"
    table = weights[name].T if tie else weights[name]
    bias = weights["mlm_bias/bias" if tie else "mlm_decoder/bias"]
    close(got, normed @ table + bias)
