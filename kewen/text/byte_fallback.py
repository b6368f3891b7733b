"""Characters that a vocabulary lacks, written as the bytes of UTF-8, a token each.

The `tokenizers` library reads neighbouring bytes as a whole: one that is cut off makes
all of them unreadable. Here the characters before it stay.
"""

from collections.abc import Iterator, Sequence

from tokenizers import Tokenizer

from kewen.text.spelling import BYTE_PIECES

HALF = "\N{REPLACEMENT CHARACTER}"  # what decoders write for bytes that are none
_BYTES = {piece: bytes([byte]) for byte, piece in enumerate(BYTE_PIECES)}


def decode_whole(library: Tokenizer, ids: list[int], tokens: Sequence[str]) -> str:
    """The text of ids; tokens are the same as the vocabulary writes them."""
    text = library.decode(ids, skip_special_tokens=False)
    if HALF not in text or _BYTES.keys().isdisjoint(tokens):
        return text
    return library.decoder.decode(list(_readable(tokens)))


def _readable(tokens: Sequence[str]) -> Iterator[str]:
    """The tokens with `HALF` for bytes that are no character."""
    run = b""
    for token in tokens:
        if token in _BYTES:
            run += _BYTES[token]
        else:
            yield from _characters(run)
            run = b""
            yield token
    yield from _characters(run)


def _characters(run: bytes) -> Iterator[str]:
    for letter in run.decode("utf-8", errors="replace"):
        if letter == HALF:
            yield HALF
        else:
            yield from (BYTE_PIECES[byte] for byte in letter.encode())
