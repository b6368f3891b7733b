"""What each token adds to a text, in bytes: a constraint on texts is one on these.

Of byte-level BPE and of SentencePiece's kinds a text is its tokens' bytes side by side.
Word pieces are joined with spaces here and there, by what stands beside them; there a
token has no bytes of its own.
"""

import json
from collections.abc import Iterator
from typing import Any

import tokenizers

from kewen.errors import ConfigError
from kewen.text.spelling import BYTE_PIECES, SPACE

_BYTES = {piece: bytes([byte]) for byte, piece in enumerate(BYTE_PIECES)}


def token_bytes(
    library: tokenizers.Tokenizer, rows: tuple[str, ...], special: frozenset[int]
) -> list[bytes | None]:
    """The bytes of each id; None for special tokens and unused rows.

    Args:
        library: the tokenizer.
        rows: its tokens by id; "" for an unused row.
        special: ids that are no text.

    Raises:
        ConfigError: if its tokens have no bytes of their own.
    """
    settings = json.loads(library.to_str())
    kinds = set(_kinds(settings.get("decoder")))
    added = {each["id"]: each["content"] for each in settings["added_tokens"]}
    if "ByteLevel" in kinds:
        letters = {letter: byte for byte, letter in enumerate(byte_letters())}
    elif kinds & {"Metaspace", "Replace", "ByteFallback"}:
        letters = None
    else:
        raise ConfigError(
            "A pattern needs a tokenizer whose tokens are bytes of the text side by "
            "side: byte-level BPE or SentencePiece. Received: "
            f"{settings['model'].get('type')} with the decoder "
            f"{sorted(kinds) or None}. Constrain its ids by rules of kewen.decoding: "
            "Trie, AllowedIds, BadWords."
        )
    found: list[bytes | None] = []
    for number, token in enumerate(rows):
        if number in special or not token:
            found.append(None)
        elif number in added:
            found.append(added[number].encode())
        elif letters is not None:
            known = all(letter in letters for letter in token)
            found.append(bytes(letters[each] for each in token) if known else None)
        else:
            plain = token.replace(SPACE, " ").encode()
            found.append(_BYTES.get(token, plain))
    return found


def byte_letters() -> list[str]:
    """The letter that byte-level BPE writes for each byte, from 0 to 255.

    Printable ones stand for themselves; the others follow on 256, in order.

    Source: Radford et al., 2019 (GPT-2's vocabulary).
    """
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in plain else next(others)) for byte in range(256)]


def _kinds(decoder: Any) -> Iterator[str]:
    if decoder is None:
        return
    if decoder["type"] == "Sequence":
        for each in decoder["decoders"]:
            yield from _kinds(each)
    else:
        yield decoder["type"]
