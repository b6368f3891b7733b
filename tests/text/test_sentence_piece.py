"""SentencePiece models, against the sentencepiece library that trains them here."""

import io
import json
from pathlib import Path

import pytest
import sentencepiece

from kewen.errors import ConfigError, NotFoundError, VocabularyError
from kewen.text import Tokenizer

CORPUS = [
    "The cat sat on the mat, and the other cats sat there too.",
    "今天天气真不错，我们去公园。今天的天气比昨天的好。",
    "昨天我在公园里看见了一只猫，它坐在垫子上。",
    "x = 12345 + 67890; they'll say it's fine",
    "Ｆｕｌｌ ｗｉｄｔｈ ①②③ ﬁne",
] * 20
TEXTS = [
    *CORPUS[:5],
    "  two   spaces \n and\ttabs  ",
    "café naïve 🙂 漢字 ﷺ ㍿",
    "a▁b",
    "The cats' mats 今天 去公园吧！",
    "𠀀 ｶｷ é",
    "ÅΩ ½ …",
    "",
    " ",
]
KINDS = {
    "unigram": {"model_type": "unigram"},
    "bpe": {"model_type": "bpe"},
    "unigram, bytes": {"model_type": "unigram", "byte_fallback": True},
    "bpe, bytes": {"model_type": "bpe", "byte_fallback": True},
    "identity": {"normalization_rule_name": "identity"},
    "spaces stay": {"remove_extra_whitespaces": False},
    "no space in front": {"add_dummy_prefix": False},
    "lower-case": {"normalization_rule_name": "nmt_nfkc_cf"},
}


def train(path: Path, **settings) -> sentencepiece.SentencePieceProcessor:
    made = io.BytesIO()
    settings = {"vocab_size": 400, "hard_vocab_limit": False} | settings
    if settings.get("model_type") == "bpe":
        settings |= {"vocab_size": 400 if "byte_fallback" in settings else 200}
        del settings["hard_vocab_limit"]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=made, minloglevel=2, **settings
    )
    path.write_bytes(made.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())


@pytest.mark.parametrize("kind", KINDS)
def test_ids_and_text_are_sentencepiece_s(tmp_path, kind):
    theirs = train(tmp_path / "x.model", **KINDS[kind])
    ours = Tokenizer.from_file(tmp_path / "x.model")
    assert ours.vocabulary_size == theirs.get_piece_size()
    for text in TEXTS:
        expected = theirs.encode(text)
        ids = ours(text)["token_ids"].tolist()
        assert ids == [*expected, theirs.eos_id()], text
        assert ours.tokens(ids[:-1]) == [theirs.id_to_piece(i) for i in expected]
        if theirs.unk_id() not in expected:
            assert ours.decode(ids) == theirs.decode(expected), text


def test_offsets_are_places_in_the_text(tmp_path):
    train(tmp_path / "x.model")
    tokenizer = Tokenizer.from_file(tmp_path / "x.model")
    text = "今天的天气比昨天的好"
    row = tokenizer(text)
    tokens = tokenizer.tokens(row["token_ids"])[:-1]
    for token, (start, stop) in zip(tokens, row["offsets"][:-1], strict=True):
        if token != "▁":
            assert text[start:stop] == token.removeprefix("▁")


def test_xlmr_numbers_its_pieces_as_fairseq_does(tmp_path):
    theirs = train(tmp_path / "sentencepiece.bpe.model")
    (tmp_path / "config.json").write_text('{"model_type": "xlm-roberta"}')
    tokenizer = Tokenizer.from_folder(tmp_path)
    for text in TEXTS:
        shifted = [i + 1 if i else 3 for i in theirs.encode(text)]
        assert tokenizer(text)["token_ids"].tolist() == [0, *shifted, 2]
    size = theirs.get_piece_size()
    assert (tokenizer.mask_id, tokenizer.pad_id) == (size + 1, 1)
    assert tokenizer.vocabulary_size == size + 2
    pair = tokenizer("今天", "猫")["token_ids"].tolist()
    first, second = ([i + 1 for i in theirs.encode(t)] for t in ("今天", "猫"))
    assert pair == [0, *first, 2, 2, *second, 2]


def test_saved_it_gives_the_same(tmp_path):
    train(tmp_path / "spiece.model")
    tokenizer = Tokenizer.from_folder(tmp_path)
    tokenizer.save(tmp_path / "saved")
    again = Tokenizer.from_folder(tmp_path / "saved")
    for text in TEXTS:
        ids = tokenizer(text)["token_ids"].tolist()
        assert again(text)["token_ids"].tolist() == ids
        assert again.decode(ids) == tokenizer.decode(ids)


def varint(number: int) -> bytes:
    low, number = number & 127, number >> 7
    return bytes([low | 128]) + varint(number) if number else bytes([low])


def message(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def piece(text: str, type: int = 1) -> bytes:
    return message(1, message(1, text.encode()) + bytes([3 << 3, type]))


UNKNOWN = piece("<unk>", 2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "one for the unknown"),
        (b"\xff" * 20, "SentencePiece model"),
        (b"\x0a\xff\xff\xff\xff\x0f", "within a field"),
        (b"\x0a\x03\x0a\x01\xff", "SentencePiece model"),
        (b"\x08\x01", "a number where"),
        (UNKNOWN + piece("a") + piece("a"), "each once"),
        (UNKNOWN + piece("a" * 1000), "at most 512 characters"),
        (UNKNOWN + piece("a", 5), "unused"),
        (UNKNOWN + piece("a", 4) + piece("ba"), "user-defined"),
        (UNKNOWN + message(2, b"\x18\x03"), "Unigram or BPE"),
        (UNKNOWN + message(3, message(2, b"\4\0\0\0abc")), "makes a tokenizer"),
        (UNKNOWN + message(3, message(2, bytes(4) + b"a" * 300)), "normal forms"),
    ],
)
def test_broken_models_are_refused(tmp_path, content, expected):
    (tmp_path / "x.model").write_bytes(content)
    with pytest.raises(VocabularyError, match=expected):
        Tokenizer.from_file(tmp_path / "x.model")


def test_what_a_model_does_not_say_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match=r"x\.model"):
        Tokenizer.from_file(tmp_path / "x.model")
    train(tmp_path / "spiece.model")
    with pytest.raises(ConfigError, match="holds its own rules"):
        Tokenizer.from_file(tmp_path / "spiece.model", lowercase=True)
    (tmp_path / "config.json").write_text('{"model_type": "xlnet"}')
    with pytest.raises(VocabularyError, match="xlnet"):
        Tokenizer.from_folder(tmp_path)


IDENTITY = {"normalization_rule_name": "identity"}
BRACKETS = {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]"}
BRACKETS |= {"unk_piece": "[UNK]", "pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3}
NO_ENDS = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
NO_ENDS |= {"control_symbols": "[CLS],[SEP],[MASK]"}
FAMILIES = {
    "T5Tokenizer": (
        "spiece.model",
        {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1},
    ),
    "XLMRobertaTokenizer": ("sentencepiece.bpe.model", {}),
    "AlbertTokenizer": ("spiece.model", NO_ENDS),
    "DebertaV2Tokenizer": ("spm.model", BRACKETS | IDENTITY),
}
SETTINGS = [
    ("T5Tokenizer", {"extra_ids": 0}),
    ("XLMRobertaTokenizer", {}),
    ("AlbertTokenizer", {}),
    ("AlbertTokenizer", {"do_lower_case": False, "keep_accents": True}),
    ("DebertaV2Tokenizer", {}),
    ("DebertaV2Tokenizer", {"do_lower_case": True, "split_by_punct": True}),
]


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_transformers_gives_the_same_ids_and_offsets(tmp_path, kind, settings):
    transformers = pytest.importorskip("transformers")
    name, rules = FAMILIES[kind]
    train(tmp_path / name, **rules)
    settings = {"tokenizer_class": kind, **settings}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    ours = Tokenizer.from_folder(tmp_path)
    theirs = getattr(transformers, kind).from_pretrained(tmp_path)
    ours.save(tmp_path / "saved")
    saved = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert ours.vocabulary_size == len(theirs)
    for text in (
        "今天天气真不错，我们去公园！",
        "The cat sat ``there'', Café naïve 12, 34",
        " 今天 the cats  ",
        "  昨天的猫 🙂🙂\n\tthe 👨‍👩‍👧 mat ",
        "",
    ):
        row, given = ours(text), theirs(text, return_offsets_mapping=True)
        assert row["token_ids"].tolist() == given["input_ids"], text
        assert saved(text)["input_ids"] == given["input_ids"]
        for token, mine, other in zip(
            ours.tokens(row["token_ids"]),
            row["offsets"].tolist(),
            given["offset_mapping"],
            strict=True,
        ):
            # By the normal form of T5 and XLM-R a space belongs to the piece behind it,
            # and a lone one is where it is, not where the next character is.
            if kind[0] in "AD":
                assert mine == list(other)
            elif token != "▁":
                assert text[slice(*mine)].strip() == text[slice(*other)].strip(), text
        pair = ours(text, "the cat")
        given = theirs(text, "the cat", return_token_type_ids=True)
        assert pair["token_ids"].tolist() == given["input_ids"]
        if kind[0] in "AD":
            assert pair["segment_ids"].tolist() == given["token_type_ids"]
    for role in ("cls", "sep", "pad", "unk", "mask"):
        if role not in ("cls", "sep", "mask") or kind[0] != "T":
            assert getattr(ours, f"{role}_id") == getattr(theirs, f"{role}_token_id")


def test_deberta_s_normal_form_is_the_file_s(tmp_path):
    theirs = train(tmp_path / "spm.model", **BRACKETS)
    (tmp_path / "config.json").write_text('{"model_type": "deberta-v2"}')
    ours = Tokenizer.from_folder(tmp_path)
    for text in TEXTS:
        if "▁" not in text:
            expected = [1, *theirs.encode(text), 2]
            assert ours(text)["token_ids"].tolist() == expected, text


def test_user_defined_pieces_of_unigram_are_whole(tmp_path):
    theirs = train(tmp_path / "x.model", user_defined_symbols="(,),-,<x>,今天")
    ours = Tokenizer.from_file(tmp_path / "x.model")
    for text in [*TEXTS, "The (c-at)<x> (今天)天-", "((sat))-mat<x><x", "()"]:
        expected = [*theirs.encode(text), theirs.eos_id()]
        assert ours(text)["token_ids"].tolist() == expected, text


def test_switches_that_are_none_are_refused(tmp_path):
    train(tmp_path / "spiece.model", **NO_ENDS)
    (tmp_path / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "AlbertTokenizer", "do_lower_case": "yes"}'
    )
    with pytest.raises(ConfigError, match=r"do_lower_case.*true or false"):
        Tokenizer.from_folder(tmp_path)
