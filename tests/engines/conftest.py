"""A tiny BERT in a folder, as users have one, and a folder that holds its export."""

import pytest
from toy import toy_model, toy_tokenizer


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A BERT of two blocks, saved."""
    from kewen.models import Pretrained

    parent = tmp_path_factory.mktemp("engines")
    tokenizer = toy_tokenizer(parent)
    Pretrained(model=toy_model(2), tokenizer=tokenizer).save(parent / "model")
    return parent / "model"
