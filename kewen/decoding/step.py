"""What the decoders know of a model: ids in, scores of the next token out."""

import abc
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError

Tensor = Any
State = Any  # tensors in dicts, lists and tuples; what each holds is the step's affair
Prompt = Mapping[str, Tensor]


class Step(abc.ABC):
    """A model, as decoders see it. N rows, P columns of a prompt, V ids.

    A subclass reads a prompt in `begin` and goes on by one id a row when it is called.
    On JAX both are traced and compiled: they are made of tensor operations, and what
    they remember is in the state that they return.
    """

    @abc.abstractmethod
    def begin(self, prompt: Prompt, capacity: int) -> tuple[Tensor, State]:
        """Read the prompts.

        Args:
            prompt: `token_ids` int32 and `padding_mask` bool, (N, P), tokens on the
                right, and whatever else this model takes.
            capacity: most tokens that a row will have, its prompt's among them.

        Returns:
            Scores of the token after each prompt, (N, V), and the state.
        """

    @abc.abstractmethod
    def __call__(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Scores after one more token a row: int32 (N,) to (N, V), and the state."""

    def look_ahead(self, ids: Tensor, state: State) -> tuple[Tensor, list[State]]:
        """Scores after each of T more tokens a row: (N, T) to (N, T, V), and states.

        Of the states the last is that after all tokens; a step that can go back from
        it by itself gives no other.
        """
        scores, states = [], [state]
        for column in range(ids.shape[1]):
            found, state = self(ids[:, column], states[-1])
            scores.append(found)
            states.append(state)
        return ops.stack(scores, axis=1), states

    def back(self, states: list[State], count: Tensor) -> State:
        """The state before the newest `count` tokens, of all since; int scalar."""
        chosen = states[-1]
        for number, state in enumerate(reversed(states)):
            chosen = keras.tree.map_structure(
                lambda new, old, here=count == number: ops.where(here, new, old),
                state,
                chosen,
            )
        return chosen

    def take(self, state: State, rows: Tensor) -> State:
        """The state whose row i is that of row `rows[i]`; int32, (M,).

        Here: of all tensors in it that have rows. Numbers without an axis stay.
        """
        return taken_rows(state, rows)

    def spread(self, state: State, beams: int) -> State:
        """The state with each row repeated, M times beside each other, for beams."""
        rows = ops.arange(beams * self.rows(state), dtype="int32") // beams
        return self.take(state, rows)

    def reorder(self, state: State, parents: Tensor) -> State:
        """The state of beams that changed places within their prompt.

        Args:
            state: of B M rows.
            parents: int32, (B, M), numbers of beams, from 0 to M - 1.
        """
        return self.take(state, flat_rows(parents))

    def rows(self, state: State) -> int:
        """N; here that of the first tensor that has rows."""
        every = keras.tree.flatten(state)
        return next(each.shape[0] for each in every if len(each.shape))

    def merge(self, state: State, other: State, source: Tensor) -> State:
        """The state with some rows replaced by those of another.

        Args:
            state: of N rows.
            other: of M rows, begun with the same capacity.
            source: int32, (N,): the row of `other` that comes here; -1 where none does.

        Here: of all tensors that have rows. Numbers without an axis stay.
        """
        return merged_rows(state, other, source)

    def showing(self) -> "Step":
        """The same step, whose states have an entry `hidden` as well.

        It is the last hidden state at each token that was read, float (N, T, C). Who
        asks for it takes it out of a state before going on with that.

        Raises:
            ConfigError: if this step has no hidden states to show.
        """
        raise ConfigError(
            "This search compares hidden states, which a model with a cache shows. "
            f"Received: {type(self).__name__}, which gives scores alone."
        )

    def attending(self) -> "Step":
        """The same step, whose states have an entry `attention` as well.

        It is how much the newest token looked at each token of its source, float
        (N, S): the probabilities of the last layer's cross-attention, their mean over
        the heads, and 1 at places without a token. Who asks for it takes it out of a
        state before going on with that.

        Raises:
            ConfigError: if this step has no source apart from the text.
        """
        raise ConfigError(
            "A coverage penalty asks how much of its source a text has looked at, "
            "which an encoder-decoder with a cache tells. Received: a model without "
            f"a source of its own ({type(self).__name__}). Leave the penalty out."
        )

    def variables(self) -> list[keras.Variable]:
        """Weights that a compiled program is given as arguments."""
        return []

    def kernels(self) -> list[tuple[keras.Variable, int]]:
        """Those of them that rows of float32 are multiplied by, and their summed axes.

        They are the first axes of each; see `kewen.ops.few_rows`.
        """
        return []


class Rescoring(Step):
    """A step that remembers nothing but the ids, and scores each text anew.

    The way for models without a cache, and for one's own scores of any kind: all of a
    batch's rows come at once, as many as there are beams or samples.

    Args:
        predict: (token_ids, padding_mask) -> scores of the next token, (N, V), logits
            or log-probabilities. The ids are int32, (N, L), right-aligned: the newest
            token of each row is in the last column. L is the decoder's capacity.
        variables: weights that `predict` uses, of a Keras model.

    Example: `Rescoring(lambda ids, mask: table[ids[:, -1]])` is a Markov chain.
    """

    def __init__(
        self,
        predict: Callable[[Tensor, Tensor], Tensor],
        variables: Callable[[], list[keras.Variable]] = list,
    ) -> None:
        self._predict = predict
        self.variables = variables

    def begin(self, prompt: Prompt, capacity: int) -> tuple[Tensor, State]:
        """As `Step.begin`."""
        room = ((0, 0), (max(capacity - prompt["token_ids"].shape[1], 0), 0))
        columns = {
            name: ops.pad(given, room)[:, -capacity:]
            for name, given in self.columns_of(prompt).items()
        }
        return self.scores(columns), columns

    def __call__(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """As `Step.__call__`."""
        newest = self.newest(ids)
        columns = {name: shifted(state[name], newest[name]) for name in state}
        return self.scores(columns), columns

    def columns_of(self, prompt: Prompt) -> dict[str, Tensor]:
        """What is kept of the prompt's tokens, (N, P) each."""
        return {name: prompt[name] for name in ("token_ids", "padding_mask")}

    def newest(self, ids: Tensor) -> dict[str, Tensor]:
        """The same of the newest ones, (N,) each."""
        return {"token_ids": ids, "padding_mask": ops.ones_like(ids, "bool")}

    def scores(self, columns: dict[str, Tensor]) -> Tensor:
        """Scores after the last column: of (N, L) each to (N, V).

        Raises:
            ConfigError: if on JAX `predict` makes arrays of its tensors.
        """
        try:
            return self._predict(columns["token_ids"], columns["padding_mask"])
        except TypeError as error:
            if not type(error).__name__.startswith(("Tracer", "Concretization")):
                raise
            raise ConfigError(
                "On JAX predict is compiled with the whole loop, so it must be made of "
                "keras.ops, of its tensors alone. Received: one that makes a NumPy "
                f"array or a Python number of them ({type(error).__name__}). Use "
                "keras.ops, or wrap it in jax.pure_callback."
            ) from error


def shifted(columns: Tensor, newest: Tensor) -> Tensor:
    """All columns one to the left, and a new one: (N, L) and (N,) to (N, L)."""
    newest = ops.cast(newest, columns.dtype)
    return ops.concatenate([columns[:, 1:], newest[:, None]], axis=1)


def flat_rows(parents: Tensor) -> Tensor:
    """Numbers of beams within their prompts, (B, M), as numbers of rows, (B M,)."""
    prompts, beams = parents.shape
    first = ops.arange(prompts, dtype="int32")[:, None] * beams
    return ops.reshape(first + parents, (-1,))


def merged_rows(tree: Any, other: Any, source: Tensor) -> Any:
    """Every tensor (N, ...) with rows of another, (M, ...); see `Step.merge`.

    Of a tensor (N G, ...) G entries are a row.
    """

    def merged(mine: Tensor, theirs: Tensor) -> Tensor:
        if not len(mine.shape):
            return mine
        each = mine.shape[0] // source.shape[0]
        rows = source[:, None] * each + ops.arange(each, dtype="int32")
        rows = ops.reshape(rows, (-1,))
        comes = ops.reshape(rows >= 0, (-1, *[1] * (len(mine.shape) - 1)))
        rows = ops.take(theirs, ops.maximum(rows, 0), axis=0)
        return ops.where(comes, ops.cast(rows, mine.dtype), mine)

    return keras.tree.map_structure(merged, tree, other)


def taken_rows(tree: Any, rows: Tensor) -> Any:
    """Rows of every tensor (N, ...); numbers without an axis stay."""

    def taken(tensor: Tensor) -> Tensor:
        return ops.take(tensor, rows, axis=0) if len(tensor.shape) else tensor

    return keras.tree.map_structure(taken, tree)
