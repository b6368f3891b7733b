"""A loaded model that goes on with ids: what needs no tokenizer.

It knows where a kind of model keeps its prompt. A decoder goes on with it; an encoder
under the UniLM mask reads it as the source, segment 0, and writes segment 1; an
encoder-decoder reads it with its encoder, and begins to write with its start token.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kewen.decoding import Decoder, Drafted, Generated, continuous
from kewen.decoding.decoder import check_room, limits_of
from kewen.decoding.rules.checks import is_whole
from kewen.errors import ConfigError, DataError
from kewen.models import decoding_step
from kewen.models.config import load_json
from kewen.models.pretrained import Pretrained
from kewen.tasks.generation_options import (
    BEAMS,
    CONTRASTIVE,
    GREEDY,
    SAMPLING,
    GenerationOptions,
)

GENERATION_JSON = "generation_config.json"
SOURCE_BUCKET = 16  # columns that sources are filled up to, for few programs
USUAL_GUESSES = 4  # a look, with a draft model


class IdGenerator:
    """Generates ids after prompts of ids.

    Args:
        pretrained: a decoder, an encoder-decoder, or an encoder loaded with
            `application="unilm"` (or "lm"), with a head that scores tokens.
        draft: a smaller model of the same kind and ids, which guesses what the other
            will say, see `GenerationOptions.num_guesses`.

    Attributes:
        step: the model as decoders see it.
        longest: tokens that the model has positions for.
        end_ids: tokens that end a text, by generation_config.json, else by config.json,
            else by the tokenizer: its separator.
        pad_id: what rows are filled up with.
        is_encoder_decoder: whether prompts are read by an encoder.
        reads_source: whether a prompt is a whole text, and not the beginning of one.

    Raises:
        ConfigError: if a model scores no tokens, or everybody sees all; or if the
            draft has other ids, or is of another kind.
    """

    def __init__(self, pretrained: Pretrained, draft: Pretrained | None = None) -> None:
        for each in (pretrained, *([] if draft is None else [draft])):
            _check_pretrained(each)
        self.config = pretrained.config
        self.step = decoding_step(pretrained.model)
        self.longest = pretrained.config.longest_text
        self.drafted: Drafted | None = None
        if draft is not None:
            _check_draft(pretrained, draft)
            self.drafted = Drafted(self.step, decoding_step(draft.model))
            self._draft_longest = draft.config.longest_text
        self.is_encoder_decoder = pretrained.model.application == "encoder_decoder"
        self.reads_source = pretrained.model.application in ("unilm", "encoder_decoder")
        said = _said(pretrained)
        self.pad_id: int = pretrained.config.fill_id
        self.end_ids = _ids(said.get("eos_token_id"))
        if not self.end_ids and pretrained.tokenizer is not None:
            self.end_ids = _ids(pretrained.tokenizer.end_id)
        self.start_id = _start_id(said, self.pad_id)

    def __call__(
        self, prompts: Sequence[Sequence[int]], options: GenerationOptions
    ) -> list[list[Generated]]:
        """The texts of each prompt, the best first; see `Generated`."""
        if not prompts:
            return []
        decoder, rows, extra = self.prepared(prompts, options)
        found = decoder(rows, options.max_new_tokens, extra)
        each = len(found) // len(prompts)
        return [
            [text for texts in found[i : i + each] for text in texts]
            for i in range(0, len(found), each)
        ]

    def many(
        self, prompts: Sequence[Sequence[int]], options: GenerationOptions, rows: int
    ) -> Iterator[tuple[int, Generated]]:
        """The text of each prompt, so many at a time, as they are done.

        See `kewen.decoding.continuous`. Searches with several rows a prompt, beams and
        contrastive search, go batch by batch; prompts with guesses one by one.

        Yields:
            (number of the prompt, its text, the best one).

        Raises:
            ConfigError: if several texts a prompt are asked for.
        """
        if options.num_results > 1:
            raise ConfigError(
                "Many prompts through few rows give a text each. Received: num_results "
                f"{options.num_results}. Ask for one, or give the prompts as a list."
            )
        is_whole("rows", rows, 1)
        if not prompts:
            return
        if options.mode in (BEAMS, CONTRASTIVE):
            every = [[int(number) for number in prompt] for prompt in prompts]
            self._check(every, options)  # before the first batch
            for start in range(0, len(prompts), rows):
                found = self(prompts[start : start + rows], options)
                yield from ((start + n, texts[0]) for n, texts in enumerate(found))
            return
        decoder, given, extra = self.prepared(prompts, options)
        most = options.max_new_tokens
        if decoder.strategy.ALONE:
            for number, loop in enumerate(decoder.begun(given, most, extra)):
                yield number, decoder.results(decoder.advance(loop))[0][0]
            return
        yield from continuous(decoder, given, most, extra, rows=rows)

    def prepared(
        self, prompts: Sequence[Sequence[int]], options: GenerationOptions
    ) -> tuple[Decoder, list[list[int]], dict[str, np.ndarray] | None]:
        """What decodes, and what it is given: prompts and further inputs.

        Raises:
            DataError: if a prompt is empty, or an id is none of the model's.
            ConfigError: if prompt and text together are longer than the model can hold,
                or a rule is made for another number of prompts.
        """
        rows = [[int(number) for number in prompt] for prompt in prompts]
        self._check(rows, options)
        self._check_rules(options, len(rows))
        if options.samples:  # each sample is a row of its own
            rows = [row for row in rows for _ in range(options.num_results)]
        step = self.step
        if self._is_drafted(options):
            step = self.drafted or step
            if options.num_guesses is None:
                options = dataclasses.replace(options, num_guesses=USUAL_GUESSES)
        _, longest = self._narrowest(options)
        decoder = Decoder(
            step, options.strategy(self.end_ids), longest=longest, seed=options.seed
        )
        if not self.is_encoder_decoder:
            return decoder, rows, None
        return decoder, [[self.first_id]] * len(rows), self._sources(rows, longest)

    def _is_drafted(self, options: GenerationOptions) -> bool:
        """Whether a draft model guesses; unused it costs nothing and limits nothing."""
        guesses = options.num_guesses is None or options.num_guesses > 0
        is_plain = options.mode in (GREEDY, SAMPLING)
        return self.drafted is not None and guesses and is_plain

    def _narrowest(self, options: GenerationOptions) -> tuple[str, int]:
        """Who has the fewest positions of those that read a text, and how many."""
        if self._is_drafted(options) and self._draft_longest < self.longest:
            return "draft", self._draft_longest
        return "model", self.longest

    @property
    def said(self) -> dict[str, Any]:
        """What a config.json must say, so that texts begin and end as they do here."""
        said: dict[str, Any] = {}
        if self.end_ids:
            one = len(self.end_ids) == 1
            said["eos_token_id"] = self.end_ids[0] if one else list(self.end_ids)
        if self.is_encoder_decoder and self.start_id is not None:
            said["decoder_start_token_id"] = self.start_id
        return said

    @property
    def first_id(self) -> int:
        """What an encoder-decoder begins to write with.

        Raises:
            ConfigError: if nothing says what that is.
        """
        if self.start_id is None:
            raise ConfigError(
                "An encoder-decoder begins to write with a start token. Received: a "
                "config.json without decoder_start_token_id. Add it there."
            )
        return self.start_id

    def _sources(self, rows: list[list[int]], room: int) -> dict[str, np.ndarray]:
        longest = max(map(len, rows))
        columns = -(-longest // SOURCE_BUCKET) * SOURCE_BUCKET
        columns = max(longest, min(columns, room))
        ids = np.full((len(rows), columns), self.pad_id, "int32")
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
        is_token = np.arange(columns) < np.array([[len(row)] for row in rows])
        return {"source_ids": ids, "source_mask": is_token}

    def _check_rules(self, options: GenerationOptions, prompts: int) -> None:
        for rule in options.rules:
            if rule.prompts not in (None, prompts):
                raise ConfigError(
                    "A rule needs an entry for each prompt, or one for all. Received: "
                    f"{rule.prompts} entries of {type(rule).__name__} for {prompts} "
                    "prompts."
                )
        size = self.config.vocabulary_size
        words = options.bad_words or ()
        for ids in (*words, options.allowed_ids, options.forced_start):
            if ids is not None and max(ids) >= size:
                raise ConfigError(
                    "bad_words, allowed_ids and forced_start must be ids of the model, "
                    f"from 0 to {size - 1}. Received: {max(ids)}."
                )

    def _check(self, rows: list[list[int]], options: GenerationOptions) -> None:
        if not rows or not all(rows):
            raise DataError(
                "Each prompt needs at least one token. Received: "
                f"{'an empty one' if rows else 'no prompt'}."
            )
        size = self.config.vocabulary_size
        for number, row in enumerate(rows):
            if min(row) < 0 or max(row) >= size:
                raise DataError(
                    f"Ids must be from 0 to {size - 1}, the model's vocabulary. "
                    f"Received: {min(row)} to {max(row)} in prompt {number}."
                )
        number = max(range(len(rows)), key=lambda n: len(rows[n]))
        lengths = [len(row) for row in rows]
        reader, longest = self._narrowest(options)
        if self.is_encoder_decoder and lengths[number] > longest:
            raise ConfigError(
                f"The {reader}'s encoder has positions for {longest} tokens. "
                f"Received: {lengths[number]} in prompt {number}. Shorten it."
            )
        limits = limits_of(options.max_new_tokens, len(rows))
        written = [1] * len(rows) if self.is_encoder_decoder else lengths
        check_room(written, limits, longest, reader)


def _check_pretrained(given: Any) -> None:
    if not isinstance(given, Pretrained):
        raise ConfigError(
            "A generator takes a model, and a draft, as kewen.load gives them. "
            f"Received: {given!r}."
        )


def _check_draft(pretrained: Pretrained, draft: Pretrained) -> None:
    for name, own, other in (
        ("ids", pretrained.config.vocabulary_size, draft.config.vocabulary_size),
        ("kind", pretrained.model.application, draft.model.application),
    ):
        if own != other:
            raise ConfigError(
                "A draft model must have the ids of the model that it guesses for, and "
                f"be of its kind. Received: {name} {own} and {other}."
            )


def _said(pretrained: Pretrained) -> dict[str, Any]:
    """config.json, and above it generation_config.json."""
    said = dict(pretrained.config_json)
    folder = pretrained.folder
    path = folder / GENERATION_JSON if folder is not None else None
    if path is not None and path.is_file():
        found = load_json(path)
        said |= {name: value for name, value in found.items() if value is not None}
    return said


def _ids(value: Any) -> tuple[int, ...]:
    """Of "eos_token_id": a number, a list of some, or nothing.

    Raises:
        ConfigError: if it is something else.
    """
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, int) and each >= 0 for each in values):
        raise ConfigError(
            f"eos_token_id must be an id or a list of ids. Received: {value!r}."
        )
    return tuple(values)


def _start_id(said: Mapping[str, Any], pad_id: int) -> int | None:
    """T5's configs may leave it out: it is padding there."""
    given = said.get("decoder_start_token_id")
    if given is None:
        return pad_id if said.get("model_type") in ("t5", "mt5") else None
    return _ids(given)[0]
