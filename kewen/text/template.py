"""Where a tokenizer puts its special tokens around one text, and around two.

The `tokenizers` library adds them only together with its own truncation. Here they are
learned once, by looking at what its post-processor does to two tiny texts, so that
truncation, windows and batches can be made with NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from tokenizers import Encoding, Tokenizer

from kewen.errors import VocabularyError
from kewen.text.panics import no_panics

_PROBES = ("a", "1", "的", ".")  # any text that gives a token will do
_LARGEST = 2**31 - 1  # rows are int32
_PROBED_TOKENS = 1000  # tokens of the vocabulary tried when none of those does


@dataclass(frozen=True)
class Piece:
    """One special token, or the place of a text."""

    source: int | None  # 0 the text, 1 its pair, None a special token
    token_id: int  # of the special token; -1 for a text
    segment: int


@dataclass(frozen=True)
class Template:
    """The row of pieces that a text, or a pair, becomes."""

    pieces: tuple[Piece, ...]

    @property
    def num_special(self) -> int:
        """How many special tokens a row holds."""
        return sum(piece.source is None for piece in self.pieces)

    @property
    def frame(self) -> tuple[list[int], list[int]]:
        """The special tokens before the first text, and those behind it."""
        ids = [piece.token_id for piece in self.pieces]
        place = [piece.source for piece in self.pieces].index(0)
        return ids[:place], ids[place + 1 :]


def learn_templates(tokenizer: Tokenizer) -> tuple[Template, Template]:
    """The templates of a single text and of a pair.

    Raises:
        VocabularyError: if no text gives a token, or a text gets lost on the way.
    """
    with no_panics():
        probe = _tiny_text(tokenizer)
        single = _template(tokenizer.encode(probe), 1)
        pair = _template(tokenizer.encode(probe, probe), 2)
    return single, pair


def _tiny_text(tokenizer: Tokenizer) -> str:
    for text in chain(_PROBES, islice(tokenizer.get_vocab(), _PROBED_TOKENS)):
        if tokenizer.encode(text, add_special_tokens=False).ids:
            return text
    raise VocabularyError(
        "A tokenizer must give at least one token for some text. Received: none for "
        f"{list(_PROBES)} and the first {_PROBED_TOKENS} tokens of its own vocabulary."
    )


def _template(encoding: Encoding, num_texts: int) -> Template:
    pieces: list[Piece] = []
    sources: Sequence[int | None] = encoding.sequence_ids
    for source, token_id, segment in zip(
        sources, encoding.ids, encoding.type_ids, strict=True
    ):
        if max(token_id, segment) > _LARGEST:
            raise VocabularyError(
                f"Ids of tokens and segments must be at most {_LARGEST}. Received from "
                f"the post-processor: token {token_id}, segment {segment}. "
                "Check tokenizer.json."
            )
        if source is None:
            pieces.append(Piece(None, token_id, segment))
        elif not pieces or pieces[-1].source != source:
            pieces.append(Piece(source, -1, segment))
    found = sorted(piece.source for piece in pieces if piece.source is not None)
    if found != list(range(num_texts)):
        raise VocabularyError(
            f"A post-processor must put each of {num_texts} text(s) in one place. "
            f"Received: places for the texts {found}. Check tokenizer.json."
        )
    return Template(tuple(pieces))
