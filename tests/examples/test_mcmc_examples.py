"""The examples of Markov chains run on a toy, and do what they say."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from kewen.errors import DataError

ROOT = Path(__file__).parents[2]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "，", "。"]
VOCABULARY = [*SPECIAL, *"床前明月光疑是地上霜春江"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny decoder that knows some characters."""
    from kewen.models import Backbone, Pretrained
    from kewen.models.llama import LlamaConfig
    from kewen.text import Tokenizer

    path = tmp_path_factory.mktemp("writer")
    (path / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    config = LlamaConfig(
        vocabulary_size=len(VOCABULARY),
        hidden_dim=8,
        num_layers=1,
        num_heads=2,
        intermediate_dim=16,
        max_length=64,
    )
    Pretrained(
        model=Backbone(config, heads=["language_model"]),
        tokenizer=Tokenizer.from_file(path / "vocab.txt"),
    ).save(path / "folder")
    return str(path / "folder")


def run(name, monkeypatch, capsys, *words):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(sys, "argv", [name, *words, "--chains", "2"])
    importlib.import_module(f"examples.mcmc.{name}").main()
    lines = capsys.readouterr().out.splitlines()
    return re.findall(r"best (\S+)  now (\S+)", "\n".join(lines)), lines


def test_keywords_stay_in_their_order(folder, monkeypatch, capsys):
    options = ("--model", folder, "--steps", "12", "--story")
    found, lines = run("keywords", monkeypatch, capsys, "明月", "江", *options)
    assert len(found) == 2
    assert len(lines) == 12 + 2
    assert all(re.search("明月.*江", text) for pair in found for text in pair)


def test_a_paraphrase_keeps_the_length_and_the_word(folder, monkeypatch, capsys):
    options = ("--model", folder, "--steps", "40", "--keep", "明月")
    found, _ = run("paraphrase", monkeypatch, capsys, "床前明月光", *options)
    for best, now in found:
        assert best[2:4] == now[2:4] == "明月"
        assert len(best) == len(now) == 5
        assert best != "床前明月光"


def test_a_word_that_is_not_there_cannot_be_kept(folder, monkeypatch, capsys):
    options = ("--model", folder, "--keep", "霜")
    with pytest.raises(DataError, match="a word of the text"):
        run("paraphrase", monkeypatch, capsys, "床前明月光", *options)


def test_a_couplet_has_two_lines(folder, monkeypatch, capsys):
    options = ("--model", folder, "--steps", "12", "--tokens", "5")
    found, _ = run("couplet", monkeypatch, capsys, "春江", *options)
    for text in found[0]:
        assert re.fullmatch(r"\w{5}，\w{5}", text)
