"""Regular expressions of JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any

from kewen.decoding.grammar.automaton import automaton
from kewen.decoding.grammar.regex import unanchored
from kewen.errors import ConfigError

# Half a character, \ud83d, is none: whole ones need no such writing.
_CODE = r"(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2}"
STRING = rf'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u{_CODE})*"'
INTEGER = r"-?(?:0|[1-9]\d*)"
NUMBER = INTEGER + r"(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PLAIN = {
    "string": STRING,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": "true|false",
    "null": "null",
}
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "object": Mapping,
    "array": (list, tuple),
}
MOST_SIGNS = 1_000_000
_BESIDE = {"title", "description", "default", "examples", "$schema", "$id"}
_KNOWN = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"pattern", "minLength", "maxLength"},
}


def json_pattern(schema: Mapping[str, Any] | None = None, depth: int = 2) -> str:
    """The pattern of JSON texts, written without line breaks, spaces after `:` and `,`.

    Args:
        schema: a JSON schema out of `type` (also a list), `enum`, `const`, `anyOf`;
            of objects `properties`, which all come, in their order, but for those
            that `required` leaves out, or without these `additionalProperties`; of
            arrays `items`, `minItems`, `maxItems`; of strings `minLength`, `maxLength`
            or `pattern`, which is about the whole string and must allow no quotation
            mark. None for any JSON.
        depth: how deeply values without a schema may be nested.

    Raises:
        ConfigError: if the schema has a word that is not known here, or is nested too
            deeply.
    """
    try:
        return _of(schema, depth)
    except RecursionError:
        raise ConfigError(
            "A JSON schema must end somewhere. Received: one that is within itself, or "
            "nested too deeply. Nest it less."
        ) from None


def _of(schema: Any, depth: int) -> str:
    if schema is None:
        return _any(depth)
    _require(isinstance(schema, Mapping), "A schema", "a JSON object", schema)
    if not schema:
        return _any(depth)
    for word in ("const", "enum"):
        if word in schema:
            return _one_of([_literal(value) for value in _listed(schema, word)])
    if "anyOf" in schema:
        _refuse_others(schema, {"anyOf"}, "with anyOf")
        _require_some("anyOf", schema["anyOf"])
        return _one_of([_of(each, depth) for each in schema["anyOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        _require_some("type", kind)
        return _one_of([_of({**schema, "type": each}, depth) for each in kind])
    _check(schema, kind)
    if kind == "object":
        return _object(schema, depth)
    if kind == "array":
        item = _of(schema.get("items"), max(depth - 1, 0))
        least, most = _counts(schema, "minItems", "maxItems")
        return _list(item, least, most)
    if kind == "string":
        return _string(schema)
    return f"(?:{_PLAIN[str(kind)]})"


def _any(depth: int) -> str:
    plain = list(_PLAIN.values())
    if not depth:
        return _one_of(plain)
    value = _any(depth - 1)
    pair = f"{STRING}: {value}"
    return _one_of([*plain, _list(value, 0, None), rf"\{{(?:{pair}(?:, {pair})*)?\}}"])


def _list(item: str, least: int, most: int | None) -> str:
    if most == 0:
        return r"\[\]"
    _check_size(item)
    upper = "" if most is None else most - 1
    some = rf"{item}(?:, {item}){{{max(least - 1, 0)},{upper}}}"
    return rf"\[{some}\]" if least else rf"\[(?:{some})?\]"


def _object(schema: Mapping[str, Any], depth: int) -> str:
    properties = schema.get("properties")
    others = schema.get("additionalProperties", True)
    allowed = isinstance(others, bool | Mapping)
    _require(allowed, "additionalProperties", "true, false or a schema", others)
    if properties is None:
        required = schema.get("required", [])
        _require(required == [], "required", "among the properties", required)
        if others is False:
            return r"\{\}"
        value = _of(None if others is True else others, max(depth - 1, 0))
        _check_size(value)
        pair = f"{STRING}: {value}"
        return rf"\{{(?:{pair}(?:, {pair})*)?\}}"
    named = isinstance(properties, Mapping) and all(
        isinstance(name, str) for name in properties
    )
    _require(named, "properties", "an object, its names strings", properties)
    names = list(properties)
    required = schema.get("required", names)
    known = isinstance(required, list) and all(each in names for each in required)
    _require(known, "required", f"a list out of {names}", required)
    pairs = [
        (name in required, f"{_literal(name)}: {_of(each, max(depth - 1, 0))}")
        for name, each in properties.items()
    ]
    # Either this is the first pair that comes, or it comes behind a comma.
    first, behind = "", ""
    for needed, pair in reversed(pairs):
        here = f"{pair}{behind}"
        first = here if needed else _one_of([here, first])
        behind = f", {here}" if needed else f"(?:, {pair})?{behind}"
    _check_size(first)
    return rf"\{{{first}\}}"


def _string(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        _refuse_others(schema, {"type", "pattern"}, "of a string with a pattern")
        return f'"(?:{_inside(schema["pattern"])})"'
    least, most = _counts(schema, "minLength", "maxLength")
    return STRING.replace(")*", f"){{{least},{'' if most is None else most}}}")


def _inside(pattern: Any) -> str:
    """A string's pattern without anchors, if nothing in it must be escaped."""
    _require(isinstance(pattern, str), "pattern", "a regular expression", pattern)
    table = automaton(pattern).table
    if (table[:, [*range(32), ord('"'), ord("\\")]] >= 0).any():
        raise ConfigError(
            "The pattern of a string must allow no quotation mark, backslash or "
            "control character, which JSON writes otherwise. Received: "
            f'{pattern!r}. In place of . write [^"\\\\\\x00-\\x1f].'
        )
    return unanchored(pattern)


def _counts(
    schema: Mapping[str, Any], least_name: str, most_name: str
) -> tuple[int, int | None]:
    least, most = schema.get(least_name, 0), schema.get(most_name)
    for name, value in ((least_name, least), (most_name, 0 if most is None else most)):
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        _require(whole, name, "a whole number, at least 0", value)
    if most is not None and most < least:
        raise ConfigError(
            f"{least_name} must be at most {most_name}. Received: {least} and {most}."
        )
    return least, most


def _require_some(name: str, given: Any) -> None:
    _require(isinstance(given, list) and bool(given), name, "a list of some", given)


def _require(holds: bool, name: str, what: str, given: Any) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {what}. Received: {given!r}.")


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ConfigError(
            "A JSON schema needs type, enum, const or anyOf, and the type must be one "
            f"of {sorted(_TYPES)}. Received: {kind!r}."
        )


def _check(schema: Mapping[str, Any], kind: Any) -> None:
    _check_kind(kind)
    known = _KNOWN.get(kind, set()) | {"type"}
    _refuse_others(schema, known, f"of type {kind!r}")


def _refuse_others(schema: Mapping[str, Any], known: set[str], which: str) -> None:
    unknown = set(schema) - _BESIDE - known
    if unknown:
        raise ConfigError(
            f"A JSON schema {which} may have {sorted(known)} here. Received: "
            f"{sorted(unknown, key=str)}."
        )


def _listed(schema: Mapping[str, Any], word: str) -> list[Any]:
    """The values of `enum` or `const` that are of the schema's type, if it has one."""
    _refuse_others(schema, {word, "type"}, f"with {word}")
    values = [schema["const"]] if word == "const" else schema["enum"]
    _require_some(word, values)
    kinds = schema.get("type", list(_TYPES))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    for kind in kinds:
        _check_kind(kind)
    kept = [value for value in values if any(_is_a(value, kind) for kind in kinds)]
    _require(bool(kept), word, f"of type {' or '.join(kinds)}", values)
    return kept


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):  # which Python calls an integer
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _literal(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"A value of a JSON schema must be JSON. Received: {value!r} ({error})."
        ) from None
    return re.escape(text).replace(r"\ ", " ")


def _check_size(pattern: str) -> None:
    # A list writes its item twice, so that lists in lists grow fast.
    if len(pattern) > MOST_SIGNS:
        raise ConfigError(
            f"The pattern of a JSON schema may have {MOST_SIGNS} signs. Received: a "
            "schema of more. Nest it less, or give it fewer properties."
        )


def _one_of(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
