"""Regular expressions of JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any

from kewen.decoding.grammar.automaton import automaton
from kewen.errors import ConfigError

STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
INTEGER = r"-?(?:0|[1-9]\d*)"
NUMBER = INTEGER + r"(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PLAIN = {
    "string": STRING,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": "true|false",
    "null": "null",
}
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
            that `required` leaves out; of arrays `items`, `minItems`, `maxItems`; of
            strings `minLength`, `maxLength` and `pattern`, which is about the whole
            string and must allow no quotation mark. None for any JSON.
        depth: how deeply values without a schema may be nested.

    Raises:
        ConfigError: if the schema has a word that is not known here.
    """
    if schema is None:
        return _any(depth)
    _require(isinstance(schema, Mapping), "A schema", "a JSON object", schema)
    if not schema:
        return _any(depth)
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        _require_some("enum", schema["enum"])
        return _one_of([_literal(value) for value in schema["enum"]])
    if "anyOf" in schema:
        _require_some("anyOf", schema["anyOf"])
        return _one_of([json_pattern(each, depth) for each in schema["anyOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        _require_some("type", kind)
        return _one_of([json_pattern({**schema, "type": each}, depth) for each in kind])
    _check(schema, kind)
    if kind == "object":
        return _object(schema, depth)
    if kind == "array":
        item = json_pattern(schema.get("items"), max(depth - 1, 0))
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
    if most is not None and most < max(least, 1):
        if most < least:
            raise ConfigError(
                f"minItems must be at most maxItems. Received: {least} and {most}."
            )
        return r"\[\]"
    upper = "" if most is None else most - 1
    some = rf"{item}(?:, {item}){{{max(least - 1, 0)},{upper}}}"
    return rf"\[{some}\]" if least else rf"\[(?:{some})?\]"


def _object(schema: Mapping[str, Any], depth: int) -> str:
    properties = schema.get("properties")
    if properties is None:
        pair = f"{STRING}: {_any(max(depth - 1, 0))}"
        return rf"\{{(?:{pair}(?:, {pair})*)?\}}"
    _require(isinstance(properties, Mapping), "properties", "an object", properties)
    required = schema.get("required", list(properties))
    known = isinstance(required, list) and all(each in properties for each in required)
    _require(known, "required", f"a list out of {list(properties)}", required)
    pairs = [
        (name in required, f"{_literal(name)}: {json_pattern(each, max(depth - 1, 0))}")
        for name, each in properties.items()
    ]
    # Either this is the first pair that comes, or it comes behind a comma.
    first, behind = "", ""
    for needed, pair in reversed(pairs):
        here = f"{pair}{behind}"
        first = here if needed else _one_of([here, first])
        behind = f", {here}" if needed else f"(?:, {pair})?{behind}"
    return rf"\{{{first}\}}"


def _string(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        _check_inside(schema["pattern"])
        return f'"(?:{schema["pattern"]})"'
    least, most = _counts(schema, "minLength", "maxLength")
    return STRING.replace(")*", f"){{{least},{'' if most is None else most}}}")


def _check_inside(pattern: Any) -> None:
    """Refuse a string's pattern that allows what must be escaped in a string."""
    _require(isinstance(pattern, str), "pattern", "a regular expression", pattern)
    table = automaton(pattern).table
    if (table[:, [*range(32), ord('"'), ord("\\")]] >= 0).any():
        raise ConfigError(
            "The pattern of a string must allow no quotation mark, backslash or "
            "control character, which JSON writes otherwise. Received: "
            f'{pattern!r}. In place of . write [^"\\\\\\x00-\\x1f].'
        )


def _counts(
    schema: Mapping[str, Any], least_name: str, most_name: str
) -> tuple[int, int | None]:
    least, most = schema.get(least_name, 0), schema.get(most_name)
    for name, value in ((least_name, least), (most_name, 0 if most is None else most)):
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        _require(whole, name, "a whole number, at least 0", value)
    return least, most


def _require_some(name: str, given: Any) -> None:
    _require(isinstance(given, list) and bool(given), name, "a list of some", given)


def _require(holds: bool, name: str, what: str, given: Any) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {what}. Received: {given!r}.")


def _check(schema: Mapping[str, Any], kind: Any) -> None:
    if kind not in (*_PLAIN, "object", "array"):
        raise ConfigError(
            "A JSON schema needs type, enum, const or anyOf, and the type must be one "
            f"of {sorted([*_PLAIN, 'object', 'array'])}. Received: {kind!r}."
        )
    unknown = set(schema) - _BESIDE - _KNOWN.get(kind, set()) - {"type"}
    if unknown:
        raise ConfigError(
            f"A JSON schema of type {kind!r} may have "
            f"{sorted(_KNOWN.get(kind, set()))} here. Received: {sorted(unknown)}."
        )


def _literal(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"A value of a JSON schema must be JSON. Received: {value!r} ({error})."
        ) from None
    return re.escape(text).replace(r"\ ", " ")


def _one_of(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
