"""The toy task as this room's objects."""

import pytest
from toy import LABELLED, toy_model, toy_tokenizer

from kewen.data import Example


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    return toy_tokenizer(tmp_path_factory.mktemp("vocabulary"))


@pytest.fixture(scope="session")
def new_pretrained(tokenizer):
    """Makes a BERT of two blocks, the same first weights each time."""
    from kewen.models import Pretrained

    return lambda: Pretrained(model=toy_model(2), tokenizer=tokenizer)


@pytest.fixture(scope="session")
def toy():
    """Sixteen labelled texts that one word decides."""
    return [Example(text=text, label=label) for text, label in LABELLED]


@pytest.fixture(scope="session")
def learned(new_pretrained, toy):
    """A classifier that was trained on the toy task; not to be changed."""
    from kewen.tasks import TextClassifier

    classifier = TextClassifier(new_pretrained(), max_length=8)
    classifier.fit(
        toy, toy, epochs=12, learning_rate=1e-2, batch_size=8, progress=False
    )
    return classifier


@pytest.fixture(scope="session")
def saved(learned, tmp_path_factory):
    """Its folder."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    learned.save(folder)
    return folder
