"""Greedy and beam search give the ids that transformers gave, and its beams' scores."""

import json
from pathlib import Path

import numpy as np
import pytest

import kewen
from kewen.decoding import Beams, Decoder, Paths
from kewen.models.cached_step import decoding_step

GOLDEN = Path(__file__).parents[1] / "golden" / "huggingface"
DECODERS = [
    "openai_gpt",
    "gpt2",
    "llama_gqa_llama3",
    "mistral_sliding",
    "qwen2",
    "qwen3",
    "gemma3_text",
]
ENCODER_DECODERS = ["t5", "mt5", "bart"]
NEW = 12


def recorded(case):
    """Prompts, the encoder's inputs if any, what was generated, and how."""
    arrays = np.load(GOLDEN / case / "expected.npz")
    options = json.loads((GOLDEN / case / "case.json").read_text())["generate"]
    if case in ENCODER_DECODERS:
        source = {
            "source_ids": arrays["input_input_ids"],
            "source_mask": arrays["input_attention_mask"].astype(bool),
        }
        prompts = [[options["decoder_start_token_id"]]] * len(source["source_ids"])
        return arrays, prompts, source, options, 1
    ids = arrays["input_left_input_ids"]
    mask = arrays["input_left_attention_mask"].astype(bool)
    prompts = [row[seen].tolist() for row, seen in zip(ids, mask, strict=True)]
    return arrays, prompts, None, options, ids.shape[1]


@pytest.fixture(scope="module", params=DECODERS + ENCODER_DECODERS)
def case(request):
    step = decoding_step(kewen.load(GOLDEN / request.param).model)
    return step, *recorded(request.param)


# An end is a program of its own: in the plain run, greedy search has none and beams
# have one.
SLOW = pytest.mark.slow


@pytest.mark.parametrize("name", ["", pytest.param("eos_", marks=SLOW)])
def test_greedy_ids_are_transformers(case, name):
    step, arrays, prompts, source, options, before = case
    ends = (options["eos_token_id"],) if name else ()
    wanted = arrays[f"generate_greedy_{name}ids"][:, before:]
    found = Decoder(step, Paths(end_ids=ends))(prompts, NEW, source)
    for (text,), row in zip(found, wanted, strict=True):
        count = len(text.ids)
        np.testing.assert_array_equal(text.ids, row[:count])
        assert (row[count:] == options["pad_token_id"]).all()


@pytest.mark.parametrize("name", [pytest.param("", marks=SLOW), "eos_"])
def test_ids_and_scores_of_three_beams_are_transformers(case, name):
    step, arrays, prompts, source, options, before = case
    ends = (options["eos_token_id"],) if name else ()
    wanted = arrays[f"generate_beam3_{name}ids"][:, before:]
    found = Decoder(step, Beams(num_beams=3, end_ids=ends))(prompts, NEW, source)
    for texts, row in zip(found, wanted, strict=True):
        count = len(texts[0].ids)
        np.testing.assert_array_equal(texts[0].ids, row[:count])
        # transformers fills the rows of a beam search with the one or the other.
        fillers = [options["eos_token_id"], options["pad_token_id"]]
        assert np.isin(row[count:], fillers).all()
    np.testing.assert_allclose(
        [texts[0].score for texts in found],
        arrays[f"generate_beam3_{name}scores"],
        rtol=1e-3,
        atol=1e-4,
    )


def test_a_row_alone_is_generated_as_in_a_batch(case):
    step, _, prompts, source, _, _ = case
    together = Decoder(step, Paths())(prompts, NEW, source)
    for n, prompt in enumerate(prompts):
        own = source and {name: rows[n : n + 1] for name, rows in source.items()}
        ((alone,),) = Decoder(step, Paths())([prompt], NEW, own)
        np.testing.assert_array_equal(alone.ids, together[n][0].ids)
