"""Ids, segments, offsets and decoding against recordings of bert4keras 0.11.5."""

import json
from pathlib import Path

import pytest

from kewen.text import Tokenizer, read_vocabulary

# In bert4keras, one space too many stands behind every mark; "10% 的", "$ 10.22",
# "a_ b-c", "x@ .y", "c++c#.net" and so on. Ours puts none there.
DECODED_OTHERWISE = {
    "我want10%的cafe",
    "$10.22",
    "a_b-c",
    'don\'t "quote"',
    "x@y.z",
    "C++ c# .net",
    "…...。。",
    "#@#@",
}
# The original rematches in the lower-cased text, where this letter is two characters:
# all positions behind it are one too large.
DOTTED_CAPITAL = "İstanbul i̇"

CASES = [
    ("lower", {"lowercase": True}),
    ("cased", {"lowercase": False}),
    ("lower_word_maxlen_8", {"lowercase": True, "max_word_chars": 8}),
]


@pytest.mark.parametrize(("case", "options"), CASES)
def test_ids_and_segments_equal_the_original(golden, vocabulary_file, case, options):
    tokenizer = Tokenizer.from_file(vocabulary_file, **options)
    for record in golden[case]:
        encoded = tokenizer(record["text"])
        assert encoded["token_ids"].tolist() == record["ids"], record["text"]
        assert encoded["segment_ids"].tolist() == record["segments"]


@pytest.mark.parametrize(("case", "options"), CASES)
def test_offsets_equal_the_original(golden, vocabulary_file, case, options):
    tokenizer = Tokenizer.from_file(vocabulary_file, **options)
    for record in golden[case]:
        if case == "lower" and record["text"] == DOTTED_CAPITAL:
            continue
        expected = [[m[0], m[-1] + 1] if m else [0, 0] for m in record["rematch"]]
        assert tokenizer(record["text"])["offsets"].tolist() == expected, record["text"]


def test_offsets_behind_a_dotted_capital_are_one_less_than_the_original_s(
    golden, lower
):
    (record,) = [r for r in golden["lower"] if r["text"] == DOTTED_CAPITAL]
    assert record["rematch"] == [[], [0, 2, 3, 4, 5, 6, 7, 8], [10], []]
    offsets = lower(DOTTED_CAPITAL)["offsets"].tolist()
    assert offsets == [[0, 0], [0, 8], [9, 10], [0, 0]]
    assert DOTTED_CAPITAL[0:8] == "İstanbul"
    assert DOTTED_CAPITAL[9:10] == "i"


@pytest.mark.parametrize("case", ["lower_pairs", "cased_pairs"])
def test_pairs_and_truncation_equal_the_original(golden, vocabulary_file, case):
    for record in golden[case]:
        asked = dict(record["kwargs"])
        tokenizer = Tokenizer.from_file(
            vocabulary_file,
            lowercase=case == "lower_pairs",
            pair_pattern=asked.pop("pattern", "S*E*E"),
        )
        truncate_from = asked.pop("truncate_from", "right")
        if isinstance(truncate_from, int):
            truncate_from -= 1  # the original counts its [CLS]
        encoded = tokenizer(
            record["first"],
            record["second"],
            max_length=asked.pop("maxlen", None),
            truncate_from=truncate_from,
        )
        assert not asked
        assert encoded["token_ids"].tolist() == record["ids"], record
        assert encoded["segment_ids"].tolist() == record["segments"]


@pytest.mark.parametrize(("case", "options"), CASES)
def test_decode_equals_the_original_but_for_spaces_around_marks(
    golden, vocabulary_file, case, options
):
    tokenizer = Tokenizer.from_file(vocabulary_file, **options)
    for record in golden[case]:
        ours, theirs = tokenizer.decode(record["ids"]), record["decode"]
        if record["text"] in DECODED_OTHERWISE:
            assert ours.replace(" ", "") == theirs.replace(" ", "")
        elif (case, record["text"]) != ("cased", "hello, WORLD!"):
            assert ours == theirs, record["text"]
    assert tokenizer.decode(tokenizer("hello !")["token_ids"]) == "hello!"


def test_ids_are_line_numbers_where_the_original_shifts_them(vocabulary_file: Path):
    folder = vocabulary_file.parents[1] / "tokenizer_vocab_bug"
    theirs = json.loads((folder / "expected.json").read_text("utf-8"))["load_vocab"]
    assert theirs["b"] == 5
    assert (theirs["c"], theirs["e"]) == (7, 8)  # lines 10 and 12
    ours = read_vocabulary(folder / "vocab.txt", "keep").ids
    assert (ours["a"], ours["b"], ours["c"], ours["e"]) == (6, 5, 9, 11)
