"""Guesses change how fast a text comes, not which text, nor its law."""

from pathlib import Path

import numpy as np
import pytest
from toy_chain import END, TABLE, V, chain, fits, law_of_texts, sampled

import kewen
from kewen.decoding import (
    Decoder,
    Drafted,
    NoRepeatNGram,
    Paths,
    Speculative,
    Temperature,
    TopK,
)
from kewen.errors import ConfigError
from kewen.models.cached_step import decoding_step

GOLDEN = Path(__file__).parents[1] / "golden" / "huggingface"
OTHER = TABLE + np.random.default_rng(8).normal(size=(V, V)).astype("float32")
NEW = 13


def plain(scores, prompt, text):
    """NoRepeatNGram(3), Temperature(1.3) and TopK(4) in plain Python."""
    whole = [*prompt, *text]
    grams = {tuple(whole[i : i + 3]) for i in range(len(whole) - 2)}
    banned = [t for t in range(V) if (*whole[-2:], t) in grams]
    scores = np.where(np.isin(np.arange(V), banned), -np.inf, scores) / 1.3
    return np.where(scores >= np.sort(scores)[-4], scores, -np.inf)


RULES = (NoRepeatNGram(3), Temperature(1.3), TopK(4))


@pytest.mark.parametrize(
    "draft", [TABLE, OTHER, None], ids=["same", "other", "look-up"]
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_law_of_a_text_is_the_models_whatever_is_guessed(draft, count):
    step = chain() if draft is None else Drafted(chain(), chain(draft))
    prompt = (2, 0, 2, 3, 2)
    strategy = Speculative(
        count=count, ngram=1, rules=RULES, sample=True, end_ids=(END,)
    )
    law = law_of_texts(4, [plain], prompt, ends=(END,))
    assert sum(law.values()) == pytest.approx(1.0)
    counts = sampled(step, (), 1500, 4, prompt=prompt, strategy=strategy)
    assert fits(counts, law, 1500)


@pytest.fixture(scope="module", params=["gpt2", "llama_gqa_llama3", "gemma3_text"])
def model(request):
    pretrained = kewen.load(GOLDEN / request.param)
    arrays = np.load(GOLDEN / request.param / "expected.npz")
    mask = arrays["input_left_attention_mask"].astype(bool)
    ids = arrays["input_left_input_ids"]
    prompts = [row[seen].tolist() for row, seen in zip(ids, mask, strict=True)]
    return pretrained.model, prompts[:2]


def test_greedy_texts_are_the_plain_ones_with_fewer_looks(model):
    backbone, prompts = model
    step = decoding_step(backbone)
    if backbone.config.family == "gemma3":  # its window is smaller than the cache
        with pytest.raises(ConfigError, match="token by token"):
            Decoder(step, Speculative())(prompts, NEW)
        return
    wanted = Decoder(step, Paths())(prompts, NEW)
    for own in (step, Drafted(step, step)):
        decoder = Decoder(own, Speculative(count=3))
        found = decoder(prompts, NEW)
        for (text,), (right,) in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(text.ids, right.ids)
            assert text.score == pytest.approx(right.score, abs=1e-3)
        loop = decoder.advance(decoder.begin(prompts[:1], NEW))
        looks = int(np.max(kewen.decoding.strategy.numpy_of(loop["looks"])))
        assert looks == 4 if isinstance(own, Drafted) else looks <= NEW


def test_an_end_id_among_guesses_ends_the_text():
    step = decoding_step(kewen.load(GOLDEN / "gpt2").model)
    ((whole,),) = Decoder(step, Paths())([[5, 6, 7]], NEW)
    end = int(whole.ids[5])
    cut = whole.ids[: list(whole.ids).index(end) + 1]
    strategy = Speculative(count=4, end_ids=(end,))
    for own in (step, Drafted(step, step)):
        ((text,),) = Decoder(own, strategy)([[5, 6, 7]], NEW)
        np.testing.assert_array_equal(text.ids, cut)


def test_an_encoder_decoder_looks_ahead():
    step = decoding_step(kewen.load(GOLDEN / "t5").model)
    arrays = np.load(GOLDEN / "t5" / "expected.npz")
    source = {
        "source_ids": arrays["input_input_ids"],
        "source_mask": arrays["input_attention_mask"].astype(bool),
    }
    prompts = [[0]] * len(source["source_ids"])
    wanted = Decoder(step, Paths())(prompts, 12, source)
    found = Decoder(step, Speculative(ngram=1))(prompts, 12, source)
    for (text,), (right,) in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(text.ids, right.ids)


@pytest.mark.parametrize("own", [{"count": 0}, {"count": 33}, {"ngram": 0}])
def test_what_cannot_be_is_refused(own):
    with pytest.raises(ConfigError, match="Received"):
        Speculative(**own)
