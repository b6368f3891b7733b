"""Byte pairs and Unigram pieces, cut and added to, against the uncut tokenizer.

The claim: a text whose tokens all stay gives the same tokens. It is tried on every text
up to some length over a few letters, with vocabularies made by chance, in which a piece
can be built in several ways.
"""

import json
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from test_byte_pairs import save as save_byte_pairs
from test_sentence_piece import TEXTS, train
from tokenizers import AddedToken, decoders, models, normalizers, processors
from tokenizers import Tokenizer as Library
from tokenizers import pre_tokenizers as pre

from kewen.errors import ConfigError, DataError
from kewen.text import Tokenizer

ALL_TEXTS = ["".join(each) for n in range(1, 8) for each in product("abc", repeat=n)]


def opened(folder: Path, library: Library) -> Tokenizer:
    library.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_folder(folder)


def pairs_by_chance(seed: int) -> Library:
    """Of a, b and c, with about half of all ways to build each piece."""
    rng = Random(seed)
    pieces, merges = ["a", "b", "c"], []
    for _ in range(14):
        left, right = rng.choice(pieces), rng.choice(pieces)
        if len(left + right) > 5 or (left, right) in merges:
            continue
        merges.append((left, right))
        if left + right not in pieces:
            pieces.append(left + right)
    rng.shuffle(merges)
    vocabulary = {piece: number for number, piece in enumerate(["?", *pieces])}
    return Library(models.BPE(vocabulary, merges, unk_token="?"))


def unigram_by_chance(seed: int) -> Library:
    """Without a piece for c alone, so that some texts have the unknown."""
    rng = Random(seed)
    texts = ["".join(each) for n in (2, 3, 4) for each in product("abc", repeat=n)]
    pieces = ["a", "b", *rng.sample(texts, 12)]
    scored = [(piece, -rng.randint(2, 26) / 2) for piece in pieces]
    return Library(models.Unigram([("?", 0.0), *scored], 0, False))


@pytest.mark.parametrize("made", [pairs_by_chance, unigram_by_chance])
@pytest.mark.parametrize("seed", range(6))
def test_texts_of_kept_tokens_are_cut_as_before(tmp_path, made, seed):
    old = opened(tmp_path, made(seed))
    rng = Random(seed)
    rows = old.encode_many(ALL_TEXTS)
    tried = 0
    for _ in range(6):
        asked = rng.sample(range(old.vocabulary_size), rng.randint(1, 8))
        new, sources = old.trim(asked)
        kept = {row for (row,) in sources}
        assert kept.issuperset(asked)
        same = [n for n, row in enumerate(rows) if kept.issuperset(row["token_ids"])]
        tried += len(same)
        for number, row in zip(
            same, new.encode_many([ALL_TEXTS[n] for n in same]), strict=True
        ):
            back = [sources[each][0] for each in row["token_ids"]]
            assert back == rows[number]["token_ids"].tolist(), ALL_TEXTS[number]
            np.testing.assert_array_equal(row["offsets"], rows[number]["offsets"])
    assert tried > 200


@pytest.mark.parametrize("made", [pairs_by_chance, unigram_by_chance])
@pytest.mark.parametrize("seed", range(6))
def test_reachable_drops_what_no_text_gives(tmp_path, made, seed):
    old = opened(tmp_path, made(seed))
    given = {n for row in old.encode_many(ALL_TEXTS) for n in row["token_ids"].tolist()}
    kept = {row for (row,) in old.trim("reachable")[1]}
    assert given <= kept
    # And what the unknown and the pieces of others do not need.
    assert len(kept - given) <= 2


def test_the_piece_with_the_lowest_score_stays(tmp_path):
    """Without it the unknown costs less, and [ab, unknown] is better than [a, bc]."""
    pieces = [("?", 0.0), ("a", -13.0), ("bc", -13.0), ("ab", -2.0), ("zz", -20.0)]
    old = opened(tmp_path, Library(models.Unigram(pieces, 0, False)))
    new, sources = old.trim([1, 2, 3])
    assert sources == ((0,), (1,), (2,), (3,), (4,))
    assert new.tokens(new("abc")["token_ids"]) == ["a", "bc"]
    other = Library(models.Unigram(pieces[:4], 0, False))
    assert [piece.value for piece in other.model.tokenize("abc")] == ["ab", "c"]


def test_of_byte_pairs_the_pieces_on_the_way_stay_and_no_others(tmp_path):
    merges = [("b", "c"), ("a", "b"), ("a", "bc"), ("ab", "c"), ("c", "a")]
    pieces = ["?", "a", "b", "c", "bc", "ab", "abc", "ca"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    old = opened(tmp_path, Library(models.BPE(vocabulary, merges, unk_token="?")))
    new, sources = old.trim([6])
    assert [pieces[row] for (row,) in sources] == ["?", "a", "b", "c", "bc", "abc"]
    assert new.tokens(new("abcabca")["token_ids"]) == ["abc", "abc", "a"]
    # "ab" is gone, so a text of it is cut in two; "ca" is as well.
    assert new.tokens(new("abca")["token_ids"]) == ["abc", "a"]
    assert old.tokens(old("ab")["token_ids"]) == ["ab"]
    assert new.tokens(new("ab")["token_ids"]) == ["a", "b"]


@pytest.mark.parametrize("made", [pairs_by_chance, unigram_by_chance])
@pytest.mark.parametrize("seed", range(6))
def test_texts_without_the_new_token_stay_as_they_were(tmp_path, made, seed):
    old = opened(tmp_path, made(seed))
    have = set(old.tokens(range(old.vocabulary_size)))
    token = next(t for t in ("abcab", "bacab", "cabba") if t not in have)
    new, sources = old.compound({token: None})
    parts = old.tokens(old(token)["token_ids"])
    number = new.token_to_id(token)
    assert number is not None and list(sources[number]) == [
        old.token_to_id(part) or 0 for part in parts
    ]
    assert new(token)["token_ids"].tolist() == [number]
    added = set(range(old.vocabulary_size, new.vocabulary_size))
    assert number == max(added)
    for text, before, after in zip(
        ALL_TEXTS, old.encode_many(ALL_TEXTS), new.encode_many(ALL_TEXTS), strict=True
    ):
        back = [row for each in after["token_ids"] for row in sources[each]]
        if token not in text:
            assert made is pairs_by_chance or not added & set(after["token_ids"])
            if not added & set(after["token_ids"]):
                assert back == before["token_ids"].tolist()
        if made is pairs_by_chance:  # what is joined is only joined, never cut anew
            assert back == before["token_ids"].tolist()


KINDS = {"unigram": {}, "bpe": {"model_type": "bpe"}}
KINDS |= {f"{kind}, bytes": {**KINDS[kind], "byte_fallback": True} for kind in KINDS}


@pytest.mark.parametrize("kind", [*KINDS, "byte-level"])
def test_a_corpus_own_tokens_give_its_texts_unchanged(tmp_path, kind):
    if kind == "byte-level":
        save_byte_pairs(tmp_path, "<s>", "<pad>", "</s>", "<unk>", "<mask>")
    else:
        train(tmp_path / "spiece.model", **KINDS[kind])
    old = Tokenizer.from_folder(tmp_path)
    texts = [*TEXTS, "昨天 <s> the mats"]
    rows = old.encode_many(texts)
    for chosen in (texts[:2], texts[3:8], texts):
        ids = {n for text in chosen for n in old(text)["token_ids"].tolist()}
        new, sources = old.trim(ids)
        kept = {row for (row,) in sources}
        assert ids <= kept and (chosen is texts or len(kept) < old.vocabulary_size)
        new.save(tmp_path / "saved", overwrite=True)
        again = Tokenizer.from_folder(tmp_path / "saved")
        twice, further = again.trim(range(again.vocabulary_size))
        assert further == tuple((n,) for n in range(len(sources)))
        for each in (new, again, twice):
            for text, row in zip(texts, rows, strict=True):
                if kept.issuperset(row["token_ids"].tolist()):
                    given = each(text)
                    back = [sources[n][0] for n in given["token_ids"]]
                    assert back == row["token_ids"].tolist()
                    np.testing.assert_array_equal(given["offsets"], row["offsets"])
                    assert each.decode(given["token_ids"]) == old.decode(
                        row["token_ids"]
                    )
        for name in ("pad_id", "cls_id", "sep_id", "unk_id", "mask_id"):
            was, now = getattr(old, name), getattr(new, name)
            assert was == (None if now is None else sources[now][0])


@pytest.mark.parametrize("kind", ["unigram", "byte-level"])
def test_transformers_opens_what_is_saved(tmp_path, kind):
    transformers = pytest.importorskip("transformers")
    if kind == "byte-level":
        save_byte_pairs(tmp_path, "<s>", "<pad>", "</s>", "<unk>", "<mask>")
    else:
        train(tmp_path / "sentencepiece.bpe.model")
        (tmp_path / "config.json").write_text('{"model_type": "xlm-roberta"}')
    old = Tokenizer.from_folder(tmp_path)
    new, _ = old.trim(old("今天 the cats sat")["token_ids"])
    new, _ = new.compound({"天气": None, " 公园": None})
    new.save(tmp_path / "saved")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert len(theirs) == new.vocabulary_size
    for text in (*TEXTS, "今天天气 公园"):
        assert theirs(text)["input_ids"] == new(text)["token_ids"].tolist()


def test_without_a_piece_byte_level_text_is_cut_smaller_but_never_lost(tmp_path):
    save_byte_pairs(tmp_path, "<|endoftext|>")
    old = Tokenizer.from_folder(tmp_path)
    new, _ = old.trim([])
    assert new.vocabulary_size == 257
    for text in TEXTS:
        assert new.decode(new(text)["token_ids"]) == text


def test_simplified_drops_traditional_pieces(tmp_path):
    train(tmp_path / "spiece.model")
    old = Tokenizer.from_folder(tmp_path)
    new, _ = old.trim("simplified")
    gone = set(old.tokens(range(old.vocabulary_size))) - set(
        new.tokens(range(new.vocabulary_size))
    )
    assert not any("天" in token for token in gone)
    old, _ = old.compound({"漢字": [0], "汉字": [0]})
    new, _ = old.trim("simplified")
    assert new.token_to_id("漢字") is None and new.token_to_id("汉字") is not None
    save_byte_pairs(tmp_path, "<|endoftext|>")
    letters = Tokenizer.from_file(tmp_path / "vocab.json")
    more, _ = letters.compound({"漢字": None, "汉字": None})
    cut, _ = more.trim("simplified")
    assert len(cut("汉字")["token_ids"]) == 1 < len(cut("漢字")["token_ids"])


def with_added(model: models.Model) -> Library:
    """Added tokens behind the model's, one of them in the template."""
    library = Library(model)
    library.normalizer = normalizers.NFC()
    library.pre_tokenizer = pre.Metaspace()
    library.decoder = decoders.Metaspace()
    library.add_tokens([AddedToken("<end>", special=True), AddedToken("<x>")])
    ends = [("<end>", library.token_to_id("<end>"))]
    library.post_processor = processors.TemplateProcessing(
        "$A <end>", "$A <end> $B <end>", ends
    )
    return library


@pytest.mark.parametrize("kind", ["pairs", "unigram"])
def test_added_tokens_stay_behind(tmp_path, kind):
    pieces = ["<unk>", "▁", "a", "b", "▁a", "今", "天"]
    if kind == "pairs":
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        library = with_added(models.BPE(vocabulary, [("▁", "a")], unk_token="<unk>"))
    else:
        library = with_added(models.Unigram([(p, -3.0) for p in pieces], 0, False))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"added_tokens_decoder": {"7": {"content": "<end>"}}})
    )
    old = opened(tmp_path, library)
    text = "a<x>b今天"
    more, sources = old.compound({"今天": None, " 天b": [7]})
    tail = more.tokens(range(more.vocabulary_size))[7:]
    assert tail[-2:] == ["<end>", "<x>"] and tail[-3] == "▁天b"
    back = [row for n in more(text)["token_ids"] for row in sources[n]]
    assert back == old(text)["token_ids"].tolist()
    cut, sources = old.trim([3])
    assert cut.tokens(range(cut.vocabulary_size))[-2:] == ["<end>", "<x>"]
    row = cut("<x>b<end>", "b")["token_ids"]
    assert [sources[n][0] for n in row] == old("<x>b<end>", "b")["token_ids"].tolist()
    cut.save(tmp_path / "saved")
    said = json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text())
    end = str(cut.token_to_id("<end>"))
    assert said["added_tokens_decoder"] == {end: {"content": "<end>"}}


@pytest.mark.parametrize("token", ["the", "a b", "", "<unk>"])
def test_tokens_that_cannot_be_new_are_refused(tmp_path, token):
    save_byte_pairs(tmp_path, "<unk>")
    for name in ("vocab.json", "x.model"):
        train(tmp_path / "x.model")
        tokenizer = Tokenizer.from_file(tmp_path / name)
        tokenizer = tokenizer.compound({"the": [0]})[0] if name[0] == "x" else tokenizer
        if name[0] == "x" and token == "a b":
            continue  # SentencePiece's own pieces may have spaces inside
        with pytest.raises(DataError, match="new token"):
            tokenizer.compound({token: [0]})


def test_other_kinds_are_refused(tmp_path):
    marked = models.BPE({"a": 0, "a</w>": 1}, [], end_of_word_suffix="</w>")
    for model, message in (
        (models.WordLevel({"?": 0, "a": 1}, "?"), "word pieces, byte pairs or Unigram"),
        (marked, "end_of_word_suffix"),
    ):
        tokenizer = opened(tmp_path, Library(model))
        with pytest.raises(ConfigError, match=message):
            tokenizer.trim([0])
        with pytest.raises(ConfigError, match=message):
            tokenizer.compound({"c": [0]})
