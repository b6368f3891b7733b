"""How likely a model finds texts: token by token, in windows where they are long."""

import dataclasses
import math
from collections.abc import Sequence
from itertools import islice

import numpy as np

from kewen.data import Example
from kewen.errors import ConfigError, DataError
from kewen.models import Pretrained
from kewen.tasks.examples import listed
from kewen.tasks.id_generation import IdGenerator
from kewen.tasks.likelihoods import Likelihoods
from kewen.tasks.target_models import logits_model
from kewen.tasks.target_rows import Row, TargetRows
from kewen.text import Tokenizer
from kewen.text.truncation import is_whole

MOST_READ = 1024  # tokens a window, unless said otherwise


@dataclasses.dataclass(frozen=True)
class TextScore:
    """What a model thinks of one text.

    Attributes:
        ids: int32, (T,), the tokens that were scored.
        log_probabilities: float32, (T,), of each, after all that stood before it, or
            as much of that as a window holds.
    """

    ids: np.ndarray
    log_probabilities: np.ndarray

    @property
    def total(self) -> float:
        """The log-probability of the whole."""
        return float(self.log_probabilities.sum(dtype="float64"))

    @property
    def perplexity(self) -> float:
        """`exp` of the mean loss of a token; NaN where there is none."""
        count = len(self.ids)
        return math.exp(-self.total / count) if count else math.nan


class Scorer:
    """Scores the texts of one model; see `Generator.score`."""

    def __init__(
        self, pretrained: Pretrained, tokenizer: Tokenizer, model: IdGenerator
    ) -> None:
        self._reads_source = model.reads_source
        most = min(pretrained.config.longest_text, MOST_READ)
        self._rows = TargetRows(tokenizer, model, most)
        self._likelihoods = Likelihoods(logits_model(pretrained.model), self._rows)

    def __call__(
        self,
        texts: Sequence[str],
        given: Sequence[str] | None,
        window: int | None,
        context: int | None,
    ) -> list[TextScore]:
        """A score a text; arguments and errors as of `Generator.score`."""
        texts = listed(texts, "score")
        if given is not None:
            return self._of_answers(listed(given, "score"), texts)
        if self._reads_source:
            raise DataError(
                "A model that reads a source scores answers to it. Received: texts "
                "alone. Give their sources, given=[...]."
            )
        longest = self._rows.longest
        window = self._rows.max_length if window is None else window
        if not is_whole(window) or not 1 <= window <= longest:
            raise ConfigError(
                f"window must be from 1 to {longest}, the positions that the model "
                f"has. Received: {window!r}."
            )
        context = -(-window // 2) if context is None else context
        if not is_whole(context) or not 1 <= context <= window:
            raise ConfigError(
                f"context must be from 1 to {window}, the window. "
                f"Received: {context!r}."
            )
        return self._of_texts(texts, window, context)

    def _numbers(self, rows: Sequence[Row]) -> list[np.ndarray]:
        found = self._likelihoods(rows) if rows else []
        if any(np.isnan(each).any() for each in found):
            raise DataError(
                "The model's scores must be numbers. Received: nan. Check its weights, "
                "and its dtype: float16 overflows early."
            )
        return found

    def _of_answers(
        self, sources: Sequence[str], answers: Sequence[str]
    ) -> list[TextScore]:
        if len(sources) != len(answers):
            raise DataError(
                "Every text must have what it is given with. Received: "
                f"{len(answers)} texts, given {len(sources)}."
            )
        pairs = zip(sources, answers, strict=True)
        rows = self._rows([Example(source, pair=answer) for source, answer in pairs])
        plain = self._rows.plain_ids(answers)
        for row, ids in zip(rows, plain, strict=True):
            if len(row["target_ids"]) < len(ids):
                raise DataError(
                    "A text must fit into the model with what it is given, "
                    f"{self._rows.max_length} tokens. Received: {len(ids)} tokens."
                )
        found = self._numbers(rows)
        return [
            TextScore(row["target_ids"], each)
            for row, each in zip(rows, found, strict=True)
        ]

    def _of_texts(
        self, texts: Sequence[str], window: int, context: int
    ) -> list[TextScore]:
        every = self._rows.text_ids(texts)
        made = [_windows(ids, window, context, self._rows) for ids in every]
        rows = [row for rows in made for row in rows]
        found = iter(self._numbers(rows))
        scores: list[TextScore] = []
        for ids, rows in zip(every, made, strict=True):
            parts = [np.empty(0, "float32"), *islice(found, len(rows))]
            scores.append(TextScore(np.array(ids[1:], "int32"), np.concatenate(parts)))
        return scores


def _windows(
    ids: Sequence[int], window: int, context: int, rows: TargetRows
) -> list[Row]:
    """Rows that score each token but the first once.

    The first window scores all that it shows; each further one begins so far back that
    its first new token has `context` before it. The last one ends with the text, and
    is as wide as the others.
    """
    made: list[Row] = []
    scored = 1  # tokens that are scored, or never are: the first
    while scored < len(ids):
        start = 0 if scored == 1 else scored - context
        start = max(0, min(start, len(ids) - 1 - window))
        stop = min(start + window + 1, len(ids))
        made.append(rows.going_on(ids[start:stop], scored - start - 1))
        scored = stop
    return made
