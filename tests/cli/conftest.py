"""A tiny BERT, files of examples, and the program run in this process."""

import json
import os

import pytest
from command_line import ROOT, Ended
from toy import LABELLED, toy_model, toy_tokenizer

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
    from kewen.models import Pretrained

    folder = tmp_path_factory.mktemp("models")
    tokenizer = toy_tokenizer(folder)
    Pretrained(model=toy_model(1), tokenizer=tokenizer).save(folder / "tiny")
    return folder / "tiny"


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """A folder with train.tsv, dev.tsv and test.jsonl."""
    folder = tmp_path_factory.mktemp("examples")
    lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in LABELLED)]
    for name in ("train.tsv", "dev.tsv"):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = [json.dumps({"text": text, "label": label}) for text, label in LABELLED]
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
