"""A vocabulary of word pieces becomes another one: rows leave it, or come behind it.

Of each new row it is said which old rows it is made of, so that a model's tables can
follow: one old row for a token that stays, several for a new one.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from tokenizers import Tokenizer

from kewen.errors import ConfigError, DataError
from kewen.text.word_pieces import PREFIX, is_word_piece

# For each new row the old rows whose mean it is; one that counts twice stands twice.
Sources: TypeAlias = tuple[tuple[int, ...], ...]
Keep: TypeAlias = Literal["used", "reachable", "simplified"]

_UNUSED = re.compile(r"[\[<]unused_?\d+[\]>]")
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def rows_to_keep(
    library: Tokenizer, rows: Sequence[str], words: bool, keep: Keep
) -> list[int]:
    """The rows that a rule keeps, see `Tokenizer.trim`."""
    if keep not in get_args(Keep):
        raise ConfigError(
            f"keep must be one of {get_args(Keep)}, or ids. Received: {keep!r}."
        )
    _require_word_pieces(library)
    kept: list[int] = []
    for number, token in enumerate(rows):
        # Of a token with several rows, text gives one.
        if _UNUSED.fullmatch(token) or library.token_to_id(token) != number:
            continue
        if keep != "used" and not _comes_out(library, token, words):
            continue
        if keep == "simplified" and not _is_simplified(token):
            continue
        kept.append(number)
    return kept


def trimmed(library: Tokenizer, rows: Sequence[str], kept: Sequence[int]) -> Tokenizer:
    """The same tokenizer with only these rows, in this order.

    Args:
        library: of word pieces.
        rows: the token of each row.
        kept: ids; those of added tokens and of the template must be among them.
    """
    _require_word_pieces(library)
    numbers = {old: new for new, old in enumerate(kept)}
    said = json.loads(library.to_str())
    said["model"]["vocab"] = {
        token: numbers[old]
        for token, old in said["model"]["vocab"].items()
        if old in numbers
    }
    for added in said["added_tokens"]:
        added["id"] = numbers[added["id"]]
    _renumber(said["post_processor"], numbers)
    return _made(library, said)


def always_kept(library: Tokenizer, special: Iterable[int | None]) -> set[int]:
    """Special tokens, added ones, and those of the template."""
    ids = {number for number in special if number is not None}
    ids |= set(library.get_added_tokens_decoder())
    return ids.union(
        library.encode("").ids,
        library.encode("", "").ids,
    )


def extended(
    library: Tokenizer, rows: Sequence[str], words: bool, tokens: Sequence[str]
) -> Tokenizer:
    """The same tokenizer with tokens behind its rows.

    Raises:
        ConfigError: if the tokenizer is not of word pieces.
        DataError: if a token is there already, twice, or can never come out of a text.
    """
    _require_word_pieces(library)
    said = json.loads(library.to_str())
    for number, token in enumerate(tokens, start=len(rows)):
        known = (
            token in said["model"]["vocab"] or library.token_to_id(token) is not None
        )
        if known or not _comes_out(library, token, words):
            raise DataError(
                "A new token must be one that texts can give and that is not there "
                f"yet. Received: {token!r}, which "
                + ("is there. " if known else "is always cut before it is looked up. ")
                + "Leave it out"
                + ("." if known else ', or read the vocabulary with words="jieba".')
            )
        said["model"]["vocab"][token] = number
    return _made(library, said)


def _made(library: Tokenizer, said: Mapping[str, Any]) -> Tokenizer:
    for added in said["added_tokens"]:
        # The library numbers added tokens anew, unless the vocabulary has them.
        said["model"]["vocab"][added["content"]] = added["id"]
    made: Tokenizer = Tokenizer.from_str(json.dumps(said))
    made.encode_special_tokens = library.encode_special_tokens
    return made


def _require_word_pieces(library: Tokenizer) -> None:
    if not is_word_piece(library):
        raise ConfigError(
            "Only a vocabulary of word pieces can be cut or added to: pieces of other "
            "kinds are made of each other. Received: "
            f"{type(library.model).__name__}."
        )


def _comes_out(library: Tokenizer, token: str, words: bool) -> bool:
    """Whether cutting leaves the token in one piece, so that it can be looked up."""
    inside = token.startswith(PREFIX) and token != PREFIX
    text = "a" + token.removeprefix(PREFIX) if inside else token
    normal = library.normalizer.normalize_str(text) if library.normalizer else text
    if words and not inside:
        return bool(token) and normal.strip() == token
    cut = library.pre_tokenizer
    parts = [normal] if cut is None else [p for p, _ in cut.pre_tokenize_str(normal)]
    return bool(text) and parts == [text]


def _is_simplified(token: str) -> bool:
    """Whether its Chinese characters are all of GB 2312."""
    try:
        "".join(_CHINESE.findall(token)).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _renumber(processor: dict[str, Any] | None, numbers: Mapping[int, int]) -> None:
    """New ids in what puts special tokens around texts."""
    kind = None if processor is None else processor["type"]
    if processor is None or kind == "ByteLevel":
        return
    if kind == "Sequence":
        for each in processor["processors"]:
            _renumber(each, numbers)
    elif kind == "TemplateProcessing":
        for token in processor["special_tokens"].values():
            token["ids"] = [numbers[old] for old in token["ids"]]
    else:  # BertProcessing and RobertaProcessing
        for role in ("sep", "cls"):
            token, old = processor[role]
            processor[role] = [token, numbers[old]]
