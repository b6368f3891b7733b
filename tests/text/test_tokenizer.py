"""Arrays, offsets, truncation, windows, padding, decoding, and wrong input."""

import unicodedata
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.errors import ConfigError, DataError
from kewen.text import Encoded, Tokenizer

# Letters of the vocabulary and everything that is lost, doubled or moved on the way.
ALPHABET = "abcdefABCéÉïñÅåİiΣσςαΟο今天我北，。.,!'\"-# \t\n\u3000\u00a0\u2028½²①ﬁßＡ１"
ODD = (
    "\u0301\u0302\u0307\u200b\u200d\u00ad\ufeff\0\ufffd\x07\ufe0f😀👨❤\ue000\U00020000"
)
texts = st.text(st.sampled_from(ALPHABET + ODD), max_size=40)
any_texts = st.text(max_size=40)


def normal_form(text: str) -> str:
    """The lower-case normal form, written down once more; all sigmas are one."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    gone = {"Mn", "Cc", "Cf"}
    kept = [c for c in decomposed if unicodedata.category(c) not in gone]
    return "".join(kept).replace("\ufffd", "").replace("ς", "σ")


def words(text: str) -> list[str]:
    """The words that word pieces are cut from, as bert4keras defines them."""
    spaced = ""
    for char in normal_form(text):
        mark = unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"
        chinese = unicodedata.name(char, "").startswith(("CJK UNIFIED", "CJK COMPAT"))
        ideograph = chinese and "IDEOGRAPH" in unicodedata.name(char)
        spaced += f" {char} " if mark or ideograph else char
    return spaced.split()


def inner(encoded: Encoded, tokenizer: Tokenizer):
    """The tokens of a text between [CLS] and [SEP], with their offsets."""
    tokens = tokenizer.tokens(encoded["token_ids"])[1:-1]
    return list(zip(tokens, encoded["offsets"][1:-1].tolist(), strict=True))


@given(texts)
def test_the_normal_form_of_the_slice_is_the_token(lower, text):
    for token, (start, stop) in inner(lower(text), lower):
        if token != "[UNK]":
            piece = token.removeprefix("##") if len(token) > 2 else token
            assert normal_form(text[start:stop]) == piece.replace("ς", "σ")


@given(texts)
def test_the_slice_of_a_cased_text_is_the_token(cased, text):
    for token, (start, stop) in inner(cased(text), cased):
        if token != "[UNK]":
            shown = [c for c in text[start:stop] if c not in "\0\x07\ufffd\xad"]
            shown = [c for c in shown if unicodedata.category(c) not in ("Cc", "Cf")]
            piece = token.removeprefix("##") if len(token) > 2 else token
            assert "".join(shown) == piece


@given(any_texts)
def test_offsets_rise_and_stay_inside_the_text(lower, text):
    spans = [span for _, span in inner(lower(text), lower)]
    assert all(0 <= start < stop <= len(text) for start, stop in spans)
    assert spans == sorted(spans)


@given(st.lists(any_texts, max_size=4))
@settings(max_examples=50)
def test_a_batch_equals_one_by_one(lower, many):
    rows = lower.encode_many(many)
    batch = lower(many)
    assert batch.sample.tolist() == list(range(len(many)))
    for index, text in enumerate(many):
        alone = lower(text)
        real = batch["padding_mask"][index]
        for name, array in alone.items():
            np.testing.assert_array_equal(rows[index][name], array)
            np.testing.assert_array_equal(batch[name][index][real], array)
        assert not batch["token_ids"][index][~real].any()


def test_every_letter_that_is_not_new_is_normalised_and_split_as_in_python(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "utf-8")
    tokenizer = Tokenizer.from_file(path)  # every word is one [UNK] with its offsets
    # Letters whose category has never changed: the tables of Python and of the library
    # differ in version.
    then, now = unicodedata.ucd_3_2_0, unicodedata
    ideographs_and_hangul = range(0x3400, 0xD800, 41)  # all alike: some of them will do
    blocks = range(32, 0x3400), ideographs_and_hangul, range(0xF900, 0x10000)
    chars = map(chr, chain(*blocks))
    old = [c for c in chars if then.category(c) == now.category(c) != "Cn"]
    rows = tokenizer.encode_many([f"x{char}y" for char in old])
    assert len(rows) > 10_000
    for char, row in zip(old, rows, strict=True):
        text = f"x{char}y"
        shown = [normal_form(text[a:b]) for a, b in row["offsets"][1:-1].tolist()]
        assert shown == words(text), ascii(char)


def test_a_hangul_syllable_in_several_tokens_gives_each_the_whole_syllable(tmp_path):
    jamo = unicodedata.normalize("NFD", "한")
    pieces = [jamo[0], f"##{jamo[1]}", f"##{jamo[2]}"]
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces]), "utf-8")
    encoded = Tokenizer.from_file(path)("한")
    assert encoded["token_ids"].tolist() == [2, 4, 5, 6, 3]
    assert encoded["offsets"][1:-1].tolist() == [[0, 1]] * 3


@pytest.mark.parametrize(
    ("text", "last"), [("ΟΔΟΣ", "ς"), ("ΟΔΟΣ'", "ς"), ("ΣΑΣ", "ς"), ("Σ", "σ")]
)
def test_a_sigma_is_final_only_at_the_end_of_a_word(tmp_path, text, last):
    word = text.lower().rstrip("'")
    assert word.endswith(last)
    path = tmp_path / "vocab.txt"
    path.write_text(f"[PAD]\n[UNK]\n[CLS]\n[SEP]\n{word}\n", "utf-8")
    assert Tokenizer.from_file(path)(text)["token_ids"][1] == 4


def test_new_and_private_letters_are_unknown_but_not_lost(lower):
    for char in ("\ue000", "\U0001fae8"):
        assert lower(char)["token_ids"].tolist() == [2, 1, 3]


def test_half_a_surrogate_pair_is_dropped_and_keeps_its_place(lower):
    assert lower("a\ud800b")["offsets"].tolist() == [[0, 0], [0, 1], [2, 3], [0, 0]]


def test_one_text_gives_vectors_and_a_list_gives_matrices(lower):
    alone, many = lower("今天"), lower(["今天", "a"])
    assert [array.shape for array in alone.values()] == [(4,), (4,), (4,), (4, 2)]
    assert [array.shape for array in many.values()] == [(2, 4)] * 3 + [(2, 4, 2)]
    kinds = [np.int32, np.int32, np.bool_, np.int32]
    assert [array.dtype for array in many.values()] == kinds
    assert lower([])["offsets"].shape == (0, 0, 2)


def test_padding_goes_to_the_side_and_length_asked_for(lower):
    encoded = lower(["a b", "c"], padding_side="left", pad_to=6)
    assert encoded["token_ids"].tolist() == [[0, 0, 2, 53, 54, 3], [0, 0, 0, 2, 55, 3]]
    assert encoded["padding_mask"].sum(axis=1).tolist() == [4, 3]
    assert lower("a", pad_to=5)["token_ids"].tolist() == [2, 53, 3, 0, 0]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"truncation": "only_first"}, [2, 53, 3, 56, 57, 3]),
        ({"truncation": "only_second"}, [2, 53, 54, 55, 3, 3]),
        ({"truncation": "longest_first"}, [2, 53, 3, 56, 57, 3]),
        (
            {"truncation": "longest_first", "truncate_from": "left"},
            [2, 55, 3, 56, 57, 3],
        ),
    ],
)
def test_truncation_takes_from_the_part_and_side_named(lower, options, ids):
    encoded = lower("a b c", "d e", max_length=6, **options)
    assert encoded["token_ids"].tolist() == ids


def test_truncation_keeps_start_and_end(lower):
    encoded = lower("a b c d e f", max_length=5, truncate_from=1)
    assert lower.tokens(encoded["token_ids"]) == ["[CLS]", "a", "e", "f", "[SEP]"]
    assert encoded["offsets"].tolist()[1:4] == [[0, 1], [8, 9], [10, 11]]


def test_windows_cover_the_text_overlap_and_keep_offsets(lower):
    text = "a b c d e f a"
    encoded = lower([text, "b"], max_length=5, stride=1)
    assert encoded.sample.tolist() == [0, 0, 0, 1]
    shown = [
        [text[start:stop] for start, stop in row if stop] for row in encoded["offsets"]
    ]
    assert shown[:3] == [["a", "b", "c"], ["c", "d", "e"], ["e", "f", "a"]]


def test_windows_from_the_left_leave_the_short_one_first(lower):
    encoded = lower("a b c d", max_length=5, stride=1, truncate_from="left")
    rows = [
        lower.tokens(row[mask])
        for row, mask in zip(encoded["token_ids"], encoded["padding_mask"], strict=True)
    ]
    assert rows == [["[CLS]", "a", "b", "[SEP]"], ["[CLS]", "b", "c", "d", "[SEP]"]]


def test_windows_run_over_the_part_named_and_repeat_the_other(lower):
    encoded = lower("a", "b c d", max_length=6, stride=1, truncation="only_second")
    rows = [lower.tokens(row) for row in encoded["token_ids"]]
    assert rows == [
        ["[CLS]", "a", "[SEP]", "b", "c", "[SEP]"],
        ["[CLS]", "a", "[SEP]", "c", "d", "[SEP]"],
    ]
    assert encoded["segment_ids"].tolist() == [[0, 0, 0, 1, 1, 1]] * 2


@given(st.integers(0, 30), st.integers(3, 9), st.integers(0, 5), st.booleans())
@settings(max_examples=60)
def test_every_token_is_in_a_window(lower, num_tokens, max_length, stride, left):
    if stride >= max_length - 2:
        return
    text = " ".join("a" * num_tokens)
    side = "left" if left else "right"
    encoded = lower(text, max_length=max_length, stride=stride, truncate_from=side)
    starts = {int(s) for row in encoded["offsets"] for s, stop in row if stop}
    assert starts == set(range(0, 2 * num_tokens, 2))
    assert encoded["token_ids"].shape[1] <= max_length


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "words"),
    [
        (("a",), {"max_length": 1}, ConfigError, "max_length=1"),
        (("a", "b"), {"max_length": 2}, ConfigError, "3 special tokens"),
        (
            ("a b", "c d"),
            {"max_length": 4, "truncation": "only_first"},
            ConfigError,
            "1 pl",
        ),
        (("a",), {"truncation": "some"}, ConfigError, "some"),
        (("a",), {"truncate_from": "top"}, ConfigError, "top"),
        (("a",), {"truncate_from": -1}, ConfigError, "-1"),
        (("a",), {"stride": 1}, ConfigError, "without max_length"),
        (("a",), {"stride": 2, "max_length": 4}, ConfigError, "stride=2"),
        (("a",), {"stride": -1, "max_length": 4}, ConfigError, "stride=-1"),
        (("a", "b"), {"stride": 1, "max_length": 9}, ConfigError, "only_first"),
        (
            ("a",),
            {"stride": 1, "max_length": 9, "truncate_from": 1},
            ConfigError,
            "kept",
        ),
        (("a",), {"max_length": "6"}, ConfigError, "max_length='6'"),
        (("a",), {"max_length": 5.5}, ConfigError, "max_length=5.5"),
        (("a",), {"max_length": True}, ConfigError, "max_length=True"),
        (("a",), {"max_length": 6, "stride": 1.5}, ConfigError, "stride=1.5"),
        (("a",), {"max_length": 6, "truncate_from": True}, ConfigError, "True"),
        (("a",), {"pad_to": 5.5}, ConfigError, "pad_to=5.5"),
        (("a b c",), {"pad_to": 4}, ConfigError, "5 tokens"),
        (("a",), {"pad_to": 4, "padding_side": "top"}, ConfigError, "top"),
        ((["a"], ["b", "c"]), {}, DataError, "1 texts and 2 pairs"),
        (("a", ["b"]), {}, DataError, "str and list"),
        ((["a", 3],), {}, DataError, "int at index 1"),
        ((b"a",), {}, DataError, "bytes"),
        ((None,), {}, DataError, "NoneType"),
    ],
)
def test_what_cannot_be_meant_is_refused(lower, arguments, options, kind, words):
    with pytest.raises(kind, match=words):
        lower(*arguments, **options)


def test_tokens_and_ids_know_each_other(lower):
    assert (lower.pad_id, lower.unk_id, lower.cls_id) == (0, 1, 2)
    assert (lower.sep_id, lower.mask_id, lower.vocabulary_size) == (3, 4, 130)
    assert lower.token_to_id("play") == 36
    assert lower.id_to_token(36) == "play"
    assert lower.token_to_id("no such") is None


def test_decode_shows_special_tokens_on_request(lower):
    ids = lower("今天play")["token_ids"]
    assert lower.decode(ids) == "今天play"
    assert lower.decode(ids, skip_special_tokens=False) == "[CLS]今天play [SEP]"


@pytest.mark.parametrize(
    "ids", [[130], [-1], [[1]], [[1], [1, 2]], [0.5], ["a"], 5, None]
)
def test_ids_that_are_none_are_refused(lower, ids):
    with pytest.raises(DataError):
        lower.decode(ids)
