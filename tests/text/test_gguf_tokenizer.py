"""Tokenizers in GGUF's metadata, against the libraries that trained them."""

import io
from pathlib import Path

import pytest
import sentencepiece
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from kewen.errors import VocabularyError
from kewen.text import Tokenizer, tokenizer_of_gguf

PATH = Path("m.gguf")
CORPUS = [
    "The cat sat on the mat, and the other cats sat there too.",
    "今天天气真不错，我们去公园。今天的天气比昨天的好。",
    "x = 12345 + 67890; they'll say it's fine",
    "def f(x):\n    return [y**2 for y in x]\n\n\tif a == 1:\n\t\tpass\n",
] * 20
TEXTS = [
    *CORPUS[:4],
    "  two   spaces \n and\ttabs  ",
    "\r\n\r\n\n\n\n  x",
    "🙂 👩‍👩‍👧 🇨🇳 é é 𠀀𠮷",
    "<td>今天</td> <td>  HelloWorld HELLOworld",
    "They'LL don't 3.14 1234567 ²½",
    "",
    " ",
]


def said(tokens, types, **more):
    """The metadata of a file."""
    more = {"tokens": tokens, "token_type": types} | more
    return {f"tokenizer.ggml.{key}": value for key, value in more.items()}


def trained_pieces(**settings):
    """SentencePiece's own tokenizer, and what a converter would write of it."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=made,
        minloglevel=2,
        model_type="bpe",
        vocab_size=420,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        **settings,
    )
    theirs = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
    defined = settings.get("user_defined_symbols", [])
    tokens = [theirs.id_to_piece(i) for i in range(theirs.get_piece_size())]
    types = [
        6 if theirs.is_byte(i) else 2 if theirs.is_unknown(i) else 3 if i < 3 else 1
        for i in range(len(tokens))
    ]
    for number, token in enumerate(tokens):
        if token in defined:
            types[number], tokens[number] = 4, token.replace("▁", " ")
    scores = [theirs.get_score(i) for i in range(len(tokens))]
    return theirs, said(tokens, types, scores=scores, model="llama", bos_token_id=1)


def test_scored_pieces_are_merged_as_sentencepiece_does():
    theirs, metadata = trained_pieces(
        user_defined_symbols=["<td>", "▁▁", "▁▁▁", "\n\n"], add_dummy_prefix=False
    )
    ours = tokenizer_of_gguf(metadata | PREFIX[False], PATH)
    for text in TEXTS:
        ids = ours(text)["token_ids"].tolist()
        assert ids == [theirs.bos_id(), *theirs.encode(text)], text
        assert ours.decode(ids) == text


PREFIX = {on: {"tokenizer.ggml.add_space_prefix": on} for on in (True, False)}


def test_space_goes_before_a_text_where_the_file_does_not_say():
    theirs, metadata = trained_pieces()
    ours = tokenizer_of_gguf(metadata, PATH)
    for text in TEXTS:
        ids = ours(text)["token_ids"].tolist()
        assert ids == [theirs.bos_id(), *theirs.encode(text)], text
        assert ours.decode(ids) == theirs.decode(theirs.encode(text))


def test_tokens_around_a_text_are_those_that_the_file_asks_for():
    _, metadata = trained_pieces()
    asked = {"add_bos_token": False, "add_eos_token": True, "eos_token_id": 2}
    asked = {f"tokenizer.ggml.{key}": value for key, value in asked.items()}
    ours = tokenizer_of_gguf(metadata | asked, PATH)
    assert ours.tokens(ours("the", "cat")["token_ids"]) == [
        "▁the",
        "</s>",
        "▁cat",
        "</s>",
    ]


def test_tags_that_look_special_are_text():
    tokens = ["<unk>", "<bos>", "<s>", "▁", "a", *(f"<0x{i:02X}>" for i in range(256))]
    types = [3, 3, 4, 1, 1, *[6] * 256]
    metadata = said(tokens, types, scores=[0.0] * len(tokens), model="llama")
    metadata |= PREFIX[False] | {"tokenizer.ggml.unknown_token_id": 0}
    ours = tokenizer_of_gguf(metadata, PATH)
    ids = ours("<s>a")["token_ids"].tolist()
    assert ids == [2, 4]
    assert ours.decode(ids) == "<s>a"
    assert (ours.cls_id, ours.unk_id) == (None, 0)


def trained_bytes():
    library = tokenizers.Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator(CORPUS, trainer)
    return library


def metadata_of(library, tmp_path):
    """What llama.cpp's converter would write."""
    library.model.save(str(tmp_path))
    lines = (tmp_path / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    ids = library.get_vocab()
    tokens = sorted(ids, key=ids.get)
    types = [3 if token == "<|end|>" else 1 for token in tokens]
    return said(tokens, types, merges=lines, model="gpt2", pre="gpt-2")


def test_bytes_are_merged_as_the_library_that_learned_them_does(tmp_path):
    theirs = trained_bytes()
    ours = tokenizer_of_gguf(metadata_of(theirs, tmp_path), PATH)
    for text in [*TEXTS, "a<|end|>b"]:
        ids = ours(text)["token_ids"].tolist()
        assert ids == theirs.encode(text).ids, text
        assert ours.decode(ids, skip_special_tokens=False) == text


# What cuts text -> a text, and its words by the models' own tokenizer.json.
CUTS = {
    "gpt-2": ("They'LL don't  go12345", ["They", "'", "LL", "Ġdon", "'t", "Ġ", "Ġgo"]),
    "smollm": ("a 12b", ["a", "Ġ", "1", "2", "b"]),
    "llama-bpe": ("they'LL 12345\n\n x", ["they", "'LL", "Ġ", "123", "45", "ĊĊ", "Ġx"]),
    "qwen2": ("they'll 123, (x", ["they", "'ll", "Ġ", "1", "2", "3", ",", "Ġ(", "x"]),
    "tekken": ("HelloWorld/ 12", ["Hello", "World", "/", "Ġ", "1", "2"]),
}


@pytest.mark.parametrize("pre", CUTS)
def test_text_is_cut_by_the_rule_that_the_file_names(pre, tmp_path):
    text, words = CUTS[pre]
    metadata = metadata_of(trained_bytes(), tmp_path) | {"tokenizer.ggml.pre": pre}
    metadata |= {"tokenizer.ggml.bos_token_id": 0}
    tokenizer = tokenizer_of_gguf(metadata, PATH)
    tokenizer.save(tmp_path / "t")
    library = tokenizers.Tokenizer.from_file(str(tmp_path / "t/tokenizer.json"))
    found = [word for word, _ in library.pre_tokenizer.pre_tokenize_str(text)]
    assert found[: len(words)] == words
    is_framed = tokenizer("a")["token_ids"][0] == 0
    assert is_framed == (pre in ("llama-bpe", "tekken"))


def test_it_is_saved_as_a_folder_that_gives_the_same(tmp_path):
    _, metadata = trained_pieces(user_defined_symbols=["▁▁", "<td>"])
    template = {"tokenizer.chat_template": "{{ messages }}"}
    ours = tokenizer_of_gguf(metadata | template, PATH)
    ours.save(tmp_path)
    again = Tokenizer.from_folder(tmp_path)
    for text in TEXTS:
        assert again(text)["token_ids"].tolist() == ours(text)["token_ids"].tolist()
    assert '"chat_template"' in (tmp_path / "tokenizer_config.json").read_text()


def test_file_without_one_gives_none():
    assert tokenizer_of_gguf({}, PATH) is None


PIECES = said(["<unk>", "a"], [2, 1], scores=[0.0, 0.0], model="llama")
LETTERS = said(["a", "b", "ab"], [1, 1, 1], merges=["a b"], model="gpt2", pre="gpt-2")
BROKEN = {
    "another kind": (PIECES, {"model": "bert"}, "'bert'"),
    "no tokens": (PIECES, {"tokens": None}, "tokens"),
    "numbers for tokens": (PIECES, {"tokens": [1, 2]}, "tokens"),
    "a token twice": (PIECES, {"tokens": ["a", "a"]}, "1 of them different"),
    "a long token": (PIECES, {"tokens": ["a" * 9999, "b"]}, "9999 characters"),
    "types of others": (PIECES, {"token_type": [1]}, "1 types"),
    "scores of others": (PIECES, {"scores": [0.0]}, "1 scores"),
    "nothing unknown": (PIECES, {"token_type": [1, 1]}, "unknown"),
    "a row that is none": (PIECES, {"bos_token_id": 7}, "7"),
    "a flag that is none": (PIECES, {"add_bos_token": "x"}, "add_bos_token"),
    "an unknown cut": (LETTERS, {"pre": "default"}, "gpt-2, .*'default'"),
    "no cut": (LETTERS, {"pre": None}, "None"),
    "a merge of no tokens": (LETTERS, {"merges": ["a c"]}, "'a c'"),
    "a merge of one": (LETTERS, {"merges": ["ab"]}, "'ab'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_metadata_is_refused_with_a_way_out(name):
    metadata, changes, message = BROKEN[name]
    changes = {f"tokenizer.ggml.{key}": value for key, value in changes.items()}
    with pytest.raises(VocabularyError, match=message) as raised:
        tokenizer_of_gguf(metadata | changes, PATH)
    assert "m.gguf" in str(raised.value)
    assert "tokenizer.json" in str(raised.value)
