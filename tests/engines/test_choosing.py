"""An engine that is not installed is named with its extra."""

import pytest

import kewen.engines.choosing as choosing
from kewen.errors import MissingExtraError
from kewen.models import load
from kewen.tasks import Embedder, TextClassifier


@pytest.mark.parametrize("task", [Embedder, TextClassifier])
def test_a_missing_engine_names_the_extra(folder, monkeypatch, task):
    monkeypatch.setattr(choosing, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\.\[export\]"):
        task(load(folder), engine="openvino")
