"""Byte pairs (BPE) in an edited vocabulary: a piece needs those that it is built from.

Within a token no merge reaches across its ends, so that its letters are merged in the
text as they are when it stands alone: always on the same way. With the pieces of this
way, and the merges between pieces that stay in their old order, a text whose tokens all
stay is cut as before: at each step the same pair is the first.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from tokenizers import Tokenizer

from kewen.errors import ConfigError
from kewen.text.spelling import Spelling


class BytePairs:
    """See `editing.Kind`.

    Args:
        library: of BPE.
        model: what its JSON says of its model.

    Raises:
        ConfigError: if pieces inside of words, or at their end, are marked.
    """

    def __init__(self, library: Tokenizer, model: Mapping[str, Any]) -> None:
        marks = "continuing_subword_prefix", "end_of_word_suffix"
        marked = [name for name in marks if model[name]]
        if marked:
            raise ConfigError(
                "Only byte pairs without marks for the place in a word can be cut or "
                f"added to. Received: a vocabulary with {', '.join(marked)}."
            )
        self._spelling = Spelling(library, model)
        self._vocabulary: Mapping[str, int] = model["vocab"]
        self._ranks = {(a, b): rank for rank, (a, b) in enumerate(model["merges"])}
        self._first_rank = len(model["merges"])
        self._looks_up_words: bool = model["ignore_merges"]
        self._new: dict[str, None] = {}

    def comes_out(self, token: str) -> bool:
        """Whether its letters are merged to it, or it is looked up as a whole word."""
        return self._looks_up_words or self._steps(token)[-1] == [token]

    def text_of(self, token: str) -> str:
        """With spaces for their marks."""
        return self._spelling.text_of(token)

    def needed(self, tokens: Iterable[str]) -> set[str]:
        """The pieces on the way to each token, and what stands for any letter."""
        found = set(self._spelling.always)
        for token in tokens:
            steps = self._steps(token)
            if steps[-1] == [token]:
                found.update(piece for step in steps for piece in step)
        return found & self._vocabulary.keys()

    def cut(self, model: dict[str, Any], numbers: Mapping[int, int]) -> None:
        """Merges stay whose three pieces stay."""
        kept = {t: numbers[old] for t, old in model["vocab"].items() if old in numbers}
        model["vocab"] = kept
        model["merges"] = [
            [left, right]
            for left, right in model["merges"]
            if left in kept and right in kept and left + right in kept
        ]

    def add(self, text: str) -> list[tuple[str, list[str] | None]]:
        """Letters that are not there; then two pieces are merged, until it is one."""
        token = self._spelling.token_of(text, self._new)
        rows: list[tuple[str, list[str] | None]] = [
            (letter, None) for letter in dict.fromkeys(token) if not self._has(letter)
        ]
        self._new |= dict.fromkeys(letter for letter, _ in rows)
        while len(pieces := self._steps(token)[-1]) > 1:
            pair = pieces[0], pieces[1]
            self._ranks[pair] = len(self._ranks) + self._first_rank
            if not self._has("".join(pair)):
                self._new["".join(pair)] = None
                rows.append(("".join(pair), list(pair)))
        return rows

    def grow(self, model: dict[str, Any], first: int) -> None:
        """New merges come behind the old ones."""
        model["vocab"] |= {t: n for n, t in enumerate(self._new, start=first)}
        model["merges"] += [
            list(pair) for pair, rank in self._ranks.items() if rank >= self._first_rank
        ]

    def _has(self, piece: str) -> bool:
        return piece in self._vocabulary or piece in self._new

    def _steps(self, token: str) -> list[list[str]]:
        """The token's letters, and what each merge makes of them."""
        steps = [list(token)]
        while True:
            pieces = steps[-1]
            pairs = list(pairwise(pieces))
            known = [pair for pair in pairs if pair in self._ranks]
            if not known:
                return steps
            at = pairs.index(min(known, key=self._ranks.__getitem__))
            steps.append([*pieces[:at], "".join(pairs[at]), *pieces[at + 2 :]])
