"""A step with a cache gives the logits of the whole text, for every family.

Prompts of unequal length, some tokens one by one, beams that change places.
"""

import functools

import numpy as np
import pytest
from keras import ops
from subjects import ENCODER_DECODERS, FAMILIES

from kewen.decoding import programs
from kewen.decoding.decoder import aligned_right
from kewen.models import family
from kewen.models.cached_step import CachedStep, RereadingStep, decoding_step

RNG = np.random.default_rng(3)
LENGTHS = (5, 2, 4)
TEXTS = [RNG.integers(5, 20, length + 6).tolist() for length in LENGTHS]
CAPACITY = 16
WITHOUT_CACHE = ("deberta", "gau_alpha")
SOURCES = [RNG.integers(5, 20, length).tolist() for length in (7, 3, 5)]
LOGITS = {"masked_lm": "mlm_logits", "language_model": "lm_logits"}

WIDTH = 16  # of every plain run: one shape, one compilation
CASES = [
    (row, application)
    for row in FAMILIES
    for application in ("lm", "unilm")
    if application in family(row.name).applications
]
# One of each kind of memory and numbering; all others are in the slow run.
QUICK = ("albert-unilm", "gau_alpha-lm", "mistral-lm", "nezha-lm", "roberta-unilm")
CASES = [
    case
    if f"{case[0]}-{case[1]}" in QUICK
    else pytest.param(*case, marks=pytest.mark.slow)
    for case in CASES
]


@functools.cache
def made(row, application):
    model = row.made(application=application, heads=(row.head,))
    return model, decoding_step(model)


def scores(model, row, text, source):
    """The plain model's, after each token of a text, of which `source` are given."""
    source = source if model.application == "unilm" else len(text)
    count = len(text)
    inputs = {
        "token_ids": np.full((1, WIDTH), model.config.fill_id, "int32"),
        "padding_mask": (np.arange(WIDTH) < count)[None],
        "segment_ids": (np.arange(WIDTH) >= source)[None].astype("int32"),
    }
    inputs["token_ids"][0, :count] = text
    given = {name: inputs[name] for name in model.inputs_by_name}
    return np.asarray(model.predict_on_batch(given)[LOGITS[row.head]])[0, :count]


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def begun(step, prompts, **extra):
    ids, is_token = aligned_right(prompts, max(map(len, prompts)) + 1)
    prompt = {"token_ids": ids, "padding_mask": is_token, **extra}
    tensors = {name: ops.convert_to_tensor(each) for name, each in prompt.items()}
    found, state = programs.run(
        step, "begin", lambda prompt, _: step.begin(prompt, CAPACITY), tensors
    )
    return ops.convert_to_numpy(found), state


def gone_on(step, ids, state):
    ids = ops.convert_to_tensor(np.array(ids, "int32"))
    found, state = programs.run(
        step, "go on", lambda ids, s, _: step(ids, s), ids, state
    )
    return ops.convert_to_numpy(found), state


@pytest.mark.parametrize(("row", "application"), CASES, ids=str)
def test_steps_give_the_scores_of_whole_texts(row, application):
    model, step = made(row, application)
    wanted_kind = RereadingStep if row.name in WITHOUT_CACHE else CachedStep
    assert isinstance(step, wanted_kind)
    pairs = list(zip(TEXTS, LENGTHS, strict=True))
    wanted = [scores(model, row, text[: n + 5], n) for text, n in pairs]
    got, state = begun(step, [text[:n] for text, n in pairs])
    for count in range(5):
        for own, (_, length), whole in zip(got, pairs, wanted, strict=True):
            close(own, whole[length - 1 + count])
        got, state = gone_on(step, [text[n + count] for text, n in pairs], state)


@pytest.mark.parametrize(("row", "application"), CASES, ids=str)
def test_beams_that_change_places_remember_their_own_texts(row, application):
    model, step = made(row, application)
    texts = [TEXTS[0][:3], TEXTS[1][:2]]
    starts = [len(text) for text in texts]
    _, state = begun(step, texts)
    state = step.spread(state, 2)
    texts = [text for text in texts for _ in range(2)]
    rng = np.random.default_rng(5)
    for _ in range(5):
        parents = rng.integers(0, 2, (2, 2)).astype("int32")
        newest = rng.integers(5, 20, 4)
        rows = np.add(parents, [[0], [2]]).reshape(-1)
        texts = [[*texts[row], int(new)] for row, new in zip(rows, newest, strict=True)]
        state = step.reorder(state, ops.convert_to_tensor(parents))
        got, state = gone_on(step, newest, state)
        for n, text in enumerate(texts):
            close(got[n], scores(model, row, text, starts[n // 2])[-1])


@pytest.mark.parametrize("row", ENCODER_DECODERS, ids=str)
def test_steps_of_an_encoder_decoder_give_the_scores_of_whole_texts(row):
    model = row.made(heads=(row.head,))
    step = decoding_step(model)
    ids, is_token = aligned_right(SOURCES, 8)
    source = {"token_ids": ids[:, ::-1], "padding_mask": is_token[:, ::-1]}
    texts = np.array([text[:5] for text in TEXTS], "int32")
    inputs = {
        **source,
        "decoder_token_ids": texts,
        "decoder_padding_mask": np.ones_like(texts, bool),
    }
    wanted = np.asarray(model.predict_on_batch(inputs)["lm_logits"])
    extra = {"source_ids": ids[:, ::-1].copy(), "source_mask": is_token[:, ::-1].copy()}
    got, state = begun(step, [text[:1] for text in TEXTS], **extra)
    for count in range(4):
        close(got, wanted[:, count])
        got, state = gone_on(step, texts[:, count + 1], state)
