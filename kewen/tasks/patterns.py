"""Texts of a pattern: a regular expression, or JSON of a schema, as a rule on ids."""

from collections.abc import Mapping, Sequence
from typing import Any

from kewen.decoding import Grammar
from kewen.decoding.grammar import json_pattern
from kewen.decoding.grammar.regex import unanchored
from kewen.errors import ConfigError
from kewen.text import Tokenizer
from kewen.text.spelling import SPACE

REGEX, SCHEMA = "regex", "json_schema"
KEPT = 8  # rules that are made already


class Patterns:
    """Makes rules of the options `regex` and `json_schema`.

    A rule goes over the whole vocabulary once, so the last ones are kept.

    Args:
        tokenizer: whose texts they are.
        end_ids: tokens that end a text.
    """

    def __init__(self, tokenizer: Tokenizer, end_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._end_ids = tuple(end_ids)
        self._made: dict[str, Grammar] = {}

    def __call__(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options, these two among the `rules`.

        Raises:
            ConfigError: if both are given, a pattern is none, or the tokenizer's texts
                cannot be held to it.
        """
        left = dict(options)
        regex, schema = left.pop(REGEX, None), left.pop(SCHEMA, None)
        if regex is None and schema is None:
            return left
        if regex is not None and schema is not None:
            raise ConfigError(
                f"A text is held to one pattern. Received: {REGEX} and {SCHEMA}."
            )
        if left.get("ignore_end"):
            raise ConfigError(
                "A text of a pattern ends with an end token. Received: ignore_end "
                "(--no-stop), by which none ends a text. Leave it out."
            )
        if schema is not None:
            pattern = json_pattern(schema)
        elif isinstance(regex, str):
            pattern = unanchored(regex)
        else:
            raise ConfigError(
                f"{REGEX} must be a regular expression, a string. Received: {regex!r}."
            )
        rules: Any = left.get("rules", ())
        if isinstance(rules, list | tuple):  # else the options refuse them
            left["rules"] = [*rules, self._rule(pattern)]
        return left

    def _rule(self, pattern: str) -> Grammar:
        if pattern not in self._made:
            if not self._end_ids:
                raise ConfigError(
                    "A text of a pattern ends with an end token. Received: a model "
                    "that has none. Name eos_token_id in its config.json."
                )
            if len(self._made) == KEPT:
                self._made.pop(next(iter(self._made)))
            # Decoders may drop a space at the beginning, so it may come there.
            first = self._tokenizer.token_to_id(SPACE + "a")
            drops = first is not None and self._tokenizer.decode([first]) == "a"
            whole = f" ?(?:{pattern})" if drops else pattern
            tokens = self._tokenizer.token_bytes()
            self._made[pattern] = Grammar(whole, tokens, self._end_ids)
        return self._made[pattern]
