"""The fast path for Chinese text gives what the library gives, id for id."""

import pickle

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, models, normalizers, pre_tokenizers

from kewen.errors import VocabularyError
from kewen.text import Tokenizer, chinese_runs
from kewen.text.chinese_runs import PUNCTUATION, SPACES, ChineseRuns
from kewen.text.flat import tokenize
from kewen.text.special_tokens import SpecialTokens
from kewen.text.vocabulary import Vocabulary
from kewen.text.word_pieces import WordPieceOptions, build_word_pieces

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    "白",
    "日",
    "依",
    "山",
    "，",
    "。",
    "a",
    "b",
    "##b",
    "ab",
    "1",
    "##2",
    "σ",
    "ς",
]
ROWS = (*SPECIAL, *WORDS, "-", "“", "é", "e", "\u0301", "##\u0301", "𠀀")
# What a cut could change: marks that join, letters with two forms, all kinds of spaces.
TRICKY = (
    "白日依山尽龥㐀𠀀豈丽龦aAbB12éÉİıΣσς'’.:·^`_"
    "\u0301\u200d\u200b\ufe0f\U000e0100\ufffd\u00ad\x00\x7f\u0085\u2028\xa0가ㄅかカ〇々１Ａ．："
    + PUNCTUATION
    + SPACES
)
TEXTS = st.lists(st.text(st.sampled_from(TRICKY) | st.characters(), max_size=20))
OPTIONS = [
    WordPieceOptions(lowercase=low, strip_accents=strip)
    for low in (True, False)
    for strip in (True, False)
]


def from_vocabulary(options):
    vocabulary = Vocabulary(ROWS, {token: number for number, token in enumerate(ROWS)})
    special = SpecialTokens.find(vocabulary.ids.get, {})
    return build_word_pieces(vocabulary, special, options)


def from_transformers(lowercase=True, **changes):
    """The tokenizer.json of a BERT, with its special tokens inside texts."""
    vocabulary = {token: number for number, token in enumerate(ROWS)}
    library = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    options = {"lowercase": lowercase, "strip_accents": None} | changes
    library.normalizer = normalizers.BertNormalizer(**options)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.add_special_tokens(SPECIAL)
    return library


LIBRARIES = [
    *map(from_vocabulary, OPTIONS),
    from_transformers(),
    from_transformers(lowercase=False),
    from_transformers(strip_accents=False, clean_text=False),
]


def same(library, texts, fast=None):
    ours, theirs = (
        (fast or ChineseRuns(library)).tokenize(texts),
        tokenize(library, texts),
    )
    np.testing.assert_array_equal(ours.ends, theirs.ends)
    np.testing.assert_array_equal(ours.token_ids, theirs.token_ids)
    np.testing.assert_array_equal(ours.offsets, theirs.offsets)
    assert ours.offsets.dtype == theirs.offsets.dtype == np.int32
    return True


@pytest.mark.parametrize("library", LIBRARIES)
def test_any_texts_give_the_library_s_tokens(library):
    fast = ChineseRuns(library)

    @settings(deadline=None, max_examples=300)
    @given(TEXTS)
    def every_one(texts):
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        assert same(library, texts, fast)

    every_one()


@pytest.mark.parametrize(
    "library",
    [
        pytest.param(each, marks=() if number in (0, 3) else pytest.mark.slow)
        for number, each in enumerate(LIBRARIES)  # one without case, one with
    ],
)
def test_every_character_of_the_table_alone_and_between_letters(library):
    fast = ChineseRuns(library)
    known = [
        chr(code) for code in np.flatnonzero(fast._table != chinese_runs.TO_LIBRARY)
    ]
    assert len(known) > 60_000
    for around in ("{}", "a{}b", "Σ{}Σ", "白{}日", "\u0301{}\u0301"):
        assert same(library, [around.format(each) for each in known], fast)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["", ""],
        ["白", "", "日"],
        ["a", "b"],
        ["ab", "1"],
        [" a ", "\n"],
        ["白日 [MASK] 依山 [SEP]白"],
        ["ΑΣ，ΑΣ", "Σ"],
        ["a\nb\n", "\n\n"],
    ],
)
def test_borders_of_texts_are_borders_of_tokens(texts):
    for library in LIBRARIES:
        assert same(library, texts)


def test_what_was_seen_before_gives_the_same_again(monkeypatch):
    monkeypatch.setattr(chinese_runs, "MOST_KEPT", 2)
    library = LIBRARIES[0]
    fast = ChineseRuns(library)
    for texts in (
        ["白ab日12"],
        ["白ab日12", "ab"],
        ["é山a b"],
        ["白ab" * 40 + "x" * 50],
    ):
        assert same(library, texts, fast)
        assert len(fast._kept) <= 2


def test_an_added_token_of_chinese_characters_stays_whole():
    library = from_transformers()
    library.add_tokens(["依山"])
    assert same(library, ["白日依山", "依，山", "日依 山"])
    assert tokenize(library, ["白日依山"]).token_ids[-1] == len(ROWS)


@pytest.mark.parametrize("reaching", ["lstrip", "rstrip", "single_word"])
def test_an_added_token_that_reaches_beyond_itself_takes_the_library_s_way(reaching):
    library = from_transformers()
    library.add_tokens([AddedToken("<x>", **{reaching: True})])
    assert not ChineseRuns.suits(library)


def test_other_tokenizers_take_the_library_s_way():
    assert all(ChineseRuns.suits(library) for library in LIBRARIES)
    assert not ChineseRuns.suits(from_transformers(handle_chinese_chars=False))
    assert not ChineseRuns.suits(from_vocabulary(WordPieceOptions(split_chinese=False)))
    assert not ChineseRuns.suits(tokenizers.Tokenizer(models.BPE()))
    words = from_transformers()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    assert not ChineseRuns.suits(words)


def test_a_vocabulary_without_its_unknown_token_takes_the_library_s_way():
    library = from_transformers()
    library.model = models.WordPiece({"白": 0}, unk_token="<none>")
    assert not ChineseRuns.suits(library)
    with pytest.raises(VocabularyError, match="unknown words"):
        ChineseRuns(library)


def test_a_tokenizer_can_be_sent_to_another_process(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(ROWS) + "\n", encoding="utf-8")
    tokenizer = Tokenizer.from_file(path)
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again("白日ab")["token_ids"].tolist() == [2, 5, 6, 14, 3]
