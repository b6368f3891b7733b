"""The driver of every strategy: prompts in, generated ids out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from kewen.decoding import programs
from kewen.decoding.drawing import keys_of, uniforms
from kewen.decoding.rules.checks import MOST_COUNTED, MOST_SEED, is_whole
from kewen.decoding.step import Step, merged_rows
from kewen.decoding.strategy import (
    NOT_FINITE,
    NOTHING_ALLOWED,
    Generated,
    Loop,
    Strategy,
    history_of,
    numpy_of,
)
from kewen.errors import ConfigError, DataError

Tensor = Any
PROMPT_BUCKET = 16  # columns; prompts and histories are rounded up to these
LEAST_BUCKET = 16  # of capacities, see `capacity`


class Decoder:
    """Decodes prompts with a step and a strategy.

    On JAX the whole loop is one program: a program for each number of rows and length
    of prompt reads the prompts, and one for each number of rows and capacity goes on.
    Prompts are rounded up to 16 columns; capacities to a quarter of a power of two (64,
    80, 96, 112, 128, 160, ...), or to `longest`.

    Args:
        step: the model.
        strategy: how to choose.
        longest: most tokens that a text may have, prompt included; None for any number.
        seed: of whatever is drawn.

    Raises:
        ConfigError: if the seed is no whole number.
    """

    def __init__(
        self,
        step: Step,
        strategy: Strategy,
        *,
        longest: int | None = None,
        seed: int = 0,
    ) -> None:
        is_whole("seed", seed, 0, MOST_SEED)
        self.step = strategy.step_of(step)
        self.strategy = strategy
        self.longest = longest
        self.seed = seed

    def __call__(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int | Sequence[int] = 64,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> list[list[Generated]]:
        """Generate after each prompt.

        Args:
            prompts: ids, of any lengths, at least one each.
            max_new_tokens: at most so many, of all or of each.
            extra: further inputs of the model, rows as the prompts.

        Returns:
            For each prompt the texts that the strategy found, the best first.
        """
        return [
            texts
            for loop in self.begun(prompts, max_new_tokens, extra)
            for texts in self.results(self.advance(loop))
        ]

    def begun(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int | Sequence[int] = 64,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> Iterator[Loop]:
        """Loops that go on with the prompts, in their order, to be done one by one.

        One of all; or one each, if the strategy takes one prompt at a time. Arguments
        as of a call, errors as of `begin`.

        Raises:
            ConfigError: if a rule has an entry for each prompt, and one comes a time.
        """
        if not self.strategy.ALONE or len(prompts) < 2:
            yield self.begin(prompts, max_new_tokens, extra)
            return
        if any(rule.prompts not in (None, 1) for rule in self.strategy.rules):
            raise ConfigError(
                "Guesses are judged one prompt at a time, so that rules are the same "
                "for all. Received: a rule with an entry for each prompt. Decode "
                "without guesses, or prompt by prompt."
            )
        limits = limits_of(max_new_tokens, len(prompts))
        keys = self.keys(prompts, extra)
        for n, prompt in enumerate(prompts):
            own = {name: rows[n : n + 1] for name, rows in (extra or {}).items()}
            yield self.begin([prompt], limits[n : n + 1], own, keys=keys[n : n + 1])

    def begin(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int | Sequence[int] | np.ndarray,
        extra: Mapping[str, np.ndarray] | None = None,
        capacity: int | None = None,
        keys: Sequence[bytes] | None = None,
    ) -> Loop:
        """Read the prompts and choose the first token of each.

        Args:
            prompts: as of a call, as are the next two.
            max_new_tokens: of all or of each.
            extra: further inputs of the model.
            capacity: columns that are made; as many as are needed if not given.
            keys: whose random numbers are drawn, see `keys`; those of these prompts
                if not given.

        Raises:
            DataError: if a prompt has no token, or there is none.
            ConfigError: if nothing is to be generated, or more than the model can hold.
        """
        lengths = [len(prompt) for prompt in prompts]
        limits = limits_of(max_new_tokens, len(prompts))
        self._check(lengths, limits)
        capacity = capacity or self.capacity(max(np.add(lengths, limits)))
        room = capacity if self.longest is None else min(capacity, self.longest)
        columns = min(_rounded(max(lengths), PROMPT_BUCKET), room)
        ids, is_token = aligned_right(prompts, columns)
        prompt = {"token_ids": ids, "padding_mask": is_token, **(extra or {})}
        loop: dict[str, Any] = {"limits": np.array(limits, "int32")}
        if getattr(self.strategy, "sample", False):
            # As many as a capacity holds, so that their number compiles nothing.
            keys = self.keys(prompts, extra) if keys is None else keys
            loop["uniforms"] = self._luck(keys, capacity)
        strategy, step = self.strategy, self.step

        def body(numbers: Any, prompt: Any, loop: Loop, donated: Any) -> Loop:
            own = strategy.with_numbers(numbers)
            logits, state = step.begin(prompt, capacity)
            history = history_of(prompt, capacity)
            return own.start(step, logits, state, loop | {"history": history})

        build = "begin", capacity, self.strategy.build()
        tensors = {name: ops.convert_to_tensor(v) for name, v in prompt.items()}
        loop = {name: ops.convert_to_tensor(v) for name, v in loop.items()}
        numbers = self.strategy.numbers()
        loop = programs.run(self.step, build, body, numbers, tensors, loop)
        self._check_faults(loop)
        return loop

    def advance(self, loop: Loop, steps: int | None = None) -> Loop:
        """Go on until all are done, or for at most `steps` tokens a row.

        The loop that is given must not be used again: its memory is.

        Raises:
            DataError: if scores are not finite, or a rule forbids every token.
        """
        most = int(numpy_of(loop["limits"]).max()) if steps is None else steps
        strategy, step = self.strategy, self.step

        def body(numbers: Any, most: Tensor, loop: Loop) -> Loop:
            own = strategy.with_numbers(numbers)

            def is_open(count: Tensor, loop: Loop) -> Tensor:
                return ops.logical_and(
                    count < most, ops.logical_not(ops.all(loop["done"]))
                )

            def grow(count: Tensor, loop: Loop) -> tuple[Tensor, Loop]:
                return count + 1, own.grow(step, loop)

            start = ops.convert_to_tensor(0, "int32"), loop
            return ops.while_loop(is_open, grow, start)[1]

        loop = programs.run(
            self.step,
            ("advance", self.strategy.build()),
            body,
            self.strategy.numbers(),
            ops.convert_to_tensor(most, "int32"),
            donated=loop,
            rows=self.step.rows(loop["step"]),
        )
        self._check_faults(loop)
        return loop

    def stopped(self, loop: Loop, rows: np.ndarray) -> Loop:
        """The loop with further rows done: bool, (B,)."""
        done = ops.logical_or(loop["done"], ops.convert_to_tensor(rows))
        return {**loop, "done": done}

    def merge(self, loop: Loop, other: Loop, source: np.ndarray) -> Loop:
        """The loop with some rows replaced by those of another.

        The loop that is given must not be used again: its memory is.

        Args:
            loop: of N rows, and of a strategy with a row a prompt.
            other: of M rows, begun with the same capacity.
            source: int32, (N,): which row of `other` comes here; -1 where none does.
        """
        step = self.step

        def body(source: Tensor, other: Loop, loop: Loop) -> Loop:
            mine, theirs = {**loop}, {**other}
            state = step.merge(mine.pop("step"), theirs.pop("step"), source)
            return {**merged_rows(mine, theirs, source), "step": state}

        rows: Any = ops.convert_to_tensor(source, "int32")
        return programs.run(step, "merge", body, rows, other, donated=loop)

    def results(self, loop: Loop) -> list[list[Generated]]:
        """What was generated so far, for each prompt."""
        return self.strategy.results(loop)

    def capacity(self, tokens: int) -> int:
        """Columns that are made for texts of so many tokens.

        A step reads all of them, filled or not: so at most a fifth are spare from 64
        on, with four programs for each doubling.
        """
        spare = self.strategy.spare
        needed = int(tokens + spare)
        bucket = 1 << max((needed - 1).bit_length() - 3, 0)
        rounded = _rounded(needed, max(bucket, LEAST_BUCKET))
        if spare:
            return rounded
        return rounded if self.longest is None else min(rounded, self.longest)

    def keys(
        self,
        prompts: Sequence[Sequence[int]],
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> list[bytes]:
        """What each text's random numbers depend on, besides the seed.

        The prompt's ids, those of its source if an encoder reads one, and how many
        equals came before.
        """
        rows = [list(prompt) for prompt in prompts]
        if extra is not None and "source_ids" in extra:
            sources = zip(extra["source_ids"], extra["source_mask"], strict=True)
            given = [ids[seen].tolist() for ids, seen in sources]
            rows = [[*row, *ids] for row, ids in zip(rows, given, strict=True)]
        return keys_of(rows)

    def _luck(self, keys: Sequence[bytes], count: int) -> np.ndarray:
        """Random numbers of each text."""
        count *= self.strategy.DRAWS
        return np.stack([uniforms(self.seed, key, count) for key in keys])

    def _check(self, lengths: list[int], limits: np.ndarray) -> None:
        if not lengths or min(lengths) < 1:
            raise DataError(
                "A prompt needs at least one token, and a call at least one prompt. "
                f"Received: prompts of {lengths} tokens. Begin a text from nothing "
                "with the model's start token."
            )
        if limits.min() < 1:
            raise ConfigError(
                f"max_new_tokens must be at least 1. Received: {limits.min()}."
            )
        if self.longest is not None:
            check_room(lengths, limits, self.longest)

    def _check_faults(self, loop: Loop) -> None:
        faults = numpy_of(loop["faults"])
        rows = np.flatnonzero(faults == NOT_FINITE)
        if len(rows):
            raise DataError(
                "The model's scores must be numbers. Received: nan or infinity, at row "
                f"{rows[0]}. Check its weights, and its dtype: float16 overflows early."
            )
        rows = np.flatnonzero(faults == NOTHING_ALLOWED)
        if len(rows):
            raise DataError(
                "At least one token must be allowed at each step. Received: rules "
                f"that forbid every one, at row {rows[0]}. Loosen a constraint, allow "
                "the end token, or let more tokens come."
            )


def limits_of(max_new_tokens: Any, prompts: int) -> np.ndarray:
    """The most new tokens of each prompt: int32, (B,).

    Raises:
        ConfigError: if they are no whole numbers, or neither one nor one a prompt.
    """
    limits = np.asarray(max_new_tokens)
    are_whole = limits.dtype.kind in "iu" and bool((limits <= MOST_COUNTED).all())
    if not are_whole or limits.shape not in ((), (prompts,)):
        raise ConfigError(
            f"max_new_tokens must be a whole number, at most {MOST_COUNTED}, or one "
            f"for each of the prompts, {prompts}. Received: {max_new_tokens!r}."
        )
    return np.broadcast_to(limits.astype("int32"), prompts)


def check_room(
    lengths: Sequence[int], limits: np.ndarray, longest: int, reader: str = "model"
) -> None:
    """Refuse prompts that leave the reader too few positions for what is to come.

    Raises:
        ConfigError: names the first of the longest texts.
    """
    totals = np.add(lengths, limits, dtype="int64")
    number = int(totals.argmax())
    if totals[number] > longest:
        raise ConfigError(
            f"The {reader} has positions for {longest} tokens, prompt included. "
            f"Received: {lengths[number]} in prompt {number}, and max_new_tokens "
            f"{limits[number]}. Shorten the prompt, or ask for fewer tokens."
        )


def aligned_right(
    prompts: Sequence[Sequence[int]], columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ids int32 and mask bool, (N, columns): each row's tokens end in the last one."""
    ids = np.zeros((len(prompts), columns), "int32")
    is_token = np.zeros((len(prompts), columns), bool)
    for row, prompt in enumerate(prompts):
        ids[row, columns - len(prompt) :] = prompt
        is_token[row, columns - len(prompt) :] = True
    return ids, is_token


def _rounded(count: int, bucket: int) -> int:
    return -(-int(count) // bucket) * bucket
