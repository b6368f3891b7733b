"""A SentencePiece `.model` as a tokenizer of the `tokenizers` library.

The file holds the pieces, their scores, and the rules of the normal form; the library
has the same two algorithms, Unigram and BPE. One thing differs on purpose: control
tokens such as </s> that are spelled out in a text are these tokens, as in a
tokenizer.json and in transformers; SentencePiece cuts them up. One is the library's
limit: it looks up the normal form of a letter and the marks behind it together, or from
six bytes on each alone. So halfwidth ｶﾞ becomes two letters, not one, and a mark behind
ﬁ is lost.

Source: Kudo and Richardson, 2018 (arXiv 1808.06226); sentencepiece_model.proto.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    processors,
)

from kewen.errors import NotFoundError, VocabularyError
from kewen.protobuf import FIXED32, BadMessage, fields
from kewen.text.piece_families import obey_family
from kewen.text.tokenizer_files import bounded

Value: TypeAlias = int | float | bytes
SPACE = "▁"
NORMAL, UNKNOWN, CONTROL, DEFINED, UNUSED, BYTE = range(1, 7)  # types of pieces
UNIGRAM, BPE = 1, 2  # types of models
# Published pieces have 16 characters at most, a few of spaces more. Work on a piece
# grows with the square of its length, and a file of strangers may have one of millions.
LONGEST_PIECE = 512
# Bytes that the table of normal forms may put in a character's place; NFKC has 33.
LONGEST_FORM = 256


@dataclass(frozen=True)
class Piece:
    """A token, how likely it is, and what it is for."""

    text: str
    score: float = 0.0
    type: int = NORMAL


@dataclass(frozen=True)
class SentencePieces:
    """What a `.model` says. The defaults are those of its format."""

    pieces: tuple[Piece, ...] = ()
    algorithm: int = UNIGRAM
    byte_fallback: bool = False
    space_behind: bool = False  # the mark of a space stands at the end of a word
    normal_form: bytes = b""  # SentencePiece's compiled table
    add_prefix: bool = True
    drop_spaces: bool = True  # at the ends, and all but one in a row
    mark_spaces: bool = True


def build_sentence_piece(
    path: Path, kind: str, settings: Mapping[str, Any] | None = None
) -> Tokenizer:
    """Assemble the tokenizer.

    Args:
        path: the `.model` file.
        kind: transformers' `tokenizer_class` or `model_type`, or "". XLM-R and
            CamemBERT number the pieces otherwise than their file, and have special
            tokens of fairseq's; ALBERT and DeBERTa-v2 have rules of their own for the
            normal form; Llama opens with <s>. Without one, [CLS] and [SEP] stand around
            a text if there are such pieces, else </s> behind it, as in T5.
        settings: tokenizer_config.json, for `do_lower_case` and `keep_accents`.

    Raises:
        NotFoundError: if there is no such file.
        VocabularyError: if it is broken, or its rules have no equal in the library.
    """
    found = read_sentence_pieces(path)
    name = re.sub("[^a-z0-9]", "", kind.lower())
    if name.startswith("xlmroberta"):
        found = _numbered_by_fairseq(found, ["<s>", "<pad>", "</s>", "<unk>"], 3)
    elif name.startswith("camembert"):
        first = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"]
        found = _numbered_by_fairseq(found, first, 1)
    elif name.startswith("debertav2"):
        if all(piece.text != "[MASK]" for piece in found.pieces):
            mask = Piece("[MASK]", 0.0, CONTROL)
            found = replace(found, pieces=(*found.pieces, mask))
    elif name and not name.startswith(_OTHERS):
        raise VocabularyError(
            f"{path} must be a SentencePiece model of ALBERT, CamemBERT, DeBERTa-v2, "
            f"Llama, T5 or XLM-R. Received: one of {kind!r}, whose other rules it does "
            "not hold. Save its tokenizer.json with transformers."
        )
    _refuse_odd(found, path)
    tokenizer = assemble(found)
    if name.startswith(("albert", "debertav2")):
        obey_family(tokenizer, name, found.normal_form, settings or {}, path)
    _add_template(tokenizer, name)
    return tokenizer


def assemble(found: SentencePieces) -> Tokenizer:
    """Model, normal form, decoder and added tokens; rows are not framed yet.

    Pieces of BPE that a user defined are found before any rule is applied to a text.

    Unused ones are never found.

    Args:
        found: pieces, one of them for the unknown, and rules.
    """
    tokenizer = Tokenizer(_model(found))
    tokenizer.normalizer = normalizers.Sequence(list(_normal_form(found)))
    tokenizer.decoder = _decoder(found)
    untyped: Any = tokenizer
    is_bpe = found.algorithm == BPE
    whole = (UNKNOWN, CONTROL, DEFINED) if is_bpe else (UNKNOWN, CONTROL)
    untyped.add_tokens(
        [
            AddedToken(
                piece.text,
                special=piece.type != DEFINED,
                normalized=False,
                lstrip=piece.text == "<mask>" and not is_bpe,  # as fairseq's does
            )
            for piece in found.pieces
            if piece.type in whole
        ]
    )
    return bounded(tokenizer)


_OTHERS = ("albert", "t5", "mt5", "umt5", "llama", "pretrained")


def read_sentence_pieces(path: Path) -> SentencePieces:
    """The pieces and rules of a `.model` file.

    Raises:
        NotFoundError: if there is none.
        VocabularyError: if it is not one.
    """
    try:
        content = path.read_bytes()
        found = _message(content)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"A SentencePiece model was expected at {path}. Received: nothing is there."
        ) from error
    except OSError as error:
        raise VocabularyError(
            f"{path} must be a readable file. Received: {error.strerror}."
        ) from error
    except (BadMessage, TypeError, UnicodeDecodeError) as error:
        raise VocabularyError(
            f"{path} must be a SentencePiece model. Received: {error!s:.200}. Check "
            "that the download is complete."
        ) from error
    longest = max((len(piece.text) for piece in found.pieces), default=0)
    # The table: its size, a trie, then the normal forms, each with a zero behind it.
    start = 4 + int.from_bytes(found.normal_form[:4], "little")
    form = max(map(len, found.normal_form[start:].split(b"\0")))
    if longest > LONGEST_PIECE or form > LONGEST_FORM:
        raise VocabularyError(
            f"{path} must hold pieces of at most {LONGEST_PIECE} characters and normal "
            f"forms of at most {LONGEST_FORM} bytes. Received: {longest} and {form}. "
            "Take the model from where you trust it."
        )
    texts = {piece.text for piece in found.pieces}
    unknown = [piece for piece in found.pieces if piece.type == UNKNOWN]
    if len(texts) != len(found.pieces) or "" in texts or len(unknown) != 1:
        raise VocabularyError(
            f"{path} must hold pieces, each once, and one for the unknown. Received: "
            f"{len(found.pieces)} pieces, {len(texts)} of them different, and "
            f"{len(unknown)} for the unknown. Check that the download is complete."
        )
    return found


def _message(content: bytes) -> SentencePieces:
    pieces: list[Piece] = []
    rules: dict[str, Value] = {}
    for number, value in _values(content):
        if number == 1:
            said = dict(_values(_bytes(value)))
            pieces.append(
                Piece(
                    _bytes(said.get(1, b"")).decode("utf-8"),
                    float(said.get(2, 0.0)),
                    int(said.get(3, NORMAL)),
                )
            )
        elif number in (2, 3):
            said = dict(_values(_bytes(value)))
            names = _TRAINER if number == 2 else _NORMALIZER
            rules |= {names[key]: said[key] for key in names.keys() & said.keys()}
    normal_form = _bytes(rules.pop("normal_form", b""))
    algorithm = int(rules.pop("algorithm", UNIGRAM))
    switches = {name: bool(value) for name, value in rules.items()}
    return SentencePieces(
        tuple(pieces), algorithm=algorithm, normal_form=normal_form, **switches
    )


# Numbers of fields in sentencepiece_model.proto.
_TRAINER = {3: "algorithm", 24: "space_behind", 35: "byte_fallback"}
_NORMALIZER = {2: "normal_form", 3: "add_prefix", 4: "drop_spaces", 5: "mark_spaces"}


def _values(message: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field; four bytes are a float."""
    for number, kind, value in fields(message):
        if kind == FIXED32 and isinstance(value, int):
            yield number, struct.unpack("<f", value.to_bytes(4, "little"))[0]
        else:
            yield number, value


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a number where text or a message must be")
    return value


def _numbered_by_fairseq(
    found: SentencePieces, first: list[str], dropped: int
) -> SentencePieces:
    """Fairseq's own tokens in front, instead of some of the file's; <mask> behind."""
    rest = [
        # CamemBERT's file has an <unk> that text must not give.
        piece
        for piece in found.pieces[dropped:]
        if piece.text not in first
    ]
    own = [Piece(text, 0.0, UNKNOWN if text == "<unk>" else CONTROL) for text in first]
    return replace(found, pieces=(*own, *rest, Piece("<mask>", 0.0, CONTROL)))


def _refuse_odd(found: SentencePieces, path: Path) -> None:
    odd = [p.text for p in found.pieces if p.type == UNUSED or not _is_whole(p, found)]
    if found.algorithm not in (UNIGRAM, BPE) or found.space_behind or odd:
        raise VocabularyError(
            f"{path} must be of Unigram or BPE, with the space before a word, and no "
            "unused pieces, nor user-defined ones within others. Received: model type "
            f"{found.algorithm}, space behind: {found.space_behind}, such pieces: "
            f"{odd[:3]}. Use another file of the model."
        )


def _model(found: SentencePieces) -> models.Model:
    unknown = next(i for i, p in enumerate(found.pieces) if p.type == UNKNOWN)
    if found.algorithm == UNIGRAM:
        scored = [(piece.text, piece.score) for piece in found.pieces]
        return models.Unigram(scored, unknown, found.byte_fallback)
    return models.BPE(
        {piece.text: number for number, piece in enumerate(found.pieces)},
        _merges(found),
        unk_token=found.pieces[unknown].text,
        fuse_unk=True,
        byte_fallback=found.byte_fallback,
    )


def _is_whole(piece: Piece, found: SentencePieces) -> bool:
    """Whether the library's rules leave a piece that a user defined in one piece.

    SentencePiece does so always; Unigram, if it is the best and within no other one.
    """
    if piece.type != DEFINED:
        return True
    others = (each for each in found.pieces if each.type == NORMAL)
    return found.algorithm == UNIGRAM and all(
        each.score < piece.score and piece.text not in each.text for each in others
    )


def _merges(found: SentencePieces) -> list[tuple[str, str]]:
    """Every pair of pieces that makes a piece; the best piece first."""
    numbered = enumerate(found.pieces)
    normal = {p.text: (-p.score, i) for i, p in numbered if p.type == NORMAL}
    pairs = [
        (*rank, text[:cut], text[cut:])
        for text, rank in normal.items()
        for cut in range(1, len(text))
        if text[:cut] in normal and text[cut:] in normal
    ]
    return [(left, right) for *_, left, right in sorted(pairs)]


def _normal_form(found: SentencePieces) -> Iterator[normalizers.Normalizer]:
    if found.normal_form:
        yield normalizers.Precompiled(found.normal_form)
    if found.drop_spaces:
        # At the end it takes a mark that is spelled out for a space.
        end = f"[ {SPACE}]" if found.mark_spaces else " "
        yield normalizers.Replace(Regex(rf"\A +|{end}+\z"), "")
        yield normalizers.Replace(Regex(" {2,}"), " ")
    if found.add_prefix:
        yield normalizers.Prepend(" ")
    if found.mark_spaces:
        yield normalizers.Replace(" ", SPACE)


def _decoder(found: SentencePieces) -> decoders.Decoder:
    steps: list[decoders.Decoder] = [decoders.Replace(SPACE, " ")]
    if found.byte_fallback:
        steps.append(decoders.ByteFallback())
    steps.append(decoders.Fuse())
    if found.add_prefix:
        steps.append(decoders.Strip(" ", 1, 0))
    return decoders.Sequence(steps)


def _add_template(tokenizer: Tokenizer, name: str) -> None:
    def known(*tokens: str) -> bool:
        return all(tokenizer.token_to_id(token) is not None for token in tokens)

    if name.startswith(("xlmroberta", "camembert")):
        single, pair = "<s> $A </s>", "<s> $A </s> </s> $B </s>"
    elif name.startswith("llama") and known("<s>"):
        single, pair = "<s> $A", "<s> $A <s>:1 $B:1"
    elif known("[CLS]", "[SEP]"):
        single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"
    elif known("</s>"):
        single, pair = "$A </s>", "$A </s> $B </s>"
    else:
        return
    special = sorted({e for e in pair.replace(":1", "").split() if e[0] != "$"})
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single,
        pair=pair,
        special_tokens=[(each, tokenizer.token_to_id(each)) for each in special],
    )
