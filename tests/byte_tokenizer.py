"""A tokenizer for tests of what is made of tokens: no file has to be at hand."""

from pathlib import Path

import tokenizers
from tokenizers import decoders, models, pre_tokenizers

from kewen.text import Tokenizer


def byte_tokenizer(folder: Path, count: int = 256) -> Tokenizer:
    """Every byte is a token of its own; or the first so many, as they are sorted."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[:count]
    ids = {byte: number for number, byte in enumerate(alphabet)}
    library = tokenizers.Tokenizer(models.BPE(ids, []))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_file(folder / "tokenizer.json")
