"""Which tokens of a vocabulary open, close, pad, hide and replace."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from tokenizers import Tokenizer

# Google's names, then fairseq's. The first one that the vocabulary holds is taken.
_NAMES = {
    "cls": ("[CLS]", "<s>"),
    "sep": ("[SEP]", "</s>"),
    "pad": ("[PAD]", "<pad>"),
    "unk": ("[UNK]", "<unk>"),
    "mask": ("[MASK]", "<mask>"),
}


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens that a vocabulary has; None where it has none."""

    cls: str | None = None
    sep: str | None = None
    pad: str | None = None
    unk: str | None = None
    mask: str | None = None

    @classmethod
    def find(
        cls, token_to_id: Callable[[str], int | None], hints: Mapping[str, Any]
    ) -> "SpecialTokens":
        """Look for each role's token, in the hints first and by its usual names then.

        Args:
            token_to_id: id of a token, or None if the vocabulary lacks it. Names that
                it lacks are passed over, hints too.
            hints: what special_tokens_map.json and tokenizer_config.json say, such as
                `{"cls_token": "<s>"}` or `{"cls_token": {"content": "<s>"}}`.
        """
        found: dict[str, str] = {}
        for role, usual in _NAMES.items():
            for token in (*_content(hints.get(f"{role}_token")), *usual):
                if token_to_id(token) is not None:
                    found[role] = token
                    break
        return cls(**found)

    @classmethod
    def of(cls, library: Tokenizer, hints: Mapping[str, Any]) -> "SpecialTokens":
        """As `find`; a token that the library was told is not special is none by name.

        Such are Gemma's <s> and </s>, which are HTML's.
        """
        added = library.get_added_tokens_decoder().values()
        plain = {token.content for token in added if not token.special}
        named = cls.find(library.token_to_id, hints)
        hinted = {
            each for role in _NAMES for each in _content(hints.get(f"{role}_token"))
        }
        return cls(
            **{
                role: token
                for role, token in named.named()
                if token not in plain or token in hinted
            }
        )

    def named(self) -> Iterator[tuple[str, str]]:
        """The pairs (role, token) of the tokens that are there."""
        for field in fields(self):
            token = getattr(self, field.name)
            if token is not None:
                yield field.name, token

    def ids_in(self, library: Tokenizer) -> frozenset[int]:
        """Their ids, and those of what else the library declares to be special."""
        declared = library.get_added_tokens_decoder().items()
        ids = {number for number, token in declared if token.special}
        found = (library.token_to_id(token) for _, token in self.named())
        return frozenset(ids.union(number for number in found if number is not None))


def texts_in(settings: Mapping[str, Any]) -> dict[str, str]:
    """Every `..._token` that a tokenizer_config.json names, as text."""
    return {
        name: token
        for name, hint in settings.items()
        if name.endswith("_token")
        for token in _content(hint)
    }


def _content(hint: object) -> Iterator[str]:
    if isinstance(hint, Mapping):
        hint = cast("Mapping[str, object]", hint).get("content")
    if isinstance(hint, str) and _is_text(hint):
        yield hint


def _is_text(token: str) -> bool:
    """JSON can write half a character, which no vocabulary holds."""
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True
