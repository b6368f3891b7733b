"""Automata match what Python's re matches; constrained texts parse, always."""

import json
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from toy_chain import sampled

from kewen.decoding import (
    Beams,
    Decoder,
    Grammar,
    Paths,
    Rescoring,
    Temperature,
    json_pattern,
)
from kewen.decoding.grammar import automaton
from kewen.errors import ConfigError, DataError

PATTERNS = [
    "a",
    "",
    "(ab|a)*b?",
    "a{2,3}b{2}c{1,}",
    "(?:a|bc)*?(c|)+",
    "[a-c]+[^a-c\\n]",
    r"\d+(\.\d+)?",
    r"[^\W\d]\s*",
    ".*天[一-龥]",
    "(a*)*b",
    "((a|b){0,2}c)*",
    r"[\]\-x]+",
    r"\x41B\.",
    "[^a]",
]
LETTERS = "aabbccxAB]-.0 \t\n1é天地中😀"
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 4},
        "kind": {"enum": ["a", "b c", None, 1.5]},
        "sizes": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "more": {"anyOf": [{"type": "boolean"}, {"type": ["null", "number"]}]},
    },
    "required": ["name", "sizes"],
}
# Bytes, a few longer tokens, the end, and two ids that are no text.
TOKENS: list[bytes | str | None] = [bytes([n]) for n in range(256)]
TOKENS += [b'{"', b'": ', b'", "', b"true", b"null", b"]}", b"12", b"name", b"}}"]
TOKENS += ["天".encode()[:2], "天气"]
TOKENS += ["</s>", None, None]
END = TOKENS.index("</s>")


def spelled(ids):
    parts = [TOKENS[n] or b"" for n in ids if n != END]
    return b"".join(p.encode() if isinstance(p, str) else p for p in parts).decode()


def noise():
    """Scores by chance, of every text another: a model that knows no grammar."""
    law = np.random.default_rng(3).normal(size=(len(TOKENS) + 2, len(TOKENS) + 2)) * 3
    law[:, END] -= 2  # long texts
    table = ops.convert_to_tensor(law.astype("float32"))
    return Rescoring(lambda ids, is_token: ops.take(table, ids[:, -1], axis=0))


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet=LETTERS, max_size=8))
def test_an_automaton_matches_what_re_matches(pattern, text):
    wanted = re.fullmatch(pattern, text, re.ASCII) is not None
    assert automaton(pattern).matches(text) == wanted


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern])
def test_texts_drawn_under_a_pattern_match_it(pattern):
    rule = Grammar(pattern, TOKENS, [END])
    for text in sampled(noise(), [rule], 25, 12, ends=(END,)):
        assert re.fullmatch(pattern, spelled(text), re.ASCII)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9, 30])
def test_any_json_parses_however_short_the_limit(limit):
    rule = Grammar(json_pattern(depth=2), TOKENS, [END])
    rules = [rule, Temperature(2.0)]
    for text in sampled(noise(), rules, 40, limit, ends=(END,)):
        json.loads(spelled(text))


def test_json_of_a_schema_has_its_properties():
    rule = Grammar(json_pattern(SCHEMA), TOKENS, [END])
    for text in sampled(noise(), [rule], 60, 80, ends=(END,)):
        found = json.loads(spelled(text))
        assert set(found) <= set(SCHEMA["properties"])
        assert len(found["name"]) <= 4
        assert len(found["sizes"]) <= 2
        assert all(isinstance(size, int) for size in found["sizes"])
        assert found.get("kind") in ["a", "b c", None, 1.5]
        assert found.get("more") is None or isinstance(
            found["more"], bool | int | float
        )


def test_beams_under_a_grammar_parse():
    rule = Grammar(json_pattern(SCHEMA), TOKENS, [END])
    strategy = Beams(num_beams=4, rules=(rule,), end_ids=(END,))
    for text in Decoder(noise(), strategy)([[0]], 60)[0]:
        json.loads(spelled(text.ids))


@pytest.mark.parametrize(
    "value",
    [
        {"name": "x", "sizes": []},
        {"name": "", "kind": "b c", "sizes": [-1, 0], "more": 1e3},
        {"name": "天气", "sizes": [10], "more": None},
    ],
)
def test_a_schema_allows_what_fits_it(value):
    text = json.dumps(value, ensure_ascii=False)
    assert automaton(json_pattern(SCHEMA)).matches(text)
    if len(value) < 4:
        assert automaton(json_pattern(depth=2)).matches(text)


@pytest.mark.parametrize(
    "value",
    [{"name": "x"}, {"name": "abcde", "sizes": []}, {"sizes": [], "name": "x"}, []],
)
def test_a_schema_forbids_what_does_not(value):
    assert not automaton(json_pattern(SCHEMA)).matches(json.dumps(value))


def test_no_completion_is_an_error():
    with pytest.raises(ConfigError, match="must have a completion"):
        Grammar("天+", ["a", "b", "</s>"], [2])
    rule = Grammar("aaaa", TOKENS, [END])
    with pytest.raises(DataError, match="let more tokens come"):
        Decoder(noise(), Paths(rules=(rule,), end_ids=(END,)))([[0]], 3)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a",
        "a)",
        "[a",
        "*a",
        "a{3,2}",
        "a{x}",
        "a{" + "9" * 5000 + "}",
        "(?=a)",
        r"\1",
        r"\xZZ",
        r"\x+1",
        r"\u12",
        "[b-a]",
        r"[\d-z]",
        r"[a-\d]",
        r"[\W-z]",
        "a\\",
    ],
)
def test_a_pattern_that_is_not_known_is_refused(pattern):
    with pytest.raises(ConfigError, match="regular expression"):
        automaton(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("^ab$", "ab", True),
        ("^a|b$", "b", True),
        (r"a\$", "a$", True),
        (r"a\\$", "a\\", True),
        ("^ab$", "^ab$", False),
    ],
)
def test_anchors_at_the_ends_say_nothing(pattern, text, same):
    assert automaton(pattern).matches(text) is same


@pytest.mark.parametrize("pattern", ["(a|b)*a(a|b){17}", "(" * 5000 + "a" + ")" * 5000])
@pytest.mark.usefixtures("no_garbage")
def test_a_pattern_of_too_many_states_is_refused(pattern):
    with pytest.raises(ConfigError, match="20000 states"):
        automaton(pattern)


@pytest.mark.parametrize(
    "schema",
    [{"type": "date"}, {"type": "string", "format": "date"}, {"$ref": "#/a"}],
)
def test_a_schema_that_is_not_known_is_refused(schema):
    with pytest.raises(ConfigError, match="Received"):
        json_pattern(schema)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string", "pattern": ".+"}, "quotation mark, backslash or control"),
        ({"type": "string", "pattern": 'a"b'}, "quotation mark"),
        ({"enum": []}, "enum must be a list of some"),
        ({"anyOf": []}, "anyOf must be"),
        ({"const": float("nan")}, "must be JSON"),
        ({"enum": 5}, "enum must be"),
        ({"anyOf": [True]}, "A schema must be a JSON object"),
        ({"type": "array", "items": True}, "A schema must be a JSON object"),
        ({"type": "array", "minItems": "x"}, "minItems must be a whole number"),
        ({"type": "object", "properties": [1]}, "properties must be an object"),
        ({"type": "object", "properties": {"a": 5}}, "A schema must be"),
        ({"type": "object", "properties": {5: {}}}, "properties must be an object"),
        (
            {"type": "object", "properties": {"a": {}}, "required": [["a"]]},
            "required must be a list out of",
        ),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "at most maxLength"),
        ({"type": "array", "minItems": 5, "maxItems": 2}, "at most maxItems"),
        ({"type": "object", "properties": {"a": {}}, "required": ["b"]}, "required"),
    ],
    ids=str,
)
def test_schemas_that_allow_what_is_no_json_or_nothing(schema, message):
    with pytest.raises(ConfigError, match=message):
        json_pattern(schema)


@pytest.mark.usefixtures("no_garbage")
def test_a_schema_within_itself_is_refused():
    schema = {"type": "array"}
    schema["items"] = schema
    with pytest.raises(ConfigError, match="within itself"):
        json_pattern(schema)


def test_a_schema_of_many_nested_lists_is_refused_at_once():
    schema = {"type": "integer"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    with pytest.raises(ConfigError, match="Nest it less"):
        json_pattern(schema)


def test_anchors_of_a_strings_pattern_say_nothing():
    pattern = json_pattern({"type": "string", "pattern": "^[a-z]+$"})
    assert automaton(pattern).matches('"abc"')


def test_a_strings_pattern_without_what_json_escapes_is_taken():
    pattern = json_pattern({"type": "string", "pattern": r"[^\"\\\x00-\x1f]{2}"})
    assert automaton(pattern).matches('"\u4eba!"'.encode().decode())
    assert not automaton(pattern).matches('"a"')


@pytest.mark.parametrize(
    "pattern", ["a*+a", "a**", "a{2}{3}", "a???", "a{３}", "a{,3}", r"\012", "a{1,2,3}"]
)
def test_what_would_be_read_otherwise_than_by_python_is_refused(pattern):
    with pytest.raises(ConfigError, match="regular expression"):
        automaton(pattern)


@pytest.mark.parametrize(
    "pattern", ["a*?b", "a{2}?", "a??", r"\0", "(?:a{2}){3}", "a{2,}"]
)
def test_few_and_grouped_repetitions_are_those_of_python(pattern):
    texts = ["".join(each) for n in range(8) for each in product("ab\0", repeat=n)]
    found = automaton(pattern)
    same = [found.matches(t) == bool(re.fullmatch(pattern, t)) for t in texts]
    assert all(same)


@pytest.mark.parametrize(
    ("schema", "text", "same"),
    [
        ({"type": "integer", "enum": ["a", 1, 2.0, True]}, '"a"', False),
        ({"type": "integer", "enum": ["a", 1, 2.0, True]}, "true", False),
        ({"type": "integer", "enum": ["a", 1, 2.0, True]}, "2.0", True),
        ({"enum": [1, True, None], "type": ["boolean", "null"]}, "null", True),
        ({"enum": [1, True, None], "type": ["boolean", "null"]}, "1", False),
        ({"const": {"a": [1]}, "type": "object"}, '{"a": [1]}', True),
        ({"additionalProperties": {"type": "integer"}}, '{"b": "x"}', False),
        ({"additionalProperties": {"type": "integer"}}, '{"b": 5, "c": 6}', True),
        ({"additionalProperties": False}, '{"a": 1}', False),
        ({"additionalProperties": False}, "{}", True),
        ({"additionalProperties": True}, '{"a": [1, "x"]}', True),
        ({"type": "string", "minLength": 2}, r'"\ud83d\ude00"', False),
        ({"type": "string", "minLength": 2}, r'"\u4e2d\uD7ff"', True),
    ],
)
def test_all_words_of_a_schema_count(schema, text, same):
    if "additionalProperties" in schema:
        schema = {"type": "object", **schema}
    assert automaton(json_pattern(schema)).matches(text) is same


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "[a-z]*", "minLength": 5},
        {"enum": ["a", "abc"], "minLength": 3},
        {"anyOf": [{"type": "string"}], "type": "integer"},
        {"enum": [1, 2], "not": {"const": 1}},
        {"const": 1, 5: 2},
        {"enum": [1], "type": "string"},
        {"enum": [1], "type": "date"},
        {"const": float("inf"), "type": "integer"},
        {"type": "object", "required": ["a"]},
        {"type": "object", "additionalProperties": 3},
    ],
)
def test_words_that_are_not_known_together_are_refused(schema):
    with pytest.raises(ConfigError, match="Received"):
        json_pattern(schema)
