"""A tiny BERT and a toy task: sixteen texts, each with a happy or a sad word."""

from pathlib import Path

WORDS = ["good", "fine", "bad", "awful", "the", "a", "film", "book", "was", "很", "好"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
LABEL_OF = {"good": "pos", "fine": "pos", "bad": "neg", "awful": "neg"}
LABELLED = [
    (f"{start} {thing} was {how}", label)
    for start in ("the", "a")
    for thing in ("film", "book")
    for how, label in LABEL_OF.items()
]


def toy_tokenizer(folder: Path):
    from kewen.text import Tokenizer

    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return Tokenizer.from_file(vocabulary)


def toy_model(num_layers: int):
    """Just initialised, the same first weights each time."""
    from kewen.models import Backbone
    from kewen.models.bert import BertConfig
    from kewen.training import seeded

    config = BertConfig(
        vocabulary_size=len(VOCABULARY),
        hidden_dim=16,
        num_layers=num_layers,
        num_heads=2,
        intermediate_dim=16,
        max_length=16,
        dropout=0.0,
        attention_dropout=0.0,
        initializer_range=0.3,  # large, so that a few steps suffice
    )
    with seeded(0):
        return Backbone(config, heads=["pooler"])
