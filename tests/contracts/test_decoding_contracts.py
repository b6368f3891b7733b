"""A step with a cache gives the logits of the whole text, for every family.

Prompts of unequal length, some tokens one by one, beams that change places.
"""

import functools

import numpy as np
import pytest
from keras import ops
from subjects import ENCODER_DECODERS, FAMILIES

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

CASES = [
    (row, application)
    for row in FAMILIES
    for application in ("lm", "unilm")
    if application in family(row.name).applications
]


@functools.cache
def made(row, application):
    model = row.made(application=application, heads=(row.head,))
    return model, decoding_step(model)


def scores(model, row, text, segments):
    """The plain model's, of the token after a text."""
    inputs = {
        "token_ids": np.array([text], "int32"),
        "padding_mask": np.ones((1, len(text)), bool),
        "segment_ids": np.array([segments], "int32"),
    }
    given = {name: inputs[name] for name in model.inputs_by_name}
    found = model.predict_on_batch(given)[LOGITS[row.head]]
    return np.asarray(found)[0, -1]


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def begun(step, prompts, **extra):
    ids, is_token = aligned_right(prompts, max(map(len, prompts)) + 1)
    prompt = {"token_ids": ids, "padding_mask": is_token, **extra}
    tensors = {name: ops.convert_to_tensor(each) for name, each in prompt.items()}
    return step.begin(tensors, CAPACITY)


def next_ids(count):
    newest = [text[length + count] for text, length in zip(TEXTS, LENGTHS, strict=True)]
    return ops.convert_to_tensor(np.array(newest, "int32"))


@pytest.mark.parametrize(("row", "application"), CASES, ids=str)
def test_steps_give_the_scores_of_whole_texts(row, application):
    model, step = made(row, application)
    wanted_kind = RereadingStep if row.name in WITHOUT_CACHE else CachedStep
    assert isinstance(step, wanted_kind)
    prompts = [text[:n] for text, n in zip(TEXTS, LENGTHS, strict=True)]
    found, state = begun(step, prompts)
    for count in range(5):
        got = ops.convert_to_numpy(found)
        for n, (text, length) in enumerate(zip(TEXTS, LENGTHS, strict=True)):
            segments = [0] * length + [int(application == "unilm")] * count
            close(got[n], scores(model, row, text[: length + count], segments))
        found, state = step(next_ids(count), state)


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
        newest = rng.integers(5, 20, 4).astype("int32")
        rows = (parents + [[0], [2]]).reshape(-1)
        texts = [[*texts[row], int(new)] for row, new in zip(rows, newest, strict=True)]
        state = step.reorder(state, ops.convert_to_tensor(parents))
        found, state = step(ops.convert_to_tensor(newest), state)
        got = ops.convert_to_numpy(found)
        for n, text in enumerate(texts):
            source = starts[n // 2]
            segments = [0] * source + [int(application == "unilm")] * (
                len(text) - source
            )
            close(got[n], scores(model, row, text, segments))


@pytest.mark.parametrize("row", ENCODER_DECODERS, ids=str)
def test_steps_of_an_encoder_decoder_give_the_scores_of_whole_texts(row):
    model = row.made(heads=(row.head,))
    step = decoding_step(model)
    ids, is_token = aligned_right(SOURCES, 8)
    ids, is_token = ids[:, ::-1].copy(), is_token[:, ::-1].copy()  # padded right
    prompts = [text[:1] for text in TEXTS]
    found, state = begun(step, prompts, source_ids=ids, source_mask=is_token)
    for count in range(4):
        got = ops.convert_to_numpy(found)
        for n, text in enumerate(TEXTS):
            length = is_token[n].sum()
            inputs = {
                "token_ids": ids[n : n + 1, :length],
                "padding_mask": is_token[n : n + 1, :length],
                "decoder_token_ids": np.array([text[: 1 + count]], "int32"),
                "decoder_padding_mask": np.ones((1, 1 + count), bool),
            }
            wanted = model.predict_on_batch(inputs)["lm_logits"]
            close(got[n], np.asarray(wanted)[0, -1])
        newest = np.array([text[1 + count] for text in TEXTS], "int32")
        found, state = step(ops.convert_to_tensor(newest), state)
