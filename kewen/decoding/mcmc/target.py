"""What a chain is to draw from: a weight of each text, as a sum of log terms."""

from collections.abc import Callable, Sequence

import numpy as np

from kewen.decoding.mcmc.editable import Ids
from kewen.decoding.mcmc.reading import (
    SCORES,
    VECTORS,
    Model,
    answers,
    check_start,
    log_softmax,
)
from kewen.errors import ConfigError, DataError

Array = np.ndarray
Term = Callable[[Sequence[Ids]], Array]  # N texts -> float (N,); -inf forbids a text


class Target:
    """The product of some weights: log rho(x) is the sum of the terms.

    Args:
        *terms: functions of N texts (tuples of ids) to their log weights, (N,). The
            law need not be normalised; -inf says that a text must not be.

    Example: `Target(Fluency(lm, 0.8, before=[101]), Contains([[2769, 4263]]))`.

    Source: lesson 8062, rho = fluency x similarity x indicator.
    """

    def __init__(self, *terms: Term) -> None:
        self.terms = terms

    def __call__(self, texts: Sequence[Ids]) -> Array:
        """Log rho of each text, float64 (N,).

        Raises:
            DataError: if a term gives nan or +inf.
        """
        total = np.zeros(len(texts))
        for term in self.terms:
            found = np.asarray(term(texts), "float64")
            wrong = np.isnan(found) | (found == np.inf)
            if found.shape != total.shape or wrong.any():
                raise DataError(
                    f"A term of a target must give {len(texts)} numbers or -inf. "
                    f"Received: of {term!r} {found.shape}, {found[wrong][:3]}."
                )
            total += found
        return total


class Fluency:
    """gamma times the log-probability of a text by a language model.

    Args:
        lm: (token_ids, padding_mask) -> logits of the next token after each, (N, L, V).
        gamma: below 1 it weakens the model's liking for short texts.
        before: ids that every text comes after: a start token, or a prompt.
        after: ids that end it, such as a full stop and the end token; scored as well.

    Raises:
        ConfigError: if `before` is empty.
    """

    def __init__(
        self,
        lm: Model,
        gamma: float = 1.0,
        *,
        before: Sequence[int],
        after: Sequence[int] = (),
    ) -> None:
        self._lm = lm
        self._gamma = gamma
        self._before = check_start(before)
        self._after = tuple(after)

    def __call__(self, texts: Sequence[Ids]) -> Array:
        """As of a term."""
        rows = [self._before + text + self._after for text in texts]
        first = len(self._before)
        found = np.zeros(len(rows))
        for number, logits in enumerate(answers(self._lm, rows, SCORES)):
            ids = rows[number][first:]
            laws = log_softmax(logits[first - 1 : first - 1 + len(ids)])
            found[number] = laws[np.arange(len(ids)), list(ids)].sum()
        return self._gamma * found


class Similarity:
    """weight times the cosine between the vectors of a text and of a given one.

    Args:
        encode: (token_ids, padding_mask) -> vectors, (N, C).
        text: ids of the given one.
        weight: how much it counts: a cosine of 1 against one of 0 is a factor of
            exp(weight).
        before: ids that the encoder wants before a text.
        after: and behind it.
    """

    def __init__(
        self,
        encode: Model,
        text: Sequence[int],
        weight: float,
        *,
        before: Sequence[int] = (),
        after: Sequence[int] = (),
    ) -> None:
        self._encode = encode
        self._weight = weight
        self._before = tuple(before)
        self._after = tuple(after)
        (self._goal,) = self._directions([tuple(text)])

    def __call__(self, texts: Sequence[Ids]) -> Array:
        """As of a term."""
        return self._weight * (self._directions(texts) @ self._goal)

    def _directions(self, texts: Sequence[Ids]) -> Array:
        rows = [self._before + text + self._after for text in texts]
        found = list(answers(self._encode, rows, VECTORS))
        vectors = np.stack(found).astype("float64")
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
        return vectors / np.maximum(lengths, 1e-12)  # a vector of zeros is like none


class Contains:
    """Only texts in which each of some words is, somewhere.

    Args:
        words: ids of each.
        weight: what a word that is missing costs; infinity forbids it.
    """

    def __init__(
        self, words: Sequence[Sequence[int]], weight: float = float("inf")
    ) -> None:
        self._words = [tuple(word) for word in words]
        self._weight = weight

    def __call__(self, texts: Sequence[Ids]) -> Array:
        """As of a term."""
        missing = [
            sum(not _is_in(word, text) for word in self._words) for text in texts
        ]
        return _cost(np.array(missing, float), self._weight)


class Length:
    """Only texts of so many tokens.

    Args:
        shortest: the least.
        longest: the most.
        weight: what each token too few or too many costs; infinity forbids it.

    Raises:
        ConfigError: if `shortest` is above `longest`.
    """

    def __init__(
        self, shortest: int, longest: int, weight: float = float("inf")
    ) -> None:
        if not 0 <= shortest <= longest:
            raise ConfigError(
                "A length must be from shortest to longest. Received: "
                f"{shortest} to {longest}."
            )
        self._shortest = shortest
        self._longest = longest
        self._weight = weight

    def __call__(self, texts: Sequence[Ids]) -> Array:
        """As of a term."""
        lengths = np.array([len(text) for text in texts], float)
        beyond = np.maximum(self._shortest - lengths, lengths - self._longest)
        return _cost(np.maximum(beyond, 0), self._weight)


def _is_in(word: Ids, text: Ids) -> bool:
    ends = range(len(word), len(text) + 1)
    return any(text[end - len(word) : end] == word for end in ends)


def _cost(counts: Array, weight: float) -> Array:
    some = counts > 0
    found = np.zeros(len(counts))
    found[some] = -weight * counts[some]
    return found
