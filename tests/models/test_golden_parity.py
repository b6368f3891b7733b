"""Every hidden state and output equals that of the original implementation."""

import functools

import numpy as np
import pytest
from golden_cases import PASSES, Pass

from kewen.models.trace import trace


@functools.cache
def traced(given):
    return trace(given.folder, given.inputs, **given.bert4keras_options)


# Other files of a network that is compared anyway; the readers have tests of their own.
REPEATED = ("bert_bin_legacy", "bert_bin_zip", "bert_sharded")
MARKED = [
    pytest.param(each, marks=pytest.mark.slow if each.case in REPEATED else ())
    for each in PASSES
]
CLAIMS = [
    pytest.param(*each.values, name, marks=each.marks, id=f"{each.values[0]}-{name}")
    for each in MARKED
    for name in each.values[0].expected
]


@pytest.mark.parametrize(("given", "name"), CLAIMS)
def test_array_equals_the_recorded_one(given, name):
    got, wanted = traced(given)[name], given.expected[name]
    assert got.shape == wanted.shape
    limit = given.tolerance(name)
    np.testing.assert_allclose(
        given.comparable(name, got),
        # The recorded ones already are probabilities: only padding is to be left out.
        given.at_tokens(name, wanted),
        rtol=limit,
        atol=limit,
    )


@pytest.mark.parametrize("given", MARKED, ids=str)
def test_trace_gives_every_recorded_name(given):
    assert set(traced(given)) >= set(given.expected)


LEFT = Pass("bert4keras", "bert_left_padding")


@functools.cache
def left_padded_as_ours():
    """With a mask of one's own: padding is padding, the first column too."""
    is_token = LEFT.inputs["token_ids"] != 0
    return trace(LEFT.folder, {**LEFT.inputs, "padding_mask": is_token})


def rows_with_left_padding():
    return np.flatnonzero(LEFT.inputs["token_ids"][:, 0] == 0)


def test_left_padding_case_has_rows_that_begin_with_padding():
    assert rows_with_left_padding().size > 0


def test_left_padding_differs_from_the_original_that_attends_to_the_first_pad():
    is_token = LEFT.inputs["token_ids"] != 0
    rows = rows_with_left_padding()
    ours, theirs = left_padded_as_ours(), LEFT.expected
    gap = np.abs(ours["hidden_layer_0"] - theirs["hidden_layer_0"])[rows]
    assert gap[is_token[rows]].max() > 1e-3


def test_left_padding_does_not_change_what_tokens_look_up():
    # The embeddings see no mask, so there ours and the original agree.
    ours, theirs = left_padded_as_ours(), LEFT.expected
    np.testing.assert_allclose(
        ours["hidden_embedding"], theirs["hidden_embedding"], rtol=1e-4, atol=1e-4
    )


def test_id_of_the_first_pad_does_not_reach_tokens_in_ours():
    rows = rows_with_left_padding()
    inputs = {**LEFT.inputs, "padding_mask": LEFT.inputs["token_ids"] != 0}
    changed = inputs["token_ids"].copy()
    changed[rows, 0] = 7
    got = trace(LEFT.folder, {**inputs, "token_ids": changed})["hidden_layer_0"]
    is_token = inputs["padding_mask"]
    np.testing.assert_allclose(
        got[is_token],
        left_padded_as_ours()["hidden_layer_0"][is_token],
        rtol=1e-4,
        atol=1e-5,
    )
