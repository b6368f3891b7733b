"""The tokenizer that the metadata of a GGUF file describes.

There are two kinds: SentencePiece's BPE, whose scores say what is merged first, and
byte-level BPE with its merges. Of the latter the file tells how text is cut before only
by a name, so that what the name means stands here.

Source: the GGML project's docs/gguf.md; the patterns are those of the models' own
tokenizer.json files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from tokenizers import (
    AddedToken,
    Regex,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from tokenizers import Tokenizer as Library

from kewen.errors import VocabularyError
from kewen.text.panics import building_from
from kewen.text.sentence_piece import (
    BPE,
    CONTROL,
    DEFINED,
    LONGEST_PIECE,
    NORMAL,
    UNKNOWN,
    Piece,
    SentencePieces,
    assemble,
)
from kewen.text.special_tokens import SpecialTokens
from kewen.text.tokenizer import Tokenizer
from kewen.text.tokenizer_files import bounded, rows_of, settings_to_save

KEY = "tokenizer.ggml."
_WAY_OUT = (
    "Put the model's tokenizer.json beside the file, or load it without a tokenizer "
    "(tokenizer=False)."
)


class _Cut(NamedTuple):
    """How text is cut before bytes are merged."""

    pattern: str | None = None  # None for GPT-2's own
    single_digits: bool = False
    whole_words: bool = False  # a word that is a token is not merged step by step
    composed: bool = False  # text is first brought to NFC
    opens: bool = False  # whether rows begin with the token for it, if nothing is said


_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_FRONT = r"[^\r\n\p{L}\p{N}]?"

_GPT2 = _Cut()
_QWEN2 = _Cut(rf"{_ENDINGS}|\p{{N}}|{_REST}", composed=True)
_LLAMA3 = _Cut(rf"{_ENDINGS}|\p{{N}}{{1,3}}|{_REST}", whole_words=True, opens=True)
_TEKKEN = _Cut(
    rf"{_FRONT}{_UPPER}*{_LOWER}+|{_FRONT}{_UPPER}+{_LOWER}*|\p{{N}}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    whole_words=True,
    opens=True,
)
# tokenizer.ggml.pre -> what it means.
_CUTS = {
    "gpt-2": _GPT2,
    "smollm": _Cut(single_digits=True),
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _QWEN2,
    "deepseek-r1-qwen": _QWEN2,
    "tekken": _TEKKEN,
}


def tokenizer_of_gguf(metadata: Mapping[str, Any], path: Path) -> Tokenizer | None:
    """The tokenizer, or None if the file holds none.

    Tokens for control, and those that a user defined, are found whole wherever a text
    spells them out; the former are special.

    Args:
        metadata: of the file.
        path: the file, for messages.

    Raises:
        VocabularyError: if it is of another kind, or broken.
    """
    kind = metadata.get(f"{KEY}model")
    if kind in (None, "no_vocab", "none"):
        return None
    if kind not in _BUILDERS:
        raise VocabularyError(
            f"{path}: {KEY}model must be one of {sorted(_BUILDERS)}. Received: "
            f"{str(kind)[:80]!r}. {_WAY_OUT}"
        )
    found = _Found(metadata, path)
    with building_from(path):
        library, opens = _BUILDERS[kind](found)
        first = found.token("bos") if found.flag("add_bos_token", opens) else None
        last = found.token("eos") if found.flag("add_eos_token", False) else None
        _frame(library, first, last)
    roles = {"pad_token": found.token("padding"), "unk_token": found.token("unknown")}
    special = SpecialTokens.of(library, roles)
    settings = settings_to_save(special, None, None)
    named = {"bos_token": found.token("bos"), "eos_token": found.token("eos")}
    template = {"chat_template": metadata.get("tokenizer.chat_template")}
    settings |= {k: v for k, v in (named | template).items() if isinstance(v, str)}
    return Tokenizer(bounded(library), rows_of(library, path), special, settings)


class _Found:
    """The lists of the metadata, once they are known to be what they must be."""

    def __init__(self, metadata: Mapping[str, Any], path: Path):
        self.metadata, self.path = metadata, path
        self.tokens: list[str] = self.list_of("tokens", str)
        size = len(self.tokens)
        self.types: list[int] = self.list_of("token_type", int, [NORMAL] * size)
        longest = max(map(len, self.tokens), default=0)
        if (
            len(set(self.tokens)) != size
            or len(self.types) != size
            or longest > LONGEST_PIECE
        ):
            raise self.broken(
                f"{size} tokens, {len(set(self.tokens))} of them different, the "
                f"longest of {longest} characters, and {len(self.types)} types"
            )

    def list_of(
        self, name: str, kind: type | tuple[type, ...], default: Any = None
    ) -> list[Any]:
        found = self.metadata.get(f"{KEY}{name}", default)
        values = cast("list[Any]", found if isinstance(found, list) else [None])
        if not all(isinstance(value, kind) for value in values):
            raise self.broken(f"something else for {KEY}{name}")
        return values

    def flag(self, name: str, default: bool) -> bool:
        value = self.metadata.get(f"{KEY}{name}", default)
        if not isinstance(value, bool):
            raise self.broken(f"{str(value)[:80]!r} for {KEY}{name}")
        return value

    def number(self, role: str) -> int | None:
        value = self.metadata.get(f"{KEY}{role}_token_id")
        is_row = isinstance(value, int) and 0 <= value < len(self.tokens)
        if value is not None and not is_row:
            raise self.broken(f"{str(value)[:80]!r} for {KEY}{role}_token_id")
        return value

    def token(self, role: str) -> str | None:
        number = self.number(role)
        return None if number is None else self.tokens[number]

    def broken(self, received: str) -> VocabularyError:
        return VocabularyError(
            f"{self.path} must hold tokens, each once and of at most {LONGEST_PIECE} "
            "characters, a type for each, and the numbers of the special ones. "
            f"Received: {received}. {_WAY_OUT}"
        )


def _sentence_pieces(found: _Found) -> tuple[Library, bool]:
    scores = found.list_of("scores", (int, float))
    if len(scores) != len(found.tokens):
        raise found.broken(f"{len(found.tokens)} tokens and {len(scores)} scores")
    types = found.types
    unknown = found.number("unknown")
    if unknown is None and UNKNOWN not in types:
        raise found.broken("none for the unknown")
    if unknown is not None:  # files of Gemma call it a token for control
        types = [CONTROL if each == UNKNOWN else each for each in types]
        types[unknown] = UNKNOWN
    pieces = SentencePieces(
        tuple(map(Piece, found.tokens, scores, types)),
        algorithm=BPE,
        byte_fallback=True,
        add_prefix=found.flag("add_space_prefix", True),
        drop_spaces=False,
    )
    return assemble(pieces), True


def _byte_pairs(found: _Found) -> tuple[Library, bool]:
    cut = _cut(found)
    ids = {token: number for number, token in enumerate(found.tokens)}
    library = Library(
        models.BPE(ids, _merges(found, ids), ignore_merges=cut.whole_words)
    )
    if cut.composed:
        library.normalizer = normalizers.NFC()
    before: list[pre_tokenizers.PreTokenizer] = []
    if cut.single_digits:
        before.append(pre_tokenizers.Digits(individual_digits=True))
    if cut.pattern is not None:
        before.append(pre_tokenizers.Split(Regex(cut.pattern), "isolated"))
    letters = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=cut.pattern is None
    )
    library.pre_tokenizer = pre_tokenizers.Sequence([*before, letters])
    library.decoder = decoders.ByteLevel()
    untyped: Any = library
    untyped.add_tokens(
        [
            AddedToken(token, special=kind != DEFINED, normalized=False)
            for token, kind in zip(found.tokens, found.types, strict=True)
            if kind in (UNKNOWN, CONTROL, DEFINED)
        ]
    )
    return library, cut.opens


def _cut(found: _Found) -> _Cut:
    name = found.metadata.get(f"{KEY}pre")
    of_qwen = str(found.metadata.get("general.architecture")).startswith("qwen")
    if name is None and of_qwen:  # early files, which Qwen's have in common
        return _QWEN2
    if name not in _CUTS:
        raise VocabularyError(
            f"{found.path}: {KEY}pre must name a way to cut text that kewen knows: "
            f"{', '.join(_CUTS)}. Received: {str(name)[:80]!r}. {_WAY_OUT}"
        )
    return _CUTS[name]


def _merges(found: _Found, ids: Mapping[str, int]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for merge in found.list_of("merges", str):
        left, _, right = merge.partition(" ")
        if not {left, right, left + right} <= ids.keys():
            raise found.broken(f"the merge {merge[:80]!r}, not of tokens to a token")
        pairs.append((left, right))
    return pairs


def _frame(library: Library, first: str | None, last: str | None) -> None:
    """Put one token before each text and one behind, where they are given."""
    around = [token for token in (first, last) if token is not None]
    if not around:
        return
    library.post_processor = processors.TemplateProcessing(
        single=_row(first, last, "$A"),
        pair=[*_row(first, last, "$A"), *_row(first, last, "$B", 1)],
        special_tokens=[(each, library.token_to_id(each)) for each in set(around)],
    )


def _row(
    first: str | None, last: str | None, text: str, segment: int = 0
) -> Sequence[str]:
    parts = [part for part in (first, text, last) if part is not None]
    return [f"{part}:{segment}" for part in parts]


_BUILDERS = {"llama": _sentence_pieces, "gpt2": _byte_pairs}
