"""A tiny BERT and a toy task: texts with a happy or a sad word."""

import pytest

from kewen.data import Example

WORDS = ["good", "fine", "bad", "awful", "the", "a", "film", "book", "was", "很", "好"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
MAX_LENGTH = 16


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    from kewen.text import Tokenizer

    vocabulary = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return Tokenizer.from_file(vocabulary)


@pytest.fixture(scope="session")
def new_pretrained(tokenizer):
    """Makes a BERT of two blocks, the same first weights each time."""
    from kewen.models import Backbone, Pretrained
    from kewen.models.bert import BertConfig
    from kewen.training import seeded

    config = BertConfig(
        vocabulary_size=len(VOCABULARY),
        hidden_dim=16,
        num_layers=2,
        num_heads=2,
        intermediate_dim=16,
        max_length=MAX_LENGTH,
        dropout=0.0,
        attention_dropout=0.0,
        initializer_range=0.3,  # large, so that a few steps suffice
    )

    def make():
        with seeded(0):
            model = Backbone(config, heads=["pooler"])
        return Pretrained(model=model, tokenizer=tokenizer)

    return make


@pytest.fixture(scope="session")
def toy():
    """Sixteen labelled texts that one word decides."""
    return [
        Example(text=f"{start} {thing} was {how}", label=label)
        for start in ("the", "a")
        for thing in ("film", "book")
        for how, label in [
            ("good", "pos"),
            ("fine", "pos"),
            ("bad", "neg"),
            ("awful", "neg"),
        ]
    ]


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
