"""Trimmed and extended vocabularies give the ids that counting by hand gives."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import AddedToken
from tokenizers import Tokenizer as Library

from kewen.errors import ConfigError, DataError
from kewen.text import Tokenizer

TOKENS = (
    "[PAD] [unused1] [UNK] [CLS] [SEP] [MASK] [unused2] 今 ##今 天 氣 气 好 the cat "
    "##s cats ##! ! 今天 東 ##er 。 <unused3>"
).split()
USED = [t for t in TOKENS if "unused" not in t]
REACHABLE = [t for t in USED if t not in ("##今", "##!", "今天")]
SIMPLIFIED = [t for t in REACHABLE if t not in "氣東"]
TEXTS = ["今天好!", "the cats cater", "天氣 东東。", "[MASK]", ""]


def write(folder: Path, tokens: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    return folder / "vocab.txt"


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    return Tokenizer.from_file(write(tmp_path / "a", TOKENS))


@pytest.mark.parametrize(
    ("keep", "expected"),
    [("used", USED), ("reachable", REACHABLE), ("simplified", SIMPLIFIED)],
)
def test_rules_keep_what_they_say(tmp_path, tokenizer, keep, expected):
    cut, sources = tokenizer.trim(keep)
    assert sources == tuple((TOKENS.index(token),) for token in expected)
    assert cut.tokens(range(cut.vocabulary_size)) == expected
    # The same as a vocabulary that was written so from the start.
    other = Tokenizer.from_file(write(tmp_path / "b", expected))
    for text in TEXTS:
        for pair in (None, "好 cat"):
            ours, theirs = cut(text, pair), other(text, pair)
            for name in ("token_ids", "segment_ids", "offsets"):
                np.testing.assert_array_equal(ours[name], theirs[name])
    for name in ("pad_id", "cls_id", "sep_id", "unk_id", "mask_id"):
        assert getattr(cut, name) == getattr(other, name)


def test_reachable_drops_only_what_no_text_gives(tokenizer):
    """Every text of up to four parts out of these, one by one."""
    from itertools import product

    parts = ["今", "天", "cat", "s", "er", "!", " ", "the"]
    texts = ["".join(each) for n in range(1, 5) for each in product(parts, repeat=n)]
    given = {
        number for row in tokenizer.encode_many(texts) for number in row["token_ids"]
    }
    dropped = {t for t in TOKENS if t not in REACHABLE}
    assert not {tokenizer.id_to_token(number) for number in given} & dropped


def test_a_corpus_own_tokens_give_its_texts_unchanged(tmp_path, tokenizer):
    rows = tokenizer.encode_many(TEXTS)
    cut, sources = tokenizer.trim(np.concatenate([row["token_ids"] for row in rows]))
    assert cut.vocabulary_size < len(TOKENS)
    cut.save(tmp_path / "saved")
    for each in (cut, Tokenizer.from_folder(tmp_path / "saved")):
        for text, row in zip(TEXTS, rows, strict=True):
            back = [sources[number][0] for number in each(text)["token_ids"]]
            assert back == row["token_ids"].tolist()


def test_trimming_again_and_adding_go_on_from_there(tokenizer):
    cut, _ = tokenizer.trim("used")
    again, sources = cut.trim("reachable")
    assert again.tokens(range(again.vocabulary_size)) == REACHABLE
    assert [USED[number] for (number,) in sources] == REACHABLE
    more, made = again.compound({"bob": None, "##ing": [0, 0, 1]})
    assert made[-1] == (0, 0, 1)
    assert more.tokens(range(more.vocabulary_size)) == [*REACHABLE, "bob", "##ing"]
    assert more.tokens(more("catsing")["token_ids"])[1:-1] == ["cats", "##ing"]


def test_repeated_and_blank_rows_are_dropped(tmp_path):
    path = write(
        tmp_path / "a", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "", "b", "a"]
    )
    tokenizer = Tokenizer.from_file(path, duplicates="first")
    cut, sources = tokenizer.trim("used")
    assert sources == ((0,), (1,), (2,), (3,), (4,), (6,))
    cut.save(tmp_path / "saved")
    assert Tokenizer.from_folder(tmp_path / "saved").vocabulary_size == 6


def test_words_may_be_added_where_words_come_first(tmp_path):
    path = write(tmp_path / "a", TOKENS)
    tokenizer = Tokenizer.from_file(path, words="rjieba")
    more, sources = tokenizer.compound({"好天气": None, "天气": None})
    assert sources[-1] == (TOKENS.index("天"), TOKENS.index("气"))
    assert more.tokens(more("天气")["token_ids"]) == ["[CLS]", "天气", "[SEP]"]
    with pytest.raises(DataError, match="always cut"):
        Tokenizer.from_file(path).compound({"天气": None})
    kept, _ = tokenizer.trim("reachable")
    assert kept.token_to_id("今天") is not None


def test_a_tokenizer_json_with_added_tokens_keeps_them(tmp_path, tokenizer):
    tokenizer.save(tmp_path / "saved")
    library = Library.from_file(str(tmp_path / "saved" / "tokenizer.json"))
    library.add_tokens([AddedToken("<new>", normalized=False)])
    library.save(str(tmp_path / "x.json"))
    old = Tokenizer.from_file(tmp_path / "x.json")
    cut, sources = old.trim([TOKENS.index("cat")])
    ids = cut("cat<new>[MASK]")["token_ids"]
    assert [sources[i][0] for i in ids] == old("cat<new>[MASK]")["token_ids"].tolist()
    more, _ = cut.compound({"dog": [0]})
    assert more.tokens(more("dog<new>")["token_ids"])[1:-1] == ["dog", "<new>"]


@pytest.mark.parametrize(
    "tokens", [{"cat": None}, {"a b": None}, {"": [0]}, {"Ａ!": [0]}]
)
def test_tokens_that_cannot_be_new_are_refused(tokenizer, tokens):
    with pytest.raises(DataError, match="new token"):
        tokenizer.compound(tokens)


def test_what_cannot_be_is_refused(tokenizer):
    with pytest.raises(ConfigError, match="simplified"):
        tokenizer.trim("traditional")
    with pytest.raises(DataError, match="from 0 to"):
        tokenizer.trim([len(TOKENS)])
    with pytest.raises(DataError, match="from 0 to"):
        tokenizer.compound({"dog": [-1]})
    with pytest.raises(DataError, match="at least one"):
        tokenizer.compound({"dog": []})


@pytest.mark.parametrize("token", ["\ud800", 5, None])
def test_new_token_that_is_no_text_is_refused(tokenizer, token):
    with pytest.raises(DataError, match="new token"):
        tokenizer.compound({token: None})

    with pytest.raises(DataError, match=r"\['a', 'b'\].*token_to_id"):
        tokenizer.compound({"dog": ["a", "b"]})  # pyright: ignore[reportArgumentType]
