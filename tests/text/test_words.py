"""Words before word pieces, against jieba and rjieba themselves and RoFormer."""

import json
import pickle
from pathlib import Path

import pytest
import rjieba

from kewen.errors import ConfigError, MissingExtraError
from kewen.text import Tokenizer

TOKENS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] 今天 天气 非常 公园 我们 北京大学 今 天 气 非 常 "
    "好 我 们 去 公 园 北 京 大 学 the cat ##s , 。 ! é e ，"
).split()
TEXTS = [
    "今天，天气非常好。",
    "我们去公园! The cats, 北京大学",
    "İ今天 é Éx 天气  好",
    "[MASK]今天[SEP]",
    "",
    "  ",
    "生僻字𠀀今天",
    "a" * 300 + "今天",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vocab.txt").write_text("\n".join(TOKENS), "utf-8")
    return tmp_path


@pytest.fixture(params=["jieba", "rjieba"])
def tokenizer(request, folder) -> Tokenizer:
    return Tokenizer.from_file(folder / "vocab.txt", words=request.param)


def test_words_that_are_tokens_stay_whole(tokenizer):
    row = tokenizer("今天，天气非常好。")
    words = ["[CLS]", "今天", "，", "天气", "非常", "好", "。", "[SEP]"]
    assert tokenizer.tokens(row["token_ids"]) == words
    assert row["offsets"].tolist()[1:-1] == [
        [0, 2],
        [2, 3],
        [3, 5],
        [5, 7],
        [7, 8],
        [8, 9],
    ]


def test_ids_are_bert4keras_s_pre_tokenize(folder, tokenizer):
    """Its rule: a word that is a token is it, any other is cut as without words."""
    plain = Tokenizer.from_file(folder / "vocab.txt")
    for text in TEXTS:
        expected: list[int] = []
        for word in rjieba.cut(text.lower(), False):
            known = word in TOKENS
            ids = [TOKENS.index(word)] if known else plain(word)["token_ids"][1:-1]
            expected += [int(number) for number in ids]
        if text not in ("İ今天 é Éx 天气  好", "[MASK]今天[SEP]"):  # these by hand
            assert tokenizer(text)["token_ids"].tolist()[1:-1] == expected, text


def test_offsets_are_places_in_the_original(tokenizer):
    text = "İ今天 Éx 天气  E\u0301好"
    row = tokenizer(text)
    found = {
        token: text[start:stop]
        for token, (start, stop) in zip(
            tokenizer.tokens(row["token_ids"]), row["offsets"], strict=True
        )
    }
    assert (found["今天"], found["天气"], found["好"]) == ("今天", "天气", "好")


def test_a_special_token_in_a_vocab_txt_s_text_is_plain(tokenizer):
    assert tokenizer.mask_id not in tokenizer("[MASK]今天")["token_ids"]


def test_added_tokens_of_a_tokenizer_json_are_found_first(folder):
    from tokenizers import Tokenizer as Library

    Tokenizer.from_file(folder / "vocab.txt").save(folder / "out")
    library = Library.from_file(str(folder / "out" / "tokenizer.json"))
    library.add_special_tokens(["[MASK]"])
    library.save(str(folder / "x.json"))
    tokenizer = Tokenizer.from_file(folder / "x.json", words="rjieba")
    row = tokenizer("今天[MASK]天气")
    assert tokenizer.tokens(row["token_ids"])[1:-1] == ["今天", "[MASK]", "天气"]
    assert row["offsets"].tolist()[1:-1] == [[0, 2], [2, 8], [8, 10]]


def test_what_is_saved_cuts_into_words_too(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "saved")
    again = Tokenizer.from_folder(tmp_path / "saved")
    copied = pickle.loads(pickle.dumps(tokenizer._cutter)).tokenize(TEXTS)
    for text, tokens in zip(TEXTS, copied.texts(), strict=True):
        ids = tokenizer(text)["token_ids"].tolist()
        assert again(text)["token_ids"].tolist() == ids
        assert tokens.token_ids.tolist() == ids[1:-1]


def test_roformer_s_folder_is_cut_as_transformers_does(folder):
    transformers = pytest.importorskip("transformers")
    settings = {"tokenizer_class": "RoFormerTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    ours = Tokenizer.from_folder(folder)
    theirs = transformers.RoFormerTokenizer({t: i for i, t in enumerate(TOKENS)})
    for text in ("今天，天气非常好。", "我们去公园", "The cats, 北京大学"):
        assert ours(text)["token_ids"].tolist() == theirs(text)["input_ids"]


def test_words_need_word_pieces_and_a_known_segmenter(folder):
    (folder / "tokenizer_config.json").write_text('{"words": "mecab"}')
    with pytest.raises(ConfigError, match="mecab"):
        Tokenizer.from_folder(folder)
    with pytest.raises(ConfigError, match="mecab"):
        Tokenizer.from_file(folder / "vocab.txt", words="mecab")  # type: ignore
    (folder / "tokenizer_config.json").write_text('{"words": ["jieba"]}')
    with pytest.raises(ConfigError, match="jieba"):
        Tokenizer.from_folder(folder)


def test_a_missing_segmenter_names_its_extra(folder, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(MissingExtraError, match="chinese"):
        Tokenizer.from_file(folder / "vocab.txt", words="rjieba")
