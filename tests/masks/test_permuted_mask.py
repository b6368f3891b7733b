"""The mask of a generation order, written out, and what it does to a model."""

import itertools

import numpy as np
import pytest

from kewen import masks
from kewen.models import Backbone, family

# A start, five characters and an end; the fourth comes first, the end last.
ORDER = [0, 4, 2, 5, 3, 1, 6]


def rows(mask):
    return ["".join(str(int(cell)) for cell in row) for row in np.asarray(mask)]


def test_query_sees_itself_and_what_is_generated_before():
    assert rows(masks.permuted(np.array([ORDER]))[0]) == [
        "1000000",
        "1111110",
        "1010100",
        "1011110",
        "1000100",
        "1010110",
        "1111111",
    ]


def test_order_of_reading_is_the_causal_mask():
    mask = masks.permuted(np.arange(5)[None])
    assert (np.asarray(mask) == np.asarray(masks.causal(5))).all()


def test_reversed_order_is_the_upper_triangle():
    mask = masks.permuted(np.arange(5)[None, ::-1])
    assert (np.asarray(mask)[0] == np.triu(np.ones((5, 5), bool))).all()


def test_each_row_has_its_own_order():
    mask = np.asarray(masks.permuted(np.array([[0, 1, 2], [2, 1, 0]])))
    assert (mask[0] == mask[1].T).all()


SIZES = {
    "hidden_dim": 8,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_dim": 12,
    "max_length": 16,
    "initializer_range": 0.5,
}


def run(model, **arrays):
    """The outputs of a model that need not take all of these."""
    return model.predict_on_batch({n: arrays[n] for n in model.inputs_by_name})


@pytest.mark.parametrize("name", ["bert", "distilbert", "roformer"])
def test_model_gives_what_reordered_tokens_give_with_their_own_positions(name):
    config = family(name).config(vocabulary_size=20, **SIZES)
    model = Backbone(config, application="permuted", heads=["masked_lm"])
    causal = model.redrawn(application="lm", position_input=True)
    order = np.array([ORDER, [0, 1, 2, 3, 4, 5, 6]], "int32")
    ids = np.random.default_rng(0).integers(2, 20, order.shape).astype("int32")
    segments = np.array([[0, 0, 0, 1, 1, 1, 1]] * 2, "int32")
    got = run(
        model,
        token_ids=ids,
        segment_ids=segments,
        padding_mask=np.ones(ids.shape, bool),
        generation_order=order,
    )
    in_order = run(
        causal,
        token_ids=np.take_along_axis(ids, order, 1),
        segment_ids=np.take_along_axis(segments, order, 1),
        padding_mask=np.ones(ids.shape, bool),
        position_ids=order,
    )
    for key in got:
        there = np.take_along_axis(got[key], order[..., None], 1)
        np.testing.assert_allclose(there, in_order[key], rtol=1e-5, atol=1e-5)


def test_probabilities_of_all_texts_sum_to_one_in_every_order():
    """A start, then two of three tokens: nine texts, in either order."""
    config = family("bert").config(
        vocabulary_size=3, segment_vocabulary_size=0, pad_id=0, **SIZES
    )
    model = Backbone(config, application="permuted", heads=["masked_lm"])
    texts = np.array([(0, *text) for text in itertools.product(range(3), repeat=2)])
    for rest in itertools.permutations([1, 2]):
        order = np.array([0, *rest])
        logits = model.predict_on_batch(
            {
                "token_ids": texts.astype("int32"),
                "padding_mask": np.ones(texts.shape, bool),
                "generation_order": np.tile(order, (9, 1)).astype("int32"),
            }
        )["mlm_logits"]
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        text = np.arange(9)
        product = np.ones(9)
        for before, now in itertools.pairwise(order):
            product *= shares[text, before, texts[text, now]]
        np.testing.assert_allclose(product.sum(), 1, rtol=1e-5)
        assert product.std() > 1e-4
