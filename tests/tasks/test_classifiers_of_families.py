"""Every family that has a classifier can be fine-tuned, saved and loaded as one."""

import dataclasses

import numpy as np
import pytest
from toy import LABELLED, VOCABULARY, toy_tokenizer

from kewen.data import Example
from kewen.errors import ConfigError
from kewen.models import Backbone, Pretrained, family
from kewen.models.registry import FAMILIES
from kewen.tasks import TextClassifier, load_task
from kewen.training import seeded

EXAMPLES = [Example(text=text, label=label) for text, label in LABELLED]
SIZES = {
    "vocabulary_size": len(VOCABULARY),
    "hidden_dim": 16,
    "num_layers": 1,
    "num_heads": 2,
    "intermediate_dim": 16,
    "max_length": 32,
    "initializer_range": 0.3,
    "pad_id": 0,
    "num_kv_heads": 1,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "embedding_dim": 16,
}
QUICK = ("llama", "modernbert")  # a decoder, and an encoder without a pooler
ABLE = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in FAMILIES
    if "sequence_classification" in family(name).heads
]


def classifier(name, folder, **options):
    kind = family(name).config
    known = {field.name for field in dataclasses.fields(kind)}
    sizes = {k: v for k, v in SIZES.items() if k in known}
    with seeded(0):
        model = Backbone(kind(**sizes))
    pretrained = Pretrained(model=model, tokenizer=toy_tokenizer(folder))
    return TextClassifier(pretrained, max_length=16, **options)


# Saving tells that transformers has no GAU-alpha.
@pytest.mark.filterwarnings("ignore:.*transformers will not open it")
@pytest.mark.parametrize("name", ABLE)
def test_classifier_learns_and_comes_back_the_same(name, tmp_path):
    made = classifier(name, tmp_path)
    made.fit(EXAMPLES * 4, epochs=12, learning_rate=0.005, progress=False)
    assert made.evaluate(EXAMPLES).accuracy > 0.9
    made.save(tmp_path / "out")
    texts = [example.text for example in EXAMPLES]
    before, after = (
        np.array([list(each.probabilities.values()) for each in task.predict(texts)])
        for task in (made, load_task(tmp_path / "out"))
    )
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_pooling_that_a_decoder_does_not_have_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="Leave it out"):
        classifier("llama", tmp_path, pooling="mean", labels=["neg", "pos"])
