"""`kewen fit classify`, and what must stop it before it starts."""

import json

import pytest


def test_fit_saves_a_classifier_that_learned(kewen, fitted, examples):
    scores = json.loads(
        kewen("evaluate", fitted, examples / "test.jsonl", "--json").out
    )
    assert scores["accuracy"] == 1
