"""How byte-level BPE and SentencePiece spell a text, and what always stays of them.

A space is a mark, ▁ or Ġ, and belongs to the piece that it stands before; byte-level
BPE has a letter for each byte.
"""

import json
from collections.abc import Container, Mapping
from typing import Any

from tokenizers import Tokenizer, decoders, pre_tokenizers

from kewen.errors import DataError

SPACE = "▁"
BYTE_PIECES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_LETTERS = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
_OF_LETTERS = decoders.ByteLevel()


class Spelling:
    """Texts to tokens as the vocabulary writes them, and back.

    Args:
        library: of byte pairs or Unigram pieces.
        model: what its JSON says of its model.
    """

    def __init__(self, library: Tokenizer, model: Mapping[str, Any]) -> None:
        self._library = library
        front = [library.pre_tokenizer, library.normalizer]
        said = [json.loads(part.__getstate__()) for part in front if part is not None]
        self._has_letters = any(map(_is_byte_level, said))
        # Without these a letter or a space would be unknown, or lost in silence.
        self.always = {SPACE, str(model.get("unk_token"))}
        if self._has_letters:
            self.always |= set(pre_tokenizers.ByteLevel.alphabet())
        if model["byte_fallback"]:
            self.always |= set(BYTE_PIECES)

    def text_of(self, token: str) -> str:
        """The token as it is read; of letters for half a character, U+FFFD."""
        if self._has_letters:
            return _OF_LETTERS.decode([token])
        return token.replace(SPACE, " ")

    def token_of(self, text: str, taken: Container[str]) -> str:
        """The token that a text would be.

        Raises:
            DataError: if it is taken, or if texts are cut before they reach the model.
        """
        text = text.replace(SPACE, " ")
        if self._has_letters:
            token = "".join(letters for letters, _ in _LETTERS.pre_tokenize_str(text))
        else:
            token = text.replace(" ", SPACE)
        known = token in taken or self._library.token_to_id(token) is not None
        if known or not self._reaches_the_model(text, token):
            raise DataError(
                "A new token must be one that texts can give and that is not there "
                f"yet. Received: {text!r}, which "
                + ("is there" if known else "is always cut before it is looked up")
                + ". Leave it out."
            )
        return token

    def _reaches_the_model(self, text: str, token: str) -> bool:
        """In one piece, alone or behind the mark of a space that is put before it."""
        library = self._library
        normal = library.normalizer.normalize_str(text) if library.normalizer else text
        cut = library.pre_tokenizer
        parts = (
            [normal] if cut is None else [p for p, _ in cut.pre_tokenize_str(normal)]
        )
        mark = "Ġ" if self._has_letters else SPACE
        return bool(token) and parts in ([token], [mark + token])


def _is_byte_level(part: Mapping[str, Any]) -> bool:
    inner = part.get("pretokenizers") or part.get("normalizers") or ()
    return part["type"] == "ByteLevel" or any(map(_is_byte_level, inner))
