"""How well a model writes: perplexity, and its own answers against the references."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kewen.data import Example
from kewen.errors import ConfigError, DataError
from kewen.metrics import Rouge, bleu, check_bleu, rouge
from kewen.models.pretrained import Pretrained
from kewen.tasks.generation_options import GenerationOptions
from kewen.tasks.id_generation import IdGenerator
from kewen.tasks.likelihoods import Likelihoods, mean_loss
from kewen.tasks.target_models import logits_model
from kewen.tasks.target_rows import Row, TargetRows
from kewen.text import Tokenizer
from kewen.text.growing import GrowingText

AT_ONCE = 16  # answers that are written together


@dataclasses.dataclass(frozen=True)
class WritingScores:
    """What became of N texts, or pairs.

    Attributes:
        texts: N.
        tokens: that were to be predicted.
        loss: `-log p` of a token, in the mean.
        perplexity: `exp` of it.
        answers: what the model wrote, of each pair; empty where there are none.
        rouge: of the answers.
        bleu: of the answers, from 0 to 100, if it was asked for.
    """

    texts: int
    tokens: int
    loss: float
    perplexity: float
    answers: Sequence[str] = ()
    rouge: Rouge | None = None
    bleu: float | None = None

    def figures(self) -> dict[str, float]:
        """All that there are, by name."""
        found: dict[str, float] = {
            "texts": self.texts,
            "tokens": self.tokens,
            "loss": self.loss,
            "perplexity": self.perplexity,
        }
        found |= {} if self.rouge is None else dataclasses.asdict(self.rouge)
        return found if self.bleu is None else found | {"bleu": self.bleu}

    def summary(self, name: str) -> str:
        """A line of them."""
        shown = self.figures()
        counts = f"{shown.pop('texts')} texts, {shown.pop('tokens')} tokens"
        figures = " ".join(f"{key}={value:.4f}" for key, value in shown.items())
        return f"{name}: {counts}, {figures}\n"

    def json(self) -> str:
        """The same for programs, one object."""
        return json.dumps(self.figures()) + "\n"


class Evaluator:
    """Scores one model; see `Generator.evaluate`."""

    def __init__(
        self,
        pretrained: Pretrained,
        tokenizer: Tokenizer,
        model: IdGenerator,
        rows: TargetRows,
    ) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._rows = rows
        self._likelihoods = Likelihoods(logits_model(pretrained.model), rows)

    def __call__(
        self,
        examples: Sequence[Example],
        *,
        write: bool,
        with_bleu: bool,
        options: Mapping[str, Any],
    ) -> WritingScores:
        """Arguments and errors are those of `Generator.evaluate`."""
        if not isinstance(options, Mapping):
            raise ConfigError(
                'generation must be a dict of options, such as {"num_beams": 4}. '
                f"Received: {options!r}."
            )
        references = [each.pair for each in examples if each.pair is not None]
        writes = write and len(references) == len(examples)
        if with_bleu:
            check_bleu()
        if (with_bleu or options) and not writes:
            raise ConfigError(
                "BLEU and options of generation are for answers that the model writes. "
                "Received: texts without answers, or write=False."
            )
        rows = self._rows(examples)
        if not rows:
            raise DataError(
                "An evaluation needs texts of more than one token. Received: none."
            )
        found = self._likelihoods(rows)
        loss = mean_loss(found)
        counts = len(examples), sum(map(len, found))
        scores = WritingScores(*counts, loss, math.exp(loss))
        if not writes:
            return scores
        answers = self._written(rows, options)
        return dataclasses.replace(
            scores,
            answers=answers,
            rouge=rouge(answers, references),
            bleu=bleu(answers, references) if with_bleu else None,
        )

    def _written(self, rows: Sequence[Row], options: Mapping[str, Any]) -> list[str]:
        """Answers to the sources as the model was taught them, cut where too long."""
        prompts = [self._source(row) for row in rows]
        if not self._model.is_encoder_decoder:
            room = self._rows.longest - max(map(len, prompts))
            usual = GenerationOptions.max_new_tokens
            options = {"max_new_tokens": max(1, min(usual, room)), **options}
        chosen = GenerationOptions.of(options)
        found = dict(self._model.many(prompts, chosen, AT_ONCE))
        every = (found[number].ids for number in range(len(prompts)))
        ends = () if chosen.ignore_end else self._model.end_ids
        texts = (GrowingText(self._tokenizer, ends=ends).finish(ids) for ids in every)
        return [text.strip() for text in texts]

    def _source(self, row: Row) -> list[int]:
        ids = row["token_ids"]
        if "target_places" in row:
            ids = ids[: int(row["target_places"][0]) + 1]
        return ids.tolist()
