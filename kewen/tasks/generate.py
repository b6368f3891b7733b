"""Text in, text that goes on with it out.

prompt -> token ids -> scores of the next token -> one chosen -> ... -> text
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kewen.data import Batches, BatchSource, StreamedBatches, StreamedExamples
from kewen.data.writing import writing_columns
from kewen.decoding import Decoder, Generated
from kewen.decoding.strategy import Loop, numpy_of
from kewen.errors import ConfigError
from kewen.losses import CrossEntropy
from kewen.models.pretrained import Pretrained
from kewen.models.save import save_pretrained
from kewen.tasks.evaluating import Evaluator, WritingScores
from kewen.tasks.examples import (
    Source,
    digest_of_examples,
    examples_of,
    listed,
    training_examples,
)
from kewen.tasks.generation_options import BEAMS, GenerationOptions
from kewen.tasks.id_generation import IdGenerator
from kewen.tasks.likelihoods import METRICS, measure_of
from kewen.tasks.patterns import Patterns
from kewen.tasks.prompts import Prompt, checked_chat_options, ids_of_prompt, is_one
from kewen.tasks.scoring import Scorer, TextScore
from kewen.tasks.target_models import logits_model
from kewen.tasks.target_rows import TargetRows
from kewen.tasks.text_limits import Limits, apart
from kewen.text import GrowingText
from kewen.training import History, fit

TASK = "generate"
USUAL_LENGTH = 256  # tokens a row is trained on, where the model has so many positions
LOOK_EVERY = 8  # tokens between two looks for stop strings and at the clock


@dataclasses.dataclass(frozen=True)
class GeneratedText:
    """What came of a prompt.

    Attributes:
        text: without the prompt, up to a stop string.
        ids: int32, (T,), all that was generated; what ended the text may be among them.
        score: sum of the ids' log-probabilities; of beams, see `decoding.Beams`.
        finish: why it ended: "end" (the end token), "length" (max_new_tokens), "stop"
            (a stop string, or `until`) or "time" (max_time_s).
    """

    text: str
    ids: np.ndarray
    score: float
    finish: str


class Generator:
    """A pretrained model that writes.

    A decoder goes on with the prompt. An encoder-decoder, or an encoder loaded with
    `application="unilm"`, reads the prompt and writes the answer. A prompt is a text,
    or a conversation: a list of messages `{"role": "user", "content": "..."}`, which
    become text by the tokenizer's own chat template (extra `[chat]`).

    Options of the methods that write are those of `GenerationOptions`, and
        stop: a string, or several: the text ends before it. It may begin in one token
            and end in another.
        regex: a regular expression that the text matches as a whole, see
            `kewen.decoding.Grammar`.
        json_schema: a dict; the text is JSON of this schema, see
            `kewen.decoding.grammar.json_pattern`.
        until: a function of the text so far; once it is true, the text ends.
        max_time_s: seconds after which no more tokens are generated.
        chat_options: a dict of further names for the chat template, such as
            `{"tools": [...]}` or `{"enable_thinking": False}`.

    Args:
        pretrained: from `kewen.load`. `fit` trains it in place.
        draft: a smaller model with the same ids, from `kewen.load` too. It guesses
            tokens that `pretrained` judges several at a time: the same texts, or the
            same law, in less time where guesses are often right.
        max_length: tokens that a row is trained on: of a text, of a prompt and its
            answer together, or of an encoder's and a decoder's each. If None, 256, or
            as many as the model has positions for. It does not limit `generate`.

    Example:
        ```python
        writer = kewen.tasks.Generator(kewen.load("gpt2"))
        writer.generate("The weather is", max_new_tokens=20)
        for piece in writer.stream("The weather is", top_p=0.9): ...
        ```

    Raises:
        ConfigError: if the model has no tokenizer, scores no tokens, or lets everybody
            see all; if `max_length` is more than it takes; or if the draft does not
            suit it.
    """

    def __init__(
        self,
        pretrained: Pretrained,
        max_length: int | None = None,
        *,
        draft: Pretrained | None = None,
    ) -> None:
        self.model = IdGenerator(pretrained, draft)
        if pretrained.tokenizer is None:
            raise ConfigError(
                "A generator of texts needs the model's tokenizer. Received: a model "
                "without one. Put tokenizer.json or vocab.txt into its folder."
            )
        self.pretrained = pretrained
        self.tokenizer = pretrained.tokenizer
        self.patterns = Patterns(self.tokenizer, self.model.end_ids)
        usual = min(USUAL_LENGTH, pretrained.config.longest_text)
        self.max_length = usual if max_length is None else max_length
        self.rows = TargetRows(self.tokenizer, self.model, self.max_length)
        self.history: History | None = None

    def fit(
        self,
        train: Source,
        validation_data: Source | None = None,
        *,
        text: str | int | None = None,
        target: str | int | None = None,
        header: bool | None = None,
        encoding: str = "utf-8",
        on_bad_row: str = "error",
        bad_rows: Any = None,
        batch_size: int = 16,
        tokens_per_batch: int | None = None,
        label_smoothing: float = 0.0,
        stream: bool | None = None,
        seed: int = 0,
        **options: Any,
    ) -> History:
        """Train on a file of texts, or of prompts and their answers.

        A decoder learns every token of a text, and goes on in the next row where it is
        longer than `max_length`. Of a pair only the answer is learnt, and the end after
        it: by a decoder that reads the prompt, an encoder-decoder, or an encoder under
        the UniLM mask.

        Args:
            train: a TSV, CSV or JSONL file (gz too), a TXT file of a text a line,
                `Example` objects (`pair` is the answer), or what
                `kewen.data.stream_examples` gives.
            validation_data: likewise; its loss and perplexity are measured after each
                epoch, and the weights of the best epoch are kept.
            text: column of the text, prompt or source, by name or position.
            target: column of the answer. If neither is given, the file's columns prompt
                and answer, source and target, text and target, or text alone.
            header: see `kewen.data.read_examples`.
            encoding: of the files.
            on_bad_row: "error" or "skip".
            bad_rows: a `kewen.data.BadRows`, told what was skipped in `train`.
            batch_size: rows a step.
            tokens_per_batch: tokens a step instead, padding included.
            label_smoothing: see `kewen.losses.CrossEntropy`.
            stream: as for `TextClassifier.fit`. A streamed file of texts without
                answers is encoded once more before the first step, to count its rows.
            seed: of shuffling and dropout.
            **options: those of `kewen.training.fit`, as for `TextClassifier.fit`;
                monitor is "val_loss" or "val_perplexity".

        Returns:
            The record of the training. Losses are means over the tokens learnt.

        Raises:
            DataError: if a file has no examples, a bad row, or no answers where the
                model needs them.
            ConfigError: if the model needs more than texts say.
        """
        same = {"header": header, "on_bad_row": on_bad_row}
        columns = same | writing_columns(train, text, target, encoding)
        examples = training_examples(
            train, stream, tokens_per_batch, **columns, bad_rows=bad_rows
        )
        model = logits_model(self.pretrained.model)
        validate, held_out = None, []
        if validation_data is not None:
            columns = same | writing_columns(validation_data, text, target, encoding)
            held_out = examples_of(validation_data, **columns)
            validate = measure_of(model, self.rows, held_out)
        common: dict[str, Any] = {
            "max_length": self.max_length,
            "batch_size": batch_size,
            "seed": seed,
            "pad_ids": self.rows.pad_ids,
        }
        batches: BatchSource
        if isinstance(examples, StreamedExamples):
            several = not examples.has_pairs
            batches = StreamedBatches(examples, self.rows, several=several, **common)
        else:
            batches = Batches(
                self.rows(examples),
                tokens_per_batch=tokens_per_batch,
                shuffle=True,
                **common,
            )
        self.history = fit(
            model,
            batches,
            loss=CrossEntropy(label_smoothing),
            validate=validate,
            metrics=METRICS,
            seed=seed,
            identity={"validation data": digest_of_examples(held_out)},
            **options,
        )
        # It is no longer what lies there.
        self.pretrained = dataclasses.replace(self.pretrained, folder=None)
        return self.history

    def score(
        self,
        texts: Sequence[str],
        given: Sequence[str] | None = None,
        *,
        window: int | None = None,
        context: int | None = None,
    ) -> list[TextScore]:
        """The log-probability of each token, and the perplexity, of each text.

        Args:
            texts: as they are, without an end after them; a first token that has
                nothing before it is not scored.
            given: what each text is the answer to: a prompt, or a source. Then the end
                after the text is scored too.
            window: tokens that a decoder reads at a time; its positions, at most 1,024,
                if None. A text that is longer is read in several windows.
            context: tokens that each scored one has before it at least, as far as its
                text has so many; half a window if None. Each window moves on by what
                it scores, `window + 1 - context`.

        Raises:
            ConfigError: if window or context cannot be.
            DataError: if the model needs sources and has none, or a pair is too long.
        """
        scorer = Scorer(self.pretrained, self.tokenizer, self.model)
        return scorer(texts, given, window, context)

    def evaluate(
        self,
        data: Source,
        *,
        write: bool = True,
        bleu: bool = False,
        generation: Mapping[str, Any] | None = None,
        **columns: Any,
    ) -> WritingScores:
        """Perplexity on a file, and what the model itself answers against its answers.

        Args:
            data: as in `fit`.
            write: whether pairs are answered, too, for ROUGE; see `kewen.metrics`.
            bleu: whether BLEU is computed of these answers (extra `[bleu]`).
            generation: `GenerationOptions` alone, by name; greedy search without, of
                at most 64 tokens, or as many as there are positions for.
            **columns: text, target, header, encoding, on_bad_row as in `fit`.

        Raises:
            MissingExtraError: if BLEU is asked for and sacrebleu is not installed.
        """
        usual = {"text": None, "target": None, "encoding": "utf-8"}
        named = [columns.pop(name, usual[name]) for name in usual]
        examples = examples_of(data, **columns, **writing_columns(data, *named))
        judge = Evaluator(self.pretrained, self.tokenizer, self.model, self.rows)
        options = {} if generation is None else generation
        return judge(examples, write=write, with_bleu=bleu, options=options)

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write a folder for `kewen.load_task`, `kewen.load` and transformers.

        Raises:
            FileError: if the folder exists and may not be replaced.
        """
        save_pretrained(
            self.pretrained,
            Path(folder),
            format="hf",
            overwrite=overwrite,
            extra={"task": TASK, "max_length": self.max_length},
            config_json=self.model.said,
        )

    def generate(
        self, prompts: Prompt | Sequence[Prompt], **options: Any
    ) -> str | list[str] | list[list[str]]:
        """Texts that go on with prompts.

        Args:
            prompts: one prompt, or a list.
            **options: see the class.

        Returns:
            Of one prompt its text, of a list their texts; with `num_results` above 1 a
            list of texts in place of each.
        """
        alone = is_one(prompts)
        given: Any = [prompts] if alone else prompts
        found = self.results(given, **options)
        several = options.get("num_results", 1) > 1
        texts: list[Any] = [
            [each.text for each in row] if several else row[0].text for row in found
        ]
        return texts[0] if alone else texts

    def results(
        self, prompts: Sequence[Prompt], **options: Any
    ) -> list[list[GeneratedText]]:
        """As `generate`, of a list of prompts, with ids, scores, and why each ended."""
        rows, chosen, limits = self._asked(prompts, options)
        if not rows:
            return []
        if chosen.mode == BEAMS and (limits.until or limits.deadline):
            raise ConfigError(
                "Texts of beams are known at the end only. Received: until or "
                "max_time_s with num_beams. Leave them out, or search without beams."
            )
        if chosen.mode == BEAMS or not limits.needed:
            found = self.model(rows, chosen)
            return [[self._finished(text, limits) for text in texts] for texts in found]
        return self._watched(rows, chosen, limits)

    def many(
        self, prompts: Sequence[Prompt], *, rows: int = 8, **options: Any
    ) -> Iterator[tuple[int, GeneratedText]]:
        """As `results`, one text a prompt, with so many rows at a time.

        A prompt that is done makes room for the next one at once, so that many prompts
        of unequal length take less time than in batches. Stop strings cut the texts
        afterwards.

        Yields:
            (number of the prompt, its text), as they are done.

        Raises:
            ConfigError: if several texts a prompt are asked for, or `until`.
        """
        ids, chosen, limits = self._asked(prompts, options)
        if limits.until or limits.deadline:
            raise ConfigError(
                "Many prompts through few rows are not looked at one by one. Received: "
                "until or max_time_s. Use results."
            )
        for number, text in self.model.many(ids, chosen, rows):
            yield number, self._finished(text, limits)

    def stream(self, prompt: Prompt, **options: Any) -> Iterator[str]:
        """The text of one prompt, piece by piece as it comes.

        Put together the pieces are what `generate` gives. None ends in half a
        character, and none holds what may become a stop string.

        Raises:
            ConfigError: if beams are asked for, whose text is known at the end only.
        """
        asked, chosen, limits = self._asked([prompt], options)
        if chosen.mode == BEAMS or chosen.num_results > 1:
            raise ConfigError(
                "A stream is one text, token by token. Received: num_beams "
                f"{chosen.num_beams}, num_results {chosen.num_results}. Use generate."
            )
        decoder, rows, extra = self.model.prepared(asked, chosen)
        growing = self._growing(limits)
        loop = decoder.begin(rows, chosen.max_new_tokens, extra)
        while True:
            ((text,),) = decoder.results(loop)
            piece, ended = limits.grow(growing, text.ids)
            yield from filter(None, [piece])
            if ended or limits.is_late() or numpy_of(loop["done"]).all():
                break
            loop = decoder.advance(loop, 1)
        yield from filter(None, [growing.finish()])

    def _asked(
        self, prompts: Sequence[Prompt], options: Mapping[str, Any]
    ) -> tuple[list[list[int]], GenerationOptions, Limits]:
        """The ids that the model reads, and how it is to go on."""
        left = self.patterns(options)
        chat = checked_chat_options(left.pop("chat_options", None))
        chosen, limits = apart(left)
        given = listed(prompts, "generate")
        ids = [ids_of_prompt(each, self.tokenizer, self.model, chat) for each in given]
        return ids, chosen, limits

    def _growing(self, limits: Limits) -> GrowingText:
        ends = () if limits.ignore_end else self.model.end_ids
        return GrowingText(self.tokenizer, limits.stop, ends)

    def _finished(self, text: Generated, limits: Limits) -> GeneratedText:
        growing = self._growing(limits)
        return self._told(text, growing, ids=text.ids)

    def _told(
        self,
        text: Generated,
        growing: GrowingText,
        reason: str | None = None,
        ids: Iterable[int] = (),
    ) -> GeneratedText:
        """With the last ids of what grew, and why it ended if no reason is given."""
        growing.finish(ids)
        ended = len(text.ids) and int(text.ids[-1]) in growing.ends
        finish = "stop" if growing.stopped else "end" if ended else "length"
        return GeneratedText(growing.text, text.ids, text.score, reason or finish)

    def _watched(
        self, rows: list[list[int]], chosen: GenerationOptions, limits: Limits
    ) -> list[list[GeneratedText]]:
        """A batch that is looked at every few tokens."""
        decoder, prompts, extra = self.model.prepared(rows, chosen)
        every = LOOK_EVERY if limits.until is None else 1
        found: list[GeneratedText] = []
        for loop in decoder.begun(prompts, chosen.max_new_tokens, extra):
            found += self._looked_at(decoder, loop, limits, every)
        each = len(found) // len(rows)
        return [found[i : i + each] for i in range(0, len(found), each)]

    def _looked_at(
        self, decoder: Decoder, loop: Loop, limits: Limits, every: int
    ) -> list[GeneratedText]:
        growing = [self._growing(limits) for _ in decoder.results(loop)]
        reasons: list[str | None] = [None] * len(growing)
        while True:
            texts = [text for (text,) in decoder.results(loop)]
            late, done = limits.is_late(), numpy_of(loop["done"])
            for row, text in enumerate(texts):
                if reasons[row] is None:
                    if limits.grow(growing[row], text.ids)[1]:
                        reasons[row] = "stop"
                    elif late and not done[row]:
                        reasons[row] = "time"
            stop = np.array([reason is not None for reason in reasons])
            loop = decoder.stopped(loop, stop)
            if numpy_of(loop["done"]).all():
                break
            loop = decoder.advance(loop, every)
        return list(map(self._told, texts, growing, reasons))
