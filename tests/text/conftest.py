"""Tokenizers that the tests of this room share."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from kewen.text import Tokenizer

# A machine that is busy with other work is no failure of a property.
settings.register_profile("text", deadline=None)
settings.load_profile("text")

GOLDEN = Path(__file__).parents[1] / "golden" / "bert4keras"


@pytest.fixture(scope="session")
def vocabulary_file() -> Path:
    return GOLDEN / "tokenizer" / "vocab.txt"


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    return json.loads((GOLDEN / "tokenizer" / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def lower(vocabulary_file: Path) -> Tokenizer:
    return Tokenizer.from_file(vocabulary_file, lowercase=True)


@pytest.fixture(scope="session")
def cased(vocabulary_file: Path) -> Tokenizer:
    return Tokenizer.from_file(vocabulary_file, lowercase=False)
