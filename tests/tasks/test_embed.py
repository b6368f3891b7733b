"""Vectors of texts against NumPy over the backbone's output."""

import dataclasses

import numpy as np
import pytest

from kewen.errors import ConfigError
from kewen.tasks import Embedder

TEXTS = [
    "good",
    "the film was a film was a film was bad",
    "a book was fine",
    "很好",
    "the film was the book was awful",
]


@pytest.fixture(scope="module")
def pretrained(new_pretrained):
    return new_pretrained()


@pytest.fixture(scope="module")
def hidden(pretrained):
    """The last hidden state of each text alone, without padding: (T, C) each."""
    rows = pretrained.tokenizer(TEXTS)
    states = pretrained.backbone.predict_on_batch(
        {name: rows[name] for name in pretrained.backbone.inputs_by_name}
    )
    return [
        np.asarray(state)[mask]
        for state, mask in zip(states, rows["padding_mask"], strict=True)
    ]


POOLINGS = {
    "mean": lambda state: state.mean(axis=0),
    "cls": lambda state: state[0],
    "max": lambda state: state.max(axis=0),
}


@pytest.mark.parametrize("pooling", POOLINGS)
def test_vectors_are_the_pooled_hidden_states_in_the_order_of_the_texts(
    pretrained, hidden, pooling
):
    vectors = Embedder(pretrained, pooling=pooling, batch_size=2).embed(TEXTS)
    wanted = np.stack([POOLINGS[pooling](state) for state in hidden])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, wanted, atol=1e-5)


def test_normalised_vectors_have_length_one_and_the_same_direction(pretrained, hidden):
    vectors = Embedder(pretrained, normalize=True, batch_size=2).embed(TEXTS)
    means = np.stack([state.mean(axis=0) for state in hidden])
    lengths = np.linalg.norm(means, axis=-1, keepdims=True)
    np.testing.assert_allclose(vectors, means / lengths, atol=1e-5)


def test_no_texts_have_no_vectors(pretrained):
    assert Embedder(pretrained).embed([]).shape == (0, 16)


def test_texts_longer_than_the_model_are_cut_to_it(pretrained):
    long = " ".join(["film"] * 40)
    assert Embedder(pretrained).embed([long]).shape == (1, 16)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"max_length": 17}, "from 3 to 16"), ({"pooling": "sum"}, "'sum'")],
)
def test_options_that_cannot_be_are_refused(pretrained, options, said):
    with pytest.raises(ConfigError, match=said):
        Embedder(pretrained, **options)


def test_a_model_without_tokenizer_is_refused(pretrained):
    with pytest.raises(ConfigError, match=r"vocab\.txt"):
        Embedder(dataclasses.replace(pretrained, tokenizer=None))
