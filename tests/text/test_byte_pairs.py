"""vocab.json and merges.txt, against a naive byte-level BPE and transformers."""

import json
import re
from pathlib import Path

import pytest
from tokenizers import pre_tokenizers
from tokenizers.implementations import ByteLevelBPETokenizer

from kewen.errors import ConfigError, NotFoundError, VocabularyError
from kewen.text import Tokenizer

CORPUS = [
    "The cat sat on the mat, and the other cats sat there too.",
    "今天天气真不错，我们去公园。今天的天气比昨天的好。",
    "x = 12345 + 67890; they'll say it's fine",
] * 20
TEXTS = [
    "The cats'll sit; the mat isn't there!",
    "今天我们去公园，🙂 天气好。",
    "  two  spaces \n\n and\ttabs  ",
    "café naïve 123abc",
    "",
    " ",
    "\0\x7f",
]
# GPT-2's cutting rule, for letters of the Basic Latin and Chinese alone.
WORDS = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"
)


def letters() -> dict[int, str]:
    """GPT-2's letter for each byte: itself if it prints, else from U+0100 on."""
    prints = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in prints]
    return {byte: chr(byte) for byte in prints} | {
        byte: chr(256 + place) for place, byte in enumerate(others)
    }


def naive(text: str, vocabulary: dict[str, int], merges: list[list[str]]) -> list[int]:
    letter, ids = letters(), []
    for word in WORDS.findall(text):
        pieces = [letter[byte] for byte in word.encode()]
        for left, right in merges:
            at = 0
            while at < len(pieces) - 1:
                if pieces[at : at + 2] == [left, right]:
                    pieces[at : at + 2] = [left + right]
                at += 1
        ids += [vocabulary[piece] for piece in pieces]
    return ids


def save(folder: Path, *special: str) -> Path:
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator(
        CORPUS, 400, special_tokens=list(special), show_progress=False
    )
    trainer.save_model(str(folder))
    return folder


def content(folder: Path) -> tuple[dict[str, int], list[list[str]]]:
    lines = (folder / "merges.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" ") for line in lines if not line.startswith("#version")]
    return json.loads((folder / "vocab.json").read_text("utf-8")), pairs


@pytest.fixture
def gpt2(tmp_path: Path) -> Path:
    return save(tmp_path, "<|endoftext|>")


@pytest.fixture
def roberta(tmp_path: Path) -> Path:
    return save(tmp_path, "<s>", "<pad>", "</s>", "<unk>", "<mask>")


def test_ids_are_those_of_naive_merging(gpt2):
    tokenizer = Tokenizer.from_folder(gpt2)
    vocabulary, merges = content(gpt2)
    assert len(merges) > 50
    for text in TEXTS + CORPUS[:3]:
        row = tokenizer(text)
        assert row["token_ids"].tolist() == naive(text, vocabulary, merges)
        assert tokenizer.decode(row["token_ids"]) == text


def test_offsets_cover_the_text_without_gaps(gpt2):
    text = "The cats sat, 今天🙂."
    offsets = Tokenizer.from_file(gpt2 / "vocab.json")(text)["offsets"]
    assert offsets[0, 0] == 0 and offsets[-1, 1] == len(text)
    covered = {place for start, stop in offsets for place in range(start, stop)}
    assert covered == set(range(len(text)))


def test_roberta_has_its_special_tokens_around(roberta):
    tokenizer = Tokenizer.from_folder(roberta)
    vocabulary, merges = content(roberta)
    a, b = (naive(text, vocabulary, merges) for text in ("the cat", " 今天"))
    assert tokenizer("the cat", " 今天")["token_ids"].tolist() == [
        *(0, *a, 2),
        *(2, *b, 2),
    ]
    assert (tokenizer.pad_id, tokenizer.unk_id, tokenizer.mask_id) == (1, 3, 4)
    spelled = tokenizer("the <mask> cat")["token_ids"].tolist()
    the, cat = (naive(text, vocabulary, merges) for text in ("the", " cat"))
    assert spelled == [0, *the, 4, *cat, 2]


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("kind", ["GPT2Tokenizer", "RobertaTokenizer"])
def test_transformers_gives_the_same_ids(tmp_path, kind, prefix):
    transformers = pytest.importorskip("transformers")
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    save(tmp_path, *(special if kind[0] == "R" else ["<|endoftext|>"]))
    settings = {"tokenizer_class": kind, "add_prefix_space": prefix}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    ours = Tokenizer.from_folder(tmp_path)
    vocabulary, merges = content(tmp_path)
    theirs = getattr(transformers, kind)(
        vocab=vocabulary, merges=list(map(tuple, merges)), add_prefix_space=prefix
    )
    for text in [*TEXTS, "a<mask>b", "a<|endoftext|>b"]:
        assert ours(text)["token_ids"].tolist() == theirs(text)["input_ids"], text
        pair = ours(text, "the cat")["token_ids"].tolist()
        assert pair == theirs(text, "the cat")["input_ids"]


def test_saved_it_gives_the_same(roberta, tmp_path):
    tokenizer = Tokenizer.from_folder(roberta)
    tokenizer.save(tmp_path / "saved")
    again = Tokenizer.from_folder(tmp_path / "saved")
    for text in [*TEXTS, "a <mask> b"]:
        assert (
            again(text)["token_ids"].tolist() == tokenizer(text)["token_ids"].tolist()
        )
    assert again.vocabulary_size == tokenizer.vocabulary_size


def test_added_tokens_come_behind_the_vocabulary(gpt2):
    size = len(content(gpt2)[0])
    (gpt2 / "added_tokens.json").write_text(json.dumps({"<new>": size}))
    tokenizer = Tokenizer.from_folder(gpt2)
    assert size in tokenizer("a <new> b")["token_ids"]
    assert tokenizer.vocabulary_size == size + 1
    (gpt2 / "added_tokens.json").write_text(json.dumps({"<new>": size + 5}))
    with pytest.raises(VocabularyError, match=r"added_tokens\.json"):
        Tokenizer.from_folder(gpt2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("vocab.json", "{", r"vocab\.json"),
        ("vocab.json", "{}", "a token for each byte"),
        ("vocab.json", '{"a": 1.5}', "whole number"),
        ("vocab.json", '{"a": 1, "b": 1}', "id of its own"),
        ("vocab.json", '{"a": -1}', "whole number"),
        ("merges.txt", "a b c\n", "line 1"),
        ("merges.txt", "a\n", "line 1"),
        ("merges.txt", "zq qz\n", "vocabulary lacks"),
        ("tokenizer_config.json", '{"tokenizer_class": "Qwen2Tokenizer"}', "Qwen2"),
    ],
)
def test_broken_files_are_named(gpt2, name, text, message):
    (gpt2 / name).write_text(text)
    with pytest.raises(VocabularyError, match=message):
        Tokenizer.from_folder(gpt2)


def test_an_id_of_billions_makes_no_table(gpt2):
    vocabulary, _ = content(gpt2)
    for far, message in ((4_000_000_000, "ids up to"), (1 << 40, "makes a tokenizer")):
        (gpt2 / "vocab.json").write_text(json.dumps(vocabulary | {"far": far}))
        with pytest.raises(VocabularyError, match=message):
            Tokenizer.from_folder(gpt2)


def test_both_files_are_needed_and_options_refused(gpt2):
    with pytest.raises(ConfigError, match="holds its own rules"):
        Tokenizer.from_file(gpt2 / "vocab.json", lowercase=True)
    (gpt2 / "merges.txt").unlink()
    with pytest.raises(NotFoundError, match=r"merges\.txt"):
        Tokenizer.from_folder(gpt2)


def test_the_letters_of_bytes_are_the_library_s():
    assert set(letters().values()) == set(pre_tokenizers.ByteLevel.alphabet())
