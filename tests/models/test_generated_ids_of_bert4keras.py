"""Greedy and beam search give the ids of bert4keras' `AutoRegressiveDecoder`."""

import json
from pathlib import Path

import numpy as np
import pytest

import kewen
from kewen.decoding import Beams, Decoder, Paths
from kewen.models.cached_step import decoding_step

GOLDEN = Path(__file__).parents[1] / "golden" / "bert4keras"


@pytest.fixture(scope="module", params=["bert_unilm", "gpt2", "t5.1.1"])
def case(request):
    folder = GOLDEN / request.param
    application = "unilm" if request.param == "bert_unilm" else None
    # bert4keras scales the untied head too, so that its beams see flatter laws.
    options = {"scale_head": True} if request.param == "t5.1.1" else None
    model = kewen.load(
        folder, tokenizer=False, application=application, options=options
    ).model
    arrays = dict(np.load(folder / "expected.npz"))
    options = json.loads((folder / "case.json").read_text())["generate"]
    return decoding_step(model), arrays, options


def generated(case, strategy, number):
    step, arrays, options = case
    prompt = arrays[f"generate_prompt_{number}"]
    if "start_id" not in options:
        (texts,) = Decoder(step, strategy)([prompt.tolist()], options["maxlen"])
        return texts[0].ids.tolist()
    source = {
        "source_ids": prompt[None],
        "source_mask": np.ones((1, len(prompt)), bool),
    }
    start = options["start_id"]
    (texts,) = Decoder(step, strategy)([[start]], options["maxlen"], source)
    return [start, *texts[0].ids.tolist()]


@pytest.mark.parametrize("number", [0, 1])
def test_greedy_ids_are_bert4keras(case, number):
    wanted = case[1][f"generate_greedy_{number}"].tolist()
    found = generated(case, Paths(end_ids=[case[2]["end_id"]]), number)
    assert found[: len(wanted)] == wanted


@pytest.mark.parametrize("number", [0, 1])
def test_ids_of_three_beams_are_bert4keras(case, number):
    """There sums of log-probabilities are compared, whatever the length."""
    beams = Beams(num_beams=3, length_penalty=0.0, end_ids=[case[2]["end_id"]])
    wanted = case[1][f"generate_beam3_{number}"].tolist()
    assert generated(case, beams, number)[: len(wanted)] == wanted
