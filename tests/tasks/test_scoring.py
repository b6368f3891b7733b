"""Scores of texts: sums over everything that could be written, windows, and files."""

import itertools
import json
import math

import numpy as np
import pytest
from writers import KINDS, LETTERS, letters_tokenizer, reversals, writer_of

from kewen.errors import ConfigError, DataError, MissingExtraError

VOCABULARY = 10


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    tokenizer = letters_tokenizer(tmp_path_factory.mktemp("letters"))
    return {kind: writer_of(kind, tokenizer, scale=8.0) for kind in KINDS}


def whole_log_p(writer, ids):
    """Of each token but the first, from the whole model over one text."""
    ids = np.array([ids])
    given = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    logits = writer.pretrained.model.predict_on_batch(given)["lm_logits"][0]
    logits = np.asarray(logits, "float64")
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return log_p[np.arange(ids.size - 1), ids[0, 1:]]


def test_all_texts_of_two_tokens_have_a_probability_of_one_together(writers):
    # As ids, because some of them are no letters.
    from kewen.tasks.likelihoods import Likelihoods
    from kewen.tasks.target_models import logits_model

    writer = writers["decoder"]
    every = itertools.product(range(VOCABULARY), repeat=2)
    rows = [writer.rows.going_on([2, *ids], 0) for ids in every]
    found = Likelihoods(logits_model(writer.pretrained.model), writer.rows)(rows)
    assert sum(math.exp(each.sum()) for each in found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("window", "context"), [(31, 1), (8, 4), (8, 8), (5, 1)])
def test_each_token_of_a_long_text_is_scored_once_after_enough_others(
    writers, window, context
):
    writer = writers["decoder"]
    rng = np.random.default_rng(0)
    text = " ".join(rng.choice(list(LETTERS), 29))
    (score,) = writer.score([text], window=window, context=context)
    ids = [2, *writer.tokenizer.plain_ids(text)]
    assert score.ids.tolist() == ids[1:]
    for place, value in enumerate(score.log_probabilities, 1):
        # It was scored after some stretch of the text that is as long as promised.
        longest, least = min(place, window), min(place, context)
        stretches = range(place - longest, place - least + 1)
        wanted = [
            whole_log_p(writer, ids[start : place + 1])[-1] for start in stretches
        ]
        assert np.isclose(value, wanted, atol=1e-4).any(), place


def test_texts_of_all_lengths_are_scored_in_their_order(writers):
    writer = writers["decoder"]
    texts = ["a", "a b c d" * 6, "", "d c"]
    together = writer.score(texts, window=9)
    for text, score in zip(texts, together, strict=True):
        (alone,) = writer.score([text], window=9)
        np.testing.assert_allclose(
            score.log_probabilities, alone.log_probabilities, rtol=1e-4, atol=1e-5
        )
    assert len(together[2].ids) == 0 and math.isnan(together[2].perplexity)
    wanted = math.exp(-whole_log_p(writer, [2, 5]).mean())
    assert together[0].perplexity == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        ("decoder", {"texts": "a b"}, DataError, r"Write \[text\]"),
        ("decoder", {"texts": ["a"], "window": 33}, ConfigError, "from 1 to 32"),
        ("decoder", {"texts": ["a"], "context": 0}, ConfigError, "context must be"),
        ("decoder", {"texts": ["a"], "context": "x"}, ConfigError, "context must be"),
        ("decoder", {"texts": ["a"], "window": 1.5}, ConfigError, "window must be"),
        ("decoder", {"texts": ["a"], "window": True}, ConfigError, "window must be"),
        ("decoder", {"texts": ["a"], "window": 4, "context": 5}, ConfigError, "to 4"),
        ("unilm", {"texts": ["a"]}, DataError, "Give their sources"),
        ("unilm", {"texts": ["a"], "given": []}, DataError, "1 texts, given 0"),
        ("unilm", {"texts": ["a " * 40], "given": ["a"]}, DataError, "must fit"),
    ],
)
def test_what_cannot_be_scored_is_refused(writers, kind, arguments, error, message):
    with pytest.raises(error, match=message):
        writers[kind].score(**arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_an_evaluation_measures_what_a_training_does_and_answers(writers, kind):
    writer = writers[kind]
    task = reversals()[:20]
    scores = writer.evaluate(task, bleu=True, generation={"max_new_tokens": 5})
    given = [each.text for each in task]
    found = writer.score([each.pair for each in task], given=given)
    total, count = sum(each.total for each in found), sum(len(x.ids) for x in found)
    assert (scores.texts, scores.tokens) == (20, count)
    assert scores.loss == pytest.approx(-total / count, rel=1e-4)
    assert scores.perplexity == pytest.approx(math.exp(scores.loss))
    written = writer.generate(given, max_new_tokens=5)
    assert list(scores.answers) == [each.strip() for each in written]
    assert 0 <= scores.rouge.rouge_2 <= scores.rouge.rouge_1 <= 1
    assert 0 <= scores.bleu <= 100
    assert set(json.loads(scores.json())) == {
        *("texts", "tokens", "loss", "perplexity"),
        *("rouge_1", "rouge_2", "rouge_l", "bleu"),
    }


def test_texts_alone_have_a_perplexity_and_no_answers(writers, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("a b c\nd\n", encoding="utf-8")
    writer = writers["decoder"]
    scores = writer.evaluate(path)
    assert (scores.texts, scores.tokens, scores.rouge) == (2, 6, None)
    with pytest.raises(ConfigError, match="texts without answers"):
        writer.evaluate(path, bleu=True)


def test_bleu_without_its_extra_is_said_before_anything_is_written(
    writers, monkeypatch
):
    import sys

    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtraError, match=r"kewen\[bleu\]"):
        writers["unilm"].evaluate(reversals(), bleu=True)
