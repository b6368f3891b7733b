"""How a text is to be generated, in one object: options in, a strategy out."""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from kewen.decoding import (
    AllowedIds,
    BadWords,
    Beams,
    Contrastive,
    ForcedStart,
    FrequencyPenalty,
    MinLength,
    MinP,
    NoRepeatNGram,
    Paths,
    PresencePenalty,
    RepetitionPenalty,
    Rule,
    Speculative,
    Strategy,
    Temperature,
    TopK,
    TopP,
    Typical,
    in_usual_order,
)
from kewen.decoding.rules.checks import (
    MOST_COUNTED,
    MOST_SEED,
    is_bool,
    is_finite,
    is_whole,
)
from kewen.decoding.speculative import MOST_GUESSES
from kewen.errors import ConfigError

GREEDY, SAMPLING, BEAMS = "greedy", "sampling", "beams"
CONTRASTIVE = "contrastive"
# Option -> the rule that it is the one argument of; the first ones draw tokens.
_DRAWING = {
    "temperature": Temperature,
    "top_k": TopK,
    "top_p": TopP,
    "min_p": MinP,
    "typical_p": Typical,
}
_RULES = {
    **_DRAWING,
    "repetition_penalty": RepetitionPenalty,
    "presence_penalty": PresencePenalty,
    "frequency_penalty": FrequencyPenalty,
    "no_repeat_ngram_size": NoRepeatNGram,
    "bad_words": BadWords,
    "allowed_ids": AllowedIds,
    "forced_start": ForcedStart,
}


# Option -> the least and the most that it may be.
_WHOLE = {
    "max_new_tokens": (1, MOST_COUNTED),
    "num_beams": (1, MOST_COUNTED),
    "num_results": (1, MOST_COUNTED),
    "num_beam_groups": (1, MOST_COUNTED),
    "seed": (0, MOST_SEED),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """Greedy search, unless beams or an option of sampling are given.

    Attributes:
        max_new_tokens: at most so many, prompt not counted.
        num_beams: more than 1 searches with beams.
        num_results: texts a prompt, the best first; samples of their own if sampled.
        length_penalty: of beams; above 0 favours long texts.
        coverage_penalty: of beams of an encoder-decoder; above 0 favours texts that
            leave out nothing of their source, see `decoding.Beams`.
        early_stopping: of beams: when a prompt is done, see `decoding.Beams.stop`.
        num_beam_groups, diversity_penalty: of beams, see `decoding.Beams`.
        ignore_end: whether the end token is a token like any other.
        seed: of sampling.
        temperature, top_k, top_p, min_p, typical_p: of sampling; any of them makes it
            one. See the rules of these names in `kewen.decoding`.
        penalty_alpha: makes it contrastive search among the `top_k` likeliest tokens,
            see `decoding.Contrastive`.
        num_guesses: makes greedy search or sampling speculative: so many tokens, at
            most 32, are guessed at a time, by the generator's draft model or, without
            one, by looking up what followed the newest tokens before. The text, or its
            law, is the same; see `decoding.Speculative`. If None, 4 with a draft model.
        repetition_penalty, presence_penalty, frequency_penalty: see there.
        no_repeat_ngram_size: no n-gram of so many tokens comes twice.
        min_new_tokens: the end token is forbidden before.
        bad_words: lists of ids that must not come.
        allowed_ids: the only ids that may come.
        forced_start: ids that a text begins with.
        rules: further rules of `kewen.decoding`. All are applied in the usual order,
            see `decoding.in_usual_order`.
    """

    max_new_tokens: int = 64
    num_beams: int = 1
    num_results: int = 1
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    early_stopping: str = "bound"
    num_beam_groups: int = 1
    diversity_penalty: float = 0.0
    ignore_end: bool = False
    seed: int = 0
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    penalty_alpha: float | None = None
    num_guesses: int | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    min_new_tokens: int | None = None
    bad_words: Any = None
    allowed_ids: Any = None
    forced_start: Any = None
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
        if self.penalty_alpha is not None:
            return CONTRASTIVE
        return SAMPLING if self.samples else GREEDY

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn."""
        chosen = [name for name in _DRAWING if getattr(self, name) is not None]
        if self.penalty_alpha is not None and chosen == ["top_k"]:
            return False  # its candidates
        return bool(chosen)

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            ConfigError: names the option.
        """
        for name, (least, most) in _WHOLE.items():
            is_whole(name, getattr(self, name), least, most)
        is_bool("ignore_end", self.ignore_end)
        for name in ("length_penalty", "diversity_penalty", "coverage_penalty"):
            is_finite(name, getattr(self, name))
        if self.coverage_penalty < 0:
            raise ConfigError(
                "coverage_penalty must be at least 0. Received: "
                f"{self.coverage_penalty}."
            )
        rules: Any = self.rules
        if not isinstance(rules, list | tuple) or not all(
            isinstance(each, Rule) for each in cast("list[Any]", rules)
        ):
            raise ConfigError(
                "rules must be a list of rules of kewen.decoding, such as "
                f"[TopK(5)]. Received: {rules!r}."
            )
        for rule in self.rules:
            if rule.least > self.max_new_tokens:
                raise ConfigError(
                    "max_new_tokens must let a text be finished. Received: "
                    f"{self.max_new_tokens}, where the shortest text that "
                    f"{type(rule).__name__} allows has {rule.least} tokens."
                )
        if self.min_new_tokens is not None:
            is_whole("min_new_tokens", self.min_new_tokens, 0)
            if self.min_new_tokens > self.max_new_tokens:
                raise ConfigError(
                    "min_new_tokens must be at most max_new_tokens. Received: "
                    f"{self.min_new_tokens} and {self.max_new_tokens}."
                )
        if self.num_guesses is not None:
            is_whole("num_guesses", self.num_guesses, 0, MOST_GUESSES)
            if self.num_guesses and self.mode not in (GREEDY, SAMPLING):
                raise ConfigError(
                    "Guesses are for greedy search and sampling. Received: num_guesses "
                    f"{self.num_guesses} with a search of {self.mode}. Leave one out."
                )
        if self.num_beam_groups > 1 and self.num_beams == 1:
            raise ConfigError(
                "Groups are of beams. Received: num_beam_groups "
                f"{self.num_beam_groups} with one beam. Set num_beams to a multiple."
            )
        if self.coverage_penalty and self.num_beams == 1:
            raise ConfigError(
                "A coverage penalty chooses among beams. Received: coverage_penalty "
                f"{self.coverage_penalty} with one beam. Set num_beams, or leave it "
                "out."
            )
        if self.num_beams > 1 and self.samples:
            raise ConfigError(
                "Beams are searched, not drawn. Received: num_beams "
                f"{self.num_beams} with an option of sampling. Leave one of them out."
            )
        if self.penalty_alpha is not None:
            self._check_contrastive()
        if self.mode in (GREEDY, CONTRASTIVE) and self.num_results > 1:
            raise ConfigError(
                f"A {self.mode} search finds one text. Received: num_results "
                f"{self.num_results}. Ask for beams (num_beams=...) or samples "
                "(temperature=1.0)."
            )
        self.strategy(end_ids=(0,))  # each rule refuses what it cannot be

    def _check_contrastive(self) -> None:
        if self.num_beams > 1 or self.samples or not self.top_k:
            raise ConfigError(
                "Contrastive search takes penalty_alpha and top_k, its candidates, and "
                "neither beams nor options of sampling. Received: top_k "
                f"{self.top_k!r}, num_beams {self.num_beams}."
            )
        alpha: Any = self.penalty_alpha
        if not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
            raise ConfigError(f"penalty_alpha must be from 0 to 1. Received: {alpha}.")

    def strategy(self, end_ids: tuple[int, ...]) -> Strategy:
        """The strategy that does it.

        Args:
            end_ids: tokens that end a text of this model.
        """
        ends = None if self.ignore_end or not end_ids else end_ids
        rules = self._all_rules(end_ids)
        if self.mode == BEAMS:
            return Beams(
                num_beams=self.num_beams,
                num_results=self.num_results,
                length_penalty=self.length_penalty,
                coverage=self.coverage_penalty or None,
                stop=self.early_stopping,
                groups=self.num_beam_groups,
                diversity=self.diversity_penalty,
                rules=rules,
                end_ids=ends,
            )
        if self.mode == CONTRASTIVE:
            alpha, count = float(self.penalty_alpha or 0), int(self.top_k or 1)
            return Contrastive(candidates=count, alpha=alpha, rules=rules, end_ids=ends)
        if self.num_guesses:
            return Speculative(
                count=self.num_guesses, rules=rules, end_ids=ends, sample=self.samples
            )
        return Paths(rules=rules, end_ids=ends, sample=self.samples)

    def _all_rules(self, end_ids: tuple[int, ...]) -> tuple[Rule, ...]:
        given = {name: getattr(self, name) for name in _RULES}
        if self.mode == CONTRASTIVE:
            given["top_k"] = None  # its candidates, and no filter
        rules = [
            _RULES[name](value) for name, value in given.items() if value is not None
        ]
        if self.min_new_tokens is not None and end_ids:
            rules.append(MinLength(self.min_new_tokens, end_ids))
        return in_usual_order([*self.rules, *rules])
