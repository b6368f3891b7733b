"""Texts of a pattern: whatever a model would rather write, they match as a whole."""

import json
import re

import numpy as np
import pytest
import tokenizers
from byte_tokenizer import byte_tokenizer
from test_generate import made
from tokenizers import decoders, models, normalizers

from kewen.errors import ConfigError
from kewen.tasks import Generator
from kewen.tasks.patterns import Patterns
from kewen.text import Tokenizer
from kewen.text.token_bytes import byte_letters

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer"},
        "kind": {"enum": ["人", "cat"]},
    },
}


def byte_decoder(tokenizer, end_id=10):
    pretrained = made(
        "gpt2",
        tokenizer,
        ["language_model"],
        intermediate_dim=32,
        max_length=128,
        config_json={} if end_id is None else {"eos_token_id": end_id},
    )
    return Generator(pretrained)


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    return byte_decoder(byte_tokenizer(tmp_path_factory.mktemp("bytes")))


@pytest.mark.parametrize("pattern", [r"\d{4}-\d{2}", "[一-龥]{3}", "(yes|no)(!|\\?)?"])
def test_texts_match(writer, pattern):
    texts = writer.generate(["a", "今天"], regex=pattern, max_new_tokens=20)
    drawn = writer.generate(
        "b", regex=pattern, temperature=2.0, num_results=4, max_new_tokens=20
    )
    assert all(re.fullmatch(pattern, text) for text in [*texts, *drawn])
    assert "".join(writer.stream("a", regex=pattern, max_new_tokens=20)) == texts[0]
    many = dict(writer.many(["a", "今天"], regex=pattern, max_new_tokens=20))
    assert [many[number].text for number in (0, 1)] == texts


def test_json_of_a_schema_is_read_by_json(writer):
    for seed in range(4):
        text = writer.generate(
            "x", json_schema=SCHEMA, max_new_tokens=100, temperature=1.5, seed=seed
        )
        found = json.loads(text)
        assert list(found) == list(SCHEMA["properties"])
        assert isinstance(found["age"], int)
        assert found["kind"] in ("人", "cat")


def test_anchors_are_taken(writer):
    assert writer.generate("x", regex="^(ab){2}$", max_new_tokens=9) == "abab"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regex": "a", "json_schema": {}}, "one pattern"),
        ({"json_schema": "any"}, "schema must be a JSON object"),
        ({"regex": "a", "ignore_end": True}, "by which none ends"),
        ({"regex": "(a"}, "(?i)pattern|regular expression"),
        ({"json_schema": {"type": "object", "if": {}}}, "if"),
        ({"regex": 5}, "a string"),
        ({"regex": "a", "rules": 5}, "list of rules"),
        ({"regex": "a{9}", "max_new_tokens": 5}, "shortest text that Grammar"),
    ],
)
def test_patterns_that_are_none(writer, options, message):
    with pytest.raises(ConfigError, match=message):
        writer.generate("a", **options)


def test_a_model_without_an_end_is_refused(tmp_path):
    writer = byte_decoder(byte_tokenizer(tmp_path), end_id=None)
    with pytest.raises(ConfigError, match="eos_token_id"):
        writer.generate("a", regex="b")


def test_word_pieces_have_no_bytes_of_their_own(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n")
    tokenizer = Tokenizer.from_folder(tmp_path)
    with pytest.raises(ConfigError, match="side by side"):
        Patterns(tokenizer, [3])({"regex": "ab"})


def pieces(tmp_path, drops):
    """Unigram pieces with a space mark and bytes, as Llama's and Gemma's are."""
    names = ["<unk>", "</s>", "▁a", "▁b", "a", "b", "国", "▁"]
    names += [f"<0x{byte:02X}>" for byte in range(256)]
    scores = [(name, -float(number)) for number, name in enumerate(names)]
    library = tokenizers.Tokenizer(models.Unigram(scores, 0, byte_fallback=True))
    library.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    steps += [decoders.Strip(" ", 1, 0)] if drops else []
    library.decoder = decoders.Sequence(steps)
    library.add_special_tokens(["<unk>", "</s>"])
    library.save(str(tmp_path / "tokenizer.json"))
    return Tokenizer.from_file(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("drops", [True, False])
def test_bytes_of_sentence_pieces_are_those_of_the_text(tmp_path, drops):
    tokenizer = pieces(tmp_path, drops)
    known = tokenizer.token_bytes()
    assert known[:2] == [None, None]
    for text in ("a b", "国 中ab", "é"):
        ids = tokenizer.plain_ids(text)
        joined = b"".join(known[number] or b"" for number in ids).decode()
        assert joined == " " + text
        assert tokenizer.decode(ids) == (text if drops else " " + text)


@pytest.mark.parametrize("drops", [True, False])
def test_a_dropped_space_is_no_part_of_the_pattern(tmp_path, drops):
    tokenizer = pieces(tmp_path, drops)
    rule = Patterns(tokenizer, [1])({"regex": "ab?"})["rules"][0]
    first = np.asarray(rule.table)[0][np.asarray(rule.kinds)]
    allowed = {
        tokenizer.id_to_token(number)
        for number in np.flatnonzero(np.asarray(rule.distance)[first] < 99)
    }
    assert "a" in allowed and ("▁a" in allowed) == drops


def test_letters_of_bytes_are_the_librarys(tmp_path):
    tokenizer = byte_tokenizer(tmp_path)
    assert len(set(byte_letters())) == 256
    text = "héllo 你好\n"
    known = tokenizer.token_bytes()
    joined = b"".join(known[number] or b"" for number in tokenizer.plain_ids(text))
    assert joined == text.encode()
