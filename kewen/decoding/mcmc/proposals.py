"""Which token might stand in a hole: laws that the moves of a chain draw from.

A law is made of what is left and right of the hole and of nothing else. The token that
stands there is not seen, so the law of a move and that of the move back are one.
"""

from collections.abc import Callable, Sequence

import numpy as np

from kewen.decoding.mcmc.editable import Context
from kewen.decoding.mcmc.reading import (
    SCORES,
    Model,
    answers,
    check_start,
    log_softmax,
)
from kewen.decoding.mcmc.target import Term
from kewen.decoding.rules.checks import ids_of, is_whole
from kewen.errors import ConfigError, DataError

Array = np.ndarray
Scores = Callable[[Sequence[Context]], Array]  # N contexts -> float (N, V)


class Proposal:
    """A law of the token in a hole: softmax of scores, narrowed and mixed.

    Args:
        scores: of each context (left, right), (N, V), such as `by_masked_model`.
        top_k: only so many of the best; None for all. A text with a token that is not
            among the best of its context can then be neither reached nor left: the
            chain draws from its target restricted to what it reaches.
        banned: ids that are never proposed: padding, masks, ends of texts.
        uniform: share of draws that any token but the banned ones may get, all alike;
            above 0 every text can be reached, whatever `top_k` is.

    Raises:
        ConfigError: if `top_k`, `banned` or `uniform` cannot be.
    """

    def __init__(
        self,
        scores: Scores,
        *,
        top_k: int | None = None,
        banned: Sequence[int] = (),
        uniform: float = 0.0,
    ) -> None:
        if top_k is not None:
            is_whole("top_k", top_k, 1)
        if not 0 <= uniform <= 1:
            raise ConfigError(
                f"uniform must be a share, from 0 to 1. Received: {uniform}."
            )
        self._scores = scores
        self._top_k = top_k
        self._banned = ids_of("banned", banned) if len(banned) else []
        self._uniform = uniform

    def __call__(self, contexts: Sequence[Context]) -> Array:
        """The log of the law in each hole, float64 (N, V).

        A row is -inf throughout if no token has a score above that.

        Raises:
            ConfigError: if a banned id is none of the model's.
            DataError: if scores are nan or +inf, or every token is banned.
        """
        scores = np.array(self._scores(contexts), "float64")
        size = scores.shape[-1]
        even = np.ones(size)
        if len(self._banned) and max(self._banned) >= size:
            raise ConfigError(
                f"banned must be ids of the model, from 0 to {size - 1}. Received: "
                f"{max(self._banned)}."
            )
        even[self._banned] = 0
        scores[:, even == 0] = -np.inf
        highest = scores.max(axis=-1)
        if np.isnan(highest).any() or (highest == np.inf).any() or not even.any():
            raise DataError(
                "A proposal needs a token that is not banned, and scores that are "
                f"neither nan nor infinity. Received: {int(even.sum())} tokens that "
                f"are not banned, with scores up to {highest}."
            )
        if self._top_k is not None and self._top_k < scores.shape[-1]:
            rest = np.argpartition(-scores, self._top_k - 1, axis=-1)[:, self._top_k :]
            np.put_along_axis(scores, rest, -np.inf, axis=-1)
        laws = log_softmax(scores)
        if not self._uniform:
            return laws
        mixed = (1 - self._uniform) * np.exp(laws) + self._uniform * even / even.sum()
        with np.errstate(divide="ignore"):  # log 0 of the banned ones is -inf
            return np.log(mixed)


def by_masked_model(
    mlm: Model,
    mask_id: int,
    *,
    before: Sequence[int] = (),
    after: Sequence[int] = (),
) -> Scores:
    """Scores of a masked language model whose mask stands in the hole.

    Args:
        mlm: (token_ids, padding_mask) -> logits, (N, L, V).
        mask_id: its mask.
        before: ids that it wants before a text, such as [CLS].
        after: and behind it, such as [SEP].
    """
    first, last = tuple(before), tuple(after)

    def scores(contexts: Sequence[Context]) -> Array:
        rows = [first + left + (mask_id,) + right + last for left, right in contexts]
        holes = [len(first) + len(left) for left, _ in contexts]
        pairs = zip(answers(mlm, rows, SCORES), holes, strict=True)
        return np.stack([logits[hole] for logits, hole in pairs])

    return scores


def by_language_model(lm: Model, *, before: Sequence[int]) -> Scores:
    """Scores of a language model that reads what is left of the hole.

    Args:
        lm: (token_ids, padding_mask) -> logits of the next token, (N, L, V).
        before: ids that every text comes after, at least one.

    Raises:
        ConfigError: if `before` is empty.
    """
    first = check_start(before)

    def scores(contexts: Sequence[Context]) -> Array:
        rows = [first + left for left, _ in contexts]
        pairs = zip(answers(lm, rows, SCORES), rows, strict=True)
        return np.stack([logits[len(row) - 1] for logits, row in pairs])

    return scores


def by_whole_texts(candidates: Proposal, log_weight: Term) -> Scores:
    """Scores of the whole texts that candidates for the hole would make.

    CGMH's proposal, with a language model's `Fluency` as weight and its best tokens as
    candidates. Of N contexts with K candidates each N K texts are read.

    Args:
        candidates: a law with few tokens, of which only the choice is used.
        log_weight: a term, or a `Target`.

    Source: Miao et al., 2019, section 3.2 (arXiv 1811.10996); lesson 8194.
    """

    def scores(contexts: Sequence[Context]) -> Array:
        laws = candidates(contexts)
        rows, tokens = np.nonzero(laws > -np.inf)
        places = list(zip(rows.tolist(), tokens.tolist(), strict=True))
        texts = [
            contexts[row][0] + (token,) + contexts[row][1] for row, token in places
        ]
        laws[rows, tokens] = log_weight(texts)
        return laws

    return scores
