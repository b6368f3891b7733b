"""A tiny BERT, files of examples, and the program run in this process."""

import json
import os

import pytest
from command_line import ROOT, VOCABULARY, Ended

from kewen.cli import main


@pytest.fixture
def kewen(capsys, monkeypatch):
    """Run the program: `kewen("predict", folder, "text")`."""
    # Set by --debug; noted here so that it is gone after the test.
    monkeypatch.setenv("KEWEN_DEBUG", "0")

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A folder with a BERT of one block, just initialised."""
    from kewen.models import Backbone, Pretrained
    from kewen.models.bert import BertConfig
    from kewen.text import Tokenizer
    from kewen.training import seeded

    folder = tmp_path_factory.mktemp("models")
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    config = BertConfig(
        vocabulary_size=len(VOCABULARY),
        hidden_dim=16,
        num_layers=1,
        num_heads=2,
        intermediate_dim=16,
        max_length=16,
        dropout=0.0,
        attention_dropout=0.0,
        initializer_range=0.3,  # large, so that a few steps suffice
    )
    with seeded(0):
        model = Backbone(config, heads=["pooler"])
    pretrained = Pretrained(model=model, tokenizer=Tokenizer.from_file(vocabulary))
    pretrained.save(folder / "tiny")
    return folder / "tiny"


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """A folder with train.tsv, dev.tsv and test.jsonl."""
    folder = tmp_path_factory.mktemp("examples")
    rows = [
        (f"{start} {thing} was {how}", label)
        for start in ("the", "a")
        for thing in ("film", "book")
        for how, label in [
            ("good", "pos"),
            ("fine", "pos"),
            ("bad", "neg"),
            ("awful", "neg"),
        ]
    ]
    lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in rows)]
    for name in ("train.tsv", "dev.tsv"):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (folder / "test.jsonl").write_text("\n".join(records) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def fitted(tiny, examples, tmp_path_factory):
    """Folder of a classifier that `kewen fit classify` saved, once for all tests."""
    out = tmp_path_factory.mktemp("fitted") / "clf"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("fit", "classify", str(examples / "train.tsv")),
                *("--dev", str(examples / "dev.tsv")),
                *("--test", str(examples / "test.jsonl")),
                *("--model", str(tiny), "--out", str(out), "--max-length", "12"),
                *("--epochs", "10", "--batch-size", "4", "--learning-rate", "2e-2"),
                "--report",
            ]
        )
    assert not ended.value.code
    return out


@pytest.fixture
def environment(tmp_path):
    """For a process of its own: a home of its own, no network, no choice of backend."""
    dropped = ("KERAS_BACKEND", "KERAS_HOME", "KEWEN_DEBUG")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {
        "HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
    }
