"""`kewen generate`: golden ids by the command line, texts, and what cannot be."""

import json
import re

import numpy as np
import pytest
from byte_tokenizer import byte_tokenizer
from command_line import GOLDEN

import kewen as library

FOLDER = GOLDEN / "huggingface"


def padded_right(inputs):
    """The same rows with their padding on the other side."""
    pads = (~inputs["padding_mask"].astype(bool)).sum(1)
    return {
        name: np.stack([np.roll(row, -n) for row, n in zip(rows, pads, strict=True)])
        for name, rows in inputs.items()
    }


def arrays_of(case, side=""):
    with np.load(FOLDER / case / "expected.npz", allow_pickle=False) as golden:
        arrays = dict(golden)
    return arrays, {
        "token_ids": arrays[f"input_{side}input_ids"],
        "padding_mask": arrays[f"input_{side}attention_mask"],
    }


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("beams", "name"), [(1, "greedy"), (3, "beam3")])
def test_ids_of_a_decoder_are_golden_with_padding_on_either_side(
    kewen, tmp_path, beams, name, side
):
    arrays, inputs = arrays_of("gpt2", "left_")
    inputs = padded_right(inputs) if side == "right" else inputs
    np.savez(tmp_path / "in.npz", **inputs)
    files = ("--ids", tmp_path / "in.npz", "--out", tmp_path / "out.npz")
    options = ("--max-new-tokens", 12, "--num-beams", beams, "--no-stop")
    ended = kewen("generate", FOLDER / "gpt2", *files, *options)
    assert (ended.code, ended.out) == (0, "")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        wanted = arrays[f"generate_{name}_ids"][:, 12:]
        np.testing.assert_array_equal(found["generated_ids"], wanted)
        assert found["generated_ids"].dtype == "int32"
        if beams > 1:
            np.testing.assert_allclose(
                found["scores"], arrays["generate_beam3_scores"], rtol=1e-3
            )


def test_ids_of_an_encoder_decoder_leave_out_the_start_and_fill_with_padding(
    kewen, tmp_path
):
    arrays, inputs = arrays_of("t5")
    np.savez(tmp_path / "in.npz", **inputs)
    files = ("--ids", tmp_path / "in.npz", "--out", tmp_path / "out.npz")
    options = ("--max-new-tokens", 20, "--no-stop")
    ended = kewen("generate", FOLDER / "t5", *files, *options)
    assert ended.code == 0
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        wanted = arrays["generate_greedy_ids"][:, 1:]
        np.testing.assert_array_equal(found["generated_ids"][:, :12], wanted)
        assert found["generated_ids"].shape == (3, 20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The golden GPT-2 with a tokenizer of its 80 ids, a letter each."""
    folder = tmp_path_factory.mktemp("gpt2") / "model"
    pretrained = library.load(FOLDER / "gpt2", tokenizer=False)
    pretrained.tokenizer = byte_tokenizer(tmp_path_factory.mktemp("pieces"), 80)
    pretrained.save(folder)
    return folder


def test_one_text_is_answered_as_it_comes(kewen, folder):
    ended = kewen("generate", folder, "AB", "--max-new-tokens", 9, "--no-stop")
    assert ended.code == 0
    assert len(ended.out.rstrip("\n")) == 9


def test_a_file_is_answered_in_its_order(kewen, folder, tmp_path):
    prompts = ["A", "BCD", "AB", "DEFGH", "C"]
    lines = [json.dumps({"text": prompt}) for prompt in prompts]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    options = ("--max-new-tokens", 9, "--temperature", 1.5, "--rows", 2, "--no-stop")
    ended = kewen("generate", folder, "--input", tmp_path / "in.jsonl", *options)
    assert ended.code == 0
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["text"] for record in records] == prompts
    for record in records:  # whoever else is in the batch changes no draw
        alone = kewen("generate", folder, record["text"], *options)
        assert alone.out.rstrip("\n") == record["generated"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "one of the three"),
        (("A", "--input", "x.jsonl"), "one of the three"),
        (("--ids", "in.npz"), "one of the three"),
        (("A", "--max-new-tokens", "0"), "max_new_tokens must be"),
        (("A", "--temperature", "0"), "temperature must be above"),
        (("A", "--num-beams", "2", "--top-k", "3"), "Beams are searched, not drawn"),
        (("A", "--stop", ""), "at least one character"),
        (("A", "--chat"), "chat template"),
        (("A", "--num-guesses", "2", "--num-beams", "3"), "Guesses are for greedy"),
        (("A", "--on-bad-row", "skip"), "are about the file"),
        (("A", "--max-new-tokens", "5000"), "The model has positions for"),
    ],
)
def test_what_cannot_be_is_one_sentence(kewen, folder, arguments, words):
    ended = kewen("generate", folder, *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_guesses_and_bad_rows(kewen, folder, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "AB"}\n{"no": 1}\n{"text": "C"}\n', "utf-8")
    options = ("--input", source, "--max-new-tokens", 9)
    ended = kewen("generate", folder, *options)
    assert "--on-bad-row skip" in ended.err
    plain = kewen("generate", folder, *options, "--on-bad-row", "skip")
    assert plain.code == 0, plain.err
    assert "line 2" in plain.err
    more = ("--on-bad-row", "skip", "--draft", folder, "--num-guesses", 2)
    quick = kewen("generate", folder, *options, *more)
    assert quick.code == 0, quick.err
    pairs = zip(plain.out.splitlines(), quick.out.splitlines(), strict=True)
    for one, other in pairs:
        assert json.loads(one)["generated"] == json.loads(other)["generated"]


def test_patterns_and_int8(kewen, folder, tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "integer"}', "utf-8")
    short = ("--max-new-tokens", 8)
    for options, pattern in (
        (("--regex", "A{3}"), "AAA"),
        (("--json-schema", schema), r"-?\d+"),
        (("--regex", "(AB)+", "--int8"), "(AB)+"),
    ):
        ended = kewen("generate", folder, "A", *options, *short)
        assert ended.code == 0, ended.err
        assert re.fullmatch(pattern, ended.out.strip())
    schema.write_text("[1]", "utf-8")
    ended = kewen("generate", folder, "A", "--json-schema", schema)
    assert ended.code == 2 and "JSON" in ended.err


def test_ids_refuse_what_is_about_texts(kewen, tmp_path):
    _, inputs = arrays_of("gpt2", "left_")
    np.savez(tmp_path / "in.npz", **inputs)
    files = ("--ids", tmp_path / "in.npz", "--out", tmp_path / "out.npz")
    ended = kewen("generate", FOLDER / "gpt2", *files, "--stop", "e", "--chat")
    assert ended.code == 2
    assert "--stop, --chat" in ended.err
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("attention_mask", True, "must be named padding_mask"),
        ("padding_mask", 2, "must be 1 or True where a token is"),
        ("padding_mask", np.nan, "must be 1 or True where a token is"),
    ],
)
def test_a_mask_of_ids_that_is_none_is_refused(kewen, tmp_path, name, value, words):
    mask = np.full((1, 3), value)
    np.savez(tmp_path / "in.npz", token_ids=np.full((1, 3), 7), **{name: mask})
    files = ("--ids", tmp_path / "in.npz", "--out", tmp_path / "out.npz")
    ended = kewen("generate", FOLDER / "gpt2", *files)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())


def test_ids_do_not_depend_on_how_many_rows_go_at_a_time(kewen, tmp_path):
    inputs = {"token_ids": np.full((5, 3), 7)}
    np.savez(tmp_path / "in.npz", **inputs)
    found = []
    for rows in (2, 5):
        out = tmp_path / f"{rows}.npz"
        options = ("--temperature", 1.5, "--max-new-tokens", 6, "--no-stop")
        files = ("--ids", tmp_path / "in.npz", "--out", out, "--rows", rows)
        assert kewen("generate", FOLDER / "gpt2", *files, *options).code == 0
        with np.load(out, allow_pickle=False) as arrays:
            found.append(arrays["generated_ids"].tolist())
    assert found[0] == found[1]
    assert len(set(map(tuple, found[0]))) == 5


def test_a_file_of_one_prompt_is_answered_as_a_file(kewen, folder, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "AB"}\n')
    options = ("--max-new-tokens", 3, "--no-stop")
    ended = kewen("generate", folder, "--input", tmp_path / "in.jsonl", *options)
    assert json.loads(ended.out)["text"] == "AB"
