"""The pages say what is there: links, paths, names, examples and command lines."""

import ast
import importlib
import json
import math
import re
import shlex
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TRANSLATED = [page for page in PAGES if page.name.endswith(".zh.md")]

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
IN_BACKTICKS = re.compile(r"`((?:kewen|tests|docs|benchmarks|\.ci)/[^`\s]*)`")
DOTTED = re.compile(r"`(kewen(?:\.(?!json)\w+)+)`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [code for marked, code in FENCED.findall(text) if marked == language]


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page):
    links = LINK.findall(prose(page))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_is_named_exists(page):
    # `kewen/models/<family>/weights.py` stands for all families.
    named = IN_BACKTICKS.findall(page.read_text(encoding="utf-8"))
    patterns = {name: re.sub(r"<\w+>", "*", name).rstrip("/") for name in named}
    assert [name for name in named if not any(ROOT.glob(patterns[name]))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_dotted_name_can_be_imported(page):
    for name in DOTTED.findall(prose(page)):
        room, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(room), last), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_python_block_is_python(page):
    for code in blocks(page, "python"):
        ast.parse(code)


@pytest.mark.parametrize("page", TRANSLATED, ids=name_of)
def test_a_translation_has_the_sections_and_the_code_of_its_original(page):
    original = page.with_name(page.name.replace(".zh.md", ".md"))
    assert HEADING.findall(prose(page)) == HEADING.findall(prose(original))
    for language in ("python", "sh"):
        ours, theirs = blocks(page, language), blocks(original, language)
        assert [without_comments(c) for c in ours] == [
            without_comments(c) for c in theirs
        ]


def without_comments(code: str) -> list[str]:
    return [re.sub(r"\s*#\s.*$", "", line) for line in code.splitlines()]


def test_the_tree_of_the_readme_names_every_room():
    tree = next(code for code in blocks(ROOT / "README.md", "") if "kewen/" in code)
    named = set(re.findall(r"^  (\w+)(?:/|\.py)", tree, re.MULTILINE))
    folders = {path.parent.name for path in (ROOT / "kewen").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "kewen").glob("*.py")}
    assert named == folders | files


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_line_has_options_that_exist(page):
    import typer.main

    from kewen.cli import app
    from kewen.cli.arguments import prepared

    program = typer.main.get_command(app)
    for line in "\n".join(blocks(page, "sh")).splitlines():
        name, *words = shlex.split(line, comments=True) or [""]
        if name == "kewen":
            parse(program, prepared(words))


def parse(command, words: list[str]) -> None:
    """Let typer read a line as it would, without running anything."""
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, words)


TEXTS = ["很好", "好", "很差", "差"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"很好差白切鸡你想吃啥不"]


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    from kewen.models import Backbone, Pretrained
    from kewen.models.bert import BertConfig
    from kewen.text import Tokenizer

    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY), encoding="utf-8")
    config = BertConfig(
        vocabulary_size=len(VOCABULARY),
        hidden_dim=8,
        num_layers=1,
        num_heads=2,
        intermediate_dim=16,
        max_length=128,
    )
    Pretrained(
        model=Backbone(config, heads=["pooler"]),
        tokenizer=Tokenizer.from_file(vocabulary),
    ).save(tmp_path / "chinese-bert")
    rows = [f"{text}\t{'pos' if '好' in text else 'neg'}" for text in TEXTS]
    for name in ("train", "dev", "test"):
        lines = "\n".join(["text\tlabel", *rows])
        (tmp_path / f"{name}.tsv").write_text(lines, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    example = blocks(ROOT / "README.md", "python")[0]
    exec(compile(example, "README.md", "exec"), {})
    accuracy, label = capsys.readouterr().out.split()
    assert 0 <= float(accuracy) <= 1
    assert label in ("neg", "pos")


@pytest.fixture
def writers(tmp_path, monkeypatch):
    """Tiny models of the names in the pages, and pairs, beside the reader."""
    from byte_tokenizer import byte_tokenizer

    from kewen.models import Backbone, Pretrained
    from kewen.models.bert import BertConfig
    from kewen.models.gpt2 import Gpt2Config
    from kewen.text import Tokenizer

    sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "intermediate_dim": 16}
    gpt2 = Gpt2Config(vocabulary_size=256, max_length=512, **sizes)
    for folder in ("gpt2-folder", "smaller-folder"):
        Pretrained(
            model=Backbone(gpt2, heads=["language_model"]),
            tokenizer=byte_tokenizer(tmp_path),
            config_json={"eos_token_id": 10},
        ).save(tmp_path / folder)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    bert = BertConfig(vocabulary_size=len(VOCABULARY), max_length=128, **sizes)
    Pretrained(
        model=Backbone(bert, heads=["masked_lm"]),
        tokenizer=Tokenizer.from_file(tmp_path / "vocab.txt"),
    ).save(tmp_path / "bert-folder")
    for name in ("train", "dev", "test"):
        lines = [json.dumps({"source": text, "target": text[:2]}) for text in TEXTS]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_examples_that_write_run(writers, capsys):
    names = {"kewen": importlib.import_module("kewen")}
    exec(compile(blocks(ROOT / "README.md", "python")[1], "README.md", "exec"), names)
    assert capsys.readouterr().out
    *_, (_, names) = run_in_turn(ROOT / "docs/howto/generate.md")
    assert names["writer"].model.reads_source


def test_the_example_of_markov_chains_runs(capsys):
    *_, (_, names) = run_in_turn(ROOT / "docs/howto/mcmc.md")
    assert len(capsys.readouterr().out.splitlines()) == 200
    assert {ids.count(2) >= 1 and 3 <= len(ids) <= 8 for ids in names["best"]} == {True}


def test_the_examples_of_the_tour_run_one_after_the_other(monkeypatch):
    monkeypatch.chdir(ROOT)
    *_, (_, names) = run_in_turn(ROOT / "docs/tour.md")
    assert names["row"]["token_ids"].tolist() == [2, 5, 6, 6, 7, 8, 9, 10, 3]
    assert names["row"]["offsets"][3].tolist() == [2, 3]
    assert names["batches"].shapes <= {(2, 16), (2, 8)}
    assert names["outputs"]["hidden_1"].shape == (1, 9, 32)
    assert names["outputs"]["attention_0"].shape == (1, 4, 9, 9)
    assert names["outputs"]["mlm_logits"].shape == (1, 9, 80)
    assert names["pretrained"].model.heads == ("masked_lm",)


def test_the_examples_of_the_lesson_run_and_give_what_they_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    lesson = ROOT / "docs/lessons/masks_and_attention.md"
    values = [
        eval(code.splitlines()[-1].partition("  #")[0], names)
        for code, names in run_in_turn(lesson)
    ]
    *lists, inputs, padded_row = values
    average, nothing, square, prefix, permuted, padded_row = map(
        np.asarray, [*lists, padded_row]
    )
    assert inputs == ["padding_mask", "segment_ids", "token_ids"]
    assert average == pytest.approx([1 / 3] * 3)
    assert nothing.tolist() == [0, 0, 0]
    assert square[0].astype(int).tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 1, 1],
    ]
    assert (prefix == square).all()
    assert permuted[0].astype(int).tolist() == [[1, 0, 0], [1, 1, 1], [1, 0, 1]]
    assert padded_row.astype(int).tolist() == [1, 1, 1, 1, 0]


def test_the_examples_of_the_lesson_on_padding_give_what_they_say():
    mean, highest, turned = (
        np.asarray(eval(code.splitlines()[-1].partition("  #")[0], names))
        for code, names in run_in_turn(ROOT / "docs/lessons/padding.md")
    )
    assert mean.item() == pytest.approx(2.6)
    assert highest.item() == -1
    assert turned.tolist() == [[5, 4, 3, 0, 1, 0, 0, 0]]


def test_the_example_of_lost_text_finds_it():
    ((_, names),) = run_in_turn(ROOT / "docs/lessons/lost_text.md")
    assert names["hits"] == [(1021, "先帝创业未半而中道崩殂")]


def test_the_examples_of_model_surgery_give_what_they_say():
    (across, cut), (_, patched), (fewer, _) = (
        (eval(code.splitlines()[-1].partition("  #")[0], names), dict(names))
        if "  # [" in code or "  # -" in code
        else (None, names)
        for code, names in run_in_turn(ROOT / "docs/lessons/model_surgery.md")
    )
    assert across == ["bidirectional_mask", "block_0_feedforward_norm"]
    parts = cut["tail"](cut["head"](cut["inputs"]))
    assert np.array_equal(parts, cut["model"](cut["inputs"]))
    assert patched["deeper"].get_layer("new") and patched["other"].get_layer("unit")
    assert fewer == -(8 * 16 + 16 + 16 * 8 + 8)


SAID = re.compile(r"  # (Fraction\([^)]*\)|\([^)]*\)|\[[^\]]*\]|nan|-?\d[\d.e-]*)")


def test_the_examples_of_the_page_on_statistics_give_what_they_say():
    names: dict[str, Any] = {"Fraction": Fraction, "nan": math.nan}
    compared = 0
    for code in blocks(ROOT / "docs/howto/statistics.md", "python"):
        lines = code.splitlines()
        for node in ast.parse(code).body:
            if not isinstance(node, ast.Expr):
                exec(ast.unparse(node), names)
                continue
            said = SAID.search(lines[(node.end_lineno or 0) - 1])
            assert said, lines
            found = np.asarray(eval(ast.unparse(node.value), names), float)
            expected = np.asarray(eval(said[1], names), float)
            assert found == pytest.approx(expected, rel=0.03, abs=1e-3, nan_ok=True)
            compared += 1
    assert compared == 24


@pytest.mark.parametrize("page", ["vectors.md", "vectors.zh.md"])
def test_the_examples_of_the_page_on_word_vectors_give_what_they_say(page):
    names: dict[str, Any] = {}
    compared = 0
    for code in blocks(ROOT / "docs/howto" / page, "python"):
        lines = code.splitlines()
        for node in ast.parse(code).body:
            if not isinstance(node, ast.Expr):
                exec(ast.unparse(node), names)
                continue
            found = str(eval(ast.unparse(node.value), names))
            said = lines[(node.end_lineno or 0) - 1].partition("  # ")[2]
            if said in ("True", "(4,)") or len(said) <= 2:
                assert found == said
                compared += 1
    assert compared == 8


def test_the_examples_of_the_page_on_clusters_give_what_they_say():
    names: dict[str, Any] = {}
    compared = 0
    for code in blocks(ROOT / "docs/howto/cluster.md", "python"):
        lines = code.splitlines()
        for node in ast.parse(code).body:
            if not isinstance(node, ast.Expr):
                exec(ast.unparse(node), names)
                continue
            said = lines[(node.end_lineno or 0) - 1].partition("  # ")[2]
            assert eval(ast.unparse(node.value), names) == ast.literal_eval(said)
            compared += 1
    assert compared == 10


def run_in_turn(page: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run the blocks of a page in one namespace; after each, the code and the names."""
    names: dict[str, Any] = {}
    for code in blocks(page, "python"):
        exec(compile(code, page.name, "exec"), names)
        yield code, names
