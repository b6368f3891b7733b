"""How much longer a tokenizer.json can make a text before it is cut.

A normalizer may replace a letter by two, and forty of them in a row make a million
millions of it. The library that carries this out ends the process when memory is out.
"""

import json
from math import prod
from typing import Any

from tokenizers import Tokenizer

from kewen.errors import VocabularyError

MOST_GROWTH = 64.0  # published tokenizers replace a space by one mark: 1


def refuse_growth(library: Tokenizer, source: object) -> None:
    """Look at the replacements of the normalizer and of the decoder.

    Args:
        library: the tokenizer, which has not seen a text yet.
        source: its file, for messages.

    Raises:
        VocabularyError: if together they make texts more than `MOST_GROWTH` times as
            long.
    """
    for part in (library.normalizer, library.decoder):
        if part is None:
            continue
        described = json.loads(part.__getstate__())
        growth = _growth(described)
        if growth > MOST_GROWTH:
            raise VocabularyError(
                f"The replacements in {source} must keep texts about as long as they "
                f"are. Received: some that make them {growth:.3g} times as long. Take "
                "the tokenizer from where you trust it."
            )


def _growth(step: dict[str, Any]) -> float:
    """The longest that one character can become, at most 1e300."""
    inner = step.get("normalizers") or step.get("decoders")
    if inner:
        return min(prod(map(_growth, inner), start=1.0), 1e300)
    if step.get("type") != "Replace":
        return 1.0
    # A regular expression, or the empty text, may be found between two characters too.
    found = step["pattern"].get("String", "")
    between = 0 if found else 1
    return max(1.0, len(step["content"]) / max(len(found), 1) + between)
