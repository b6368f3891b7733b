"""A vocabulary becomes another one: rows leave it, or come into it.

Of each new row it is said which old rows it is made of, so that a model's tables can
follow: one old row for a token that stays, several for a new one. What a piece needs
beside itself differs by its kind; see `edited_word_pieces`, `edited_byte_pairs` and
`edited_unigram`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

from tokenizers import Tokenizer, models

from kewen.errors import ConfigError, DataError
from kewen.text.edited_byte_pairs import BytePairs
from kewen.text.edited_unigram import UnigramPieces
from kewen.text.edited_word_pieces import WordPieces
from kewen.text.tokenizer_files import bounded

# For each new row the old rows whose mean it is; one that counts twice stands twice.
Sources: TypeAlias = tuple[tuple[int, ...], ...]
Keep: TypeAlias = Literal["used", "reachable", "simplified"]

_UNUSED = re.compile(r"[\[<]unused_?\d+[\]>]")
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Kind(Protocol):
    """What editing must know of one kind of pieces. It edits the library's JSON."""

    def comes_out(self, token: str) -> bool:
        """Whether the model leaves the token in one piece."""
        ...

    def text_of(self, token: str) -> str:
        """The token as it is read."""
        ...

    def needed(self, tokens: Iterable[str]) -> set[str]:
        """The tokens without which texts of these would be cut otherwise."""
        ...

    def cut(self, model: dict[str, Any], numbers: Mapping[int, int]) -> None:
        """Leave the rows of these old numbers, with the new ones."""
        ...

    def add(self, text: str) -> Sequence[tuple[str, Sequence[str] | None]]:
        """The rows that a new token needs, itself last, and the tokens each is made of.

        None for what the tokenizer makes of its text. The next one is added to these.

        Raises:
            DataError: if it is there already, or can never come out of a text.
        """
        ...

    def grow(self, model: dict[str, Any], first: int) -> None:
        """Put all that was added behind the model's rows, of which `first` is one."""
        ...


@dataclass(frozen=True)
class Edited:
    """The library's tokenizer afterwards, its rows, and what they are made of."""

    library: Tokenizer
    rows: list[str]
    sources: Sources
    numbers: Mapping[int, int]  # of each old row that stays, the new one


def trimmed(
    library: Tokenizer,
    rows: Sequence[str],
    words: bool,
    keep: Keep | Iterable[int],
    special: Iterable[int | None],
) -> Edited:
    """The same tokenizer with fewer rows; see `Tokenizer.trim`.

    Args:
        library: of word pieces, byte pairs or Unigram pieces.
        rows: the token of each row.
        words: whether Chinese is cut into words first.
        keep: a rule, or ids.
        special: ids that always stay. So do added tokens and those of the template.
    """
    said = json.loads(library.to_str())
    kind = _kind(library, words, said["model"])
    if isinstance(keep, str):
        kept = set(_rows_to_keep(library, rows, kind, keep))
    else:
        kept = set(keep)
    kept |= {number for number in special if number is not None}
    kept |= set(library.get_added_tokens_decoder())
    kept |= {*library.encode("").ids, *library.encode("", "").ids}
    numbers = {token: number for number, token in enumerate(rows) if token}
    kept |= {numbers[each] for each in kind.needed(rows[number] for number in kept)}
    order = sorted(kept)
    moved = {old: new for new, old in enumerate(order)}
    own = _size(said["model"], rows)
    kind.cut(said["model"], {old: new for old, new in moved.items() if old < own})
    made = _made(library, said, moved)
    return Edited(made, [rows[n] for n in order], tuple((n,) for n in order), moved)


def extended(
    library: Tokenizer,
    rows: Sequence[str],
    words: bool,
    tokens: Mapping[str, Sequence[int] | None],
    cut: Callable[[str], Sequence[int]],
) -> Edited:
    """The same tokenizer with more rows; see `Tokenizer.compound`.

    Args:
        library: as for `trimmed`.
        rows: as for `trimmed`.
        words: as for `trimmed`.
        tokens: new token -> ids of old ones, or None.
        cut: the ids that a text gives so far.
    """
    said = json.loads(library.to_str())
    kind = _kind(library, words, said["model"])
    own = _size(said["model"], rows)
    made_of: dict[str, tuple[int, ...]] = {
        token: (number,) for number, token in enumerate(rows) if token
    }
    new: dict[str, tuple[int, ...]] = {}
    for text, ids in tokens.items():
        made = kind.add(text)
        for token, parts in made:
            if ids is not None and token == made[-1][0]:
                found = tuple(ids)
            elif parts is None:
                found = tuple(cut(kind.text_of(token)))
            else:
                found = tuple(row for part in parts for row in made_of[part])
            if not found:
                raise DataError(
                    "A new token must be made of at least one old one. "
                    f"Received: none for {token!r}. Name ids."
                )
            new[token] = made_of[token] = found
    kind.grow(said["model"], own)
    order: list[int | str] = [*range(own), *new, *range(own, len(rows))]
    numbers = {old: at for at, old in enumerate(order) if isinstance(old, int)}
    return Edited(
        _made(library, said, numbers),
        [rows[each] if isinstance(each, int) else each for each in order],
        tuple((each,) if isinstance(each, int) else new[each] for each in order),
        numbers,
    )


def renumbered(settings: Mapping[str, Any], edited: Edited) -> dict[str, Any]:
    """tokenizer_config.json with the new ids of what it says of added tokens."""
    if not isinstance(settings.get("added_tokens_decoder"), Mapping):
        return dict(settings)
    old: Mapping[str, Any] = settings["added_tokens_decoder"]
    new = {str(was): now for was, now in edited.numbers.items()}
    moved = {str(new[key]): value for key, value in old.items() if key in new}
    return {**settings, "added_tokens_decoder": moved}


def _kind(library: Tokenizer, words: bool, said: Mapping[str, Any]) -> Kind:
    model = library.model
    if isinstance(model, models.WordPiece):
        return WordPieces(library, words)
    if isinstance(model, models.BPE):
        return BytePairs(library, said)
    if isinstance(model, models.Unigram):
        return UnigramPieces(library, said)
    raise ConfigError(
        "Only a vocabulary of word pieces, byte pairs or Unigram pieces can be cut or "
        f"added to. Received: {type(model).__name__}."
    )


def _rows_to_keep(
    library: Tokenizer, rows: Sequence[str], kind: Kind, keep: Keep
) -> Iterable[int]:
    if keep not in get_args(Keep):
        raise ConfigError(
            f"keep must be one of {get_args(Keep)}, or ids. Received: {keep!r}."
        )
    for number, token in enumerate(rows):
        # Of a token with several rows, text gives one.
        if _UNUSED.fullmatch(token) or library.token_to_id(token) != number:
            continue
        if keep != "used" and not kind.comes_out(token):
            continue
        if keep == "simplified" and not _is_simplified(kind.text_of(token)):
            continue
        yield number


def _is_simplified(text: str) -> bool:
    """Whether its Chinese characters are all of GB 2312."""
    try:
        "".join(_CHINESE.findall(text)).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _size(model: Mapping[str, Any], rows: Sequence[str]) -> int:
    """Where the rows of added tokens begin that the model itself does not know.

    Those of word pieces are among the model's, since a table of words may have gaps.
    """
    if model["type"] == "WordPiece":
        return len(rows)
    if model["type"] == "Unigram":
        return len(model["vocab"])
    return max(model["vocab"].values(), default=-1) + 1


def _made(
    library: Tokenizer, said: dict[str, Any], numbers: Mapping[int, int]
) -> Tokenizer:
    """The tokenizer of this description, with the ids of what stands beside the model.

    Raises:
        ConfigError: if the library gives an added token another id than its row's.
    """
    for added in said["added_tokens"]:
        added["id"] = numbers[added["id"]]
        if said["model"]["type"] == "WordPiece":
            # The library numbers added tokens anew, unless the vocabulary has them.
            said["model"]["vocab"][added["content"]] = added["id"]
    _renumber(said["post_processor"], numbers)
    made: Tokenizer = Tokenizer.from_str(json.dumps(said))
    made.encode_special_tokens = library.encode_special_tokens
    for added in said["added_tokens"]:
        got = made.token_to_id(added["content"])
        if got != added["id"]:
            raise ConfigError(
                "The ids of a tokenizer's added tokens must follow those of its model "
                f"without gaps, to be edited. Received: {added['content']!r}, which "
                f"would get {got} and not {added['id']}."
            )
    return bounded(made)


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
