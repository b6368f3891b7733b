"""How a text is to be generated, in one object: options in, a strategy out."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from kewen.decoding import Beams, Paths, Rule, Strategy
from kewen.errors import ConfigError

GREEDY, SAMPLING, BEAMS = "greedy", "sampling", "beams"


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """Greedy search, unless beams or an option of sampling are given.

    Attributes:
        max_new_tokens: at most so many, prompt not counted.
        num_beams: more than 1 searches with beams.
        num_results: texts a prompt, the best first; samples of their own if sampled.
        length_penalty: of beams; above 0 favours long texts.
        early_stopping: of beams: when a prompt is done, see `decoding.Beams.stop`.
        num_beam_groups, diversity_penalty: of beams, see `decoding.Beams`.
        ignore_end: whether the end token is a token like any other.
        seed: of sampling.
        rules: further rules of `kewen.decoding`, applied before the others.
    """

    max_new_tokens: int = 64
    num_beams: int = 1
    num_results: int = 1
    length_penalty: float = 1.0
    early_stopping: str = "bound"
    num_beam_groups: int = 1
    diversity_penalty: float = 0.0
    ignore_end: bool = False
    seed: int = 0
    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "GenerationOptions":
        """From keyword arguments.

        Raises:
            ConfigError: if there is no such option, or its value cannot be.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in options:
            if name not in known:
                raise ConfigError(
                    f"Generation takes the options {known}. Received: {name!r}."
                )
        made = cls(**options)
        made.check()
        return made

    @property
    def mode(self) -> str:
        """Which search it is."""
        if self.num_beams > 1:
            return BEAMS
        return SAMPLING if self.samples else GREEDY

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn."""
        return False

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            ConfigError: names the option.
        """
        for name in ("max_new_tokens", "num_beams", "num_results"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    f"{name} must be a whole number, at least 1. Received: {value!r}."
                )
        if self.num_beams > 1 and self.samples:
            raise ConfigError(
                "Beams are searched, not drawn. Received: num_beams "
                f"{self.num_beams} with an option of sampling. Leave one of them out."
            )
        if self.mode == GREEDY and self.num_results > 1:
            raise ConfigError(
                "Greedy search finds one text. Received: num_results "
                f"{self.num_results}. Ask for beams (num_beams=...) or samples "
                "(temperature=1.0)."
            )

    def strategy(self, end_ids: tuple[int, ...]) -> Strategy:
        """The strategy that does it.

        Args:
            end_ids: tokens that end a text of this model.
        """
        ends = None if self.ignore_end or not end_ids else end_ids
        if self.mode == BEAMS:
            return Beams(
                num_beams=self.num_beams,
                num_results=self.num_results,
                length_penalty=self.length_penalty,
                stop=self.early_stopping,
                groups=self.num_beam_groups,
                diversity=self.diversity_penalty,
                rules=self.rules,
                end_ids=ends,
            )
        return Paths(rules=self.rules, end_ids=ends, sample=self.samples)
