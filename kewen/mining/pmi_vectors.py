"""Word vectors whose inner product is the pointwise mutual information of two words.

The one demand behind it: words add up. If a and b keep the same company as c and d do,
then v_a + v_b = v_c + v_d; the only function of an inner product that turns sums into
products is the exponential, so <v_a, v_b> = log P(a, b) / (P(a) P(b)). Source: lessons
4667 to 4681.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np

from kewen.errors import ConfigError
from kewen.mining.adagrad import AdaGrad, descend
from kewen.mining.cooccurrences import Cooccurrence
from kewen.mining.entries import Entries, pmi_entries
from kewen.mining.estimator import Estimator
from kewen.mining.gradients import Table
from kewen.mining.independence import Independence
from kewen.mining.least_squares import alternate
from kewen.mining.word_vectors import WordVectors
from kewen.settings import RandomState, at_least, generator, real

Tables = Literal["shared", "concat", "sum"]
Solver = Literal["adagrad", "als"]
RIDGE = 3.0  # of a word with few partners, a closed solution fits noise
STEPS = 200  # of AdaGrad in an epoch
LEAST_BATCH = 1 << 13


class PMIWordVectors(Estimator):
    """An estimator: `fit` takes counts and leaves `vectors_` and `losses_`."""

    vectors_: WordVectors
    losses_: list[float]

    def __init__(
        self,
        dim: int = 128,
        *,
        tables: Tables = "shared",
        alpha: float = 0.75,
        x_max: float = 10.0,
        truncate: bool = True,
        unseen: float = 0.3,
        solver: Solver = "adagrad",
        epochs: int = 15,
        learning_rate: float = 0.3,
        batch_size: int | None = None,
        ridge: float = RIDGE,
        dtype: str = "float32",
        random_state: RandomState = 0,
        compiled: bool | None = None,
    ):
        """Note what to do.

        Args:
            dim: of a vector.
            tables: "shared" has one vector a word, and its squared norm comes to be
                -log P. "concat" and "sum" train another vector for a word that stands
                around others, and join both (2 dim numbers) or add them up.
            alpha: a pair seen x times weighs (x / x_max)^alpha.
            x_max: see alpha; 10 suits millions of words. The lesson, with a hundred
                times as much, took 100 and learned at 0.1. With unseen=1, 30 is better.
            truncate: whether no weight exceeds 1. Better for meaning; without it the
                norms of frequent words are better fitted.
            unseen: how much all pairs, also those never seen, are asked to be
                independent, as a share of what they would weigh if seen as often as
                chance has it. 0 is the lesson's objective, which fits seen pairs alone;
                1 is best for analogies.
            solver: "adagrad" takes steps over mini-batches, "als" solves for each
                word's vector with the others fixed.
            epochs: how often all pairs are gone through.
            learning_rate: of AdaGrad.
            batch_size: pairs a step of AdaGrad; None takes 1 / 200 of all.
            ridge: of als, in the unit of the weights.
            dtype: "float32" or "float64".
            random_state: of first values and order, a seed or a generator; the same
                seed gives the same vectors.
            compiled: by numba or not; None takes it if it is installed.
        """
        self.dim = dim
        self.tables: Tables = tables
        self.alpha = alpha
        self.x_max = x_max
        self.truncate = truncate
        self.unseen = unseen
        self.solver = solver
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.ridge = ridge
        self.dtype = dtype
        self.random_state = random_state
        self.compiled = compiled

    def fit(self, counts: Cooccurrence, y: object = None) -> "PMIWordVectors":
        """Train on counts; the corpus is not needed.

        Raises:
            ConfigError: for a setting that cannot be.
            DataError: if no two different words stand near each other.
            TrainingError: if the loss stops being a number.
        """
        for _ in self.rounds(counts):
            pass
        return self

    def rounds(self, counts: Cooccurrence) -> Iterator[float]:
        """`fit`, epoch by epoch: the mean loss of each; `vectors_` is up to date."""
        self._check()
        entries = pmi_entries(
            counts,
            alpha=self.alpha,
            x_max=self.x_max,
            truncate=self.truncate,
            dtype=self.dtype,
        )
        independence = None
        if self.unseen > 0:
            independence = Independence.by_chance(
                counts, self.alpha, self.x_max, self.unseen, self.dtype
            )
        first, second, losses = self.factorize(entries, independence)
        self.losses_ = []
        for loss in losses:
            self.losses_.append(loss)
            self.vectors_ = WordVectors(
                counts.lexicon.words,
                joined(first, second, self.tables),
                counts.lexicon.counts,
            )
            yield loss

    def factorize(
        self, entries: Entries, independence: Independence | None = None
    ) -> tuple[Table, Table | None, Iterator[float]]:
        """The tables, not trained yet, and the epochs that train them in place."""
        self._check()
        random = generator(self.random_state)
        first = first_values(random, entries.size, self.dim, self.dtype)
        second = None
        if self.tables != "shared":
            second = first_values(random, entries.size, self.dim, self.dtype)
        if self.solver == "als":
            rounds = alternate(
                entries,
                first,
                second,
                epochs=self.epochs,
                ridge=self.ridge,
                independence=independence,
            )
            return first, second, rounds
        rounds = descend(
            entries,
            AdaGrad(first, self.learning_rate),
            None if second is None else AdaGrad(second, self.learning_rate),
            epochs=self.epochs,
            batch_size=self.batch_size or usual_batch(len(entries)),
            generator=random,
            compiled=self.compiled,
            independence=independence,
        )
        return first, second, rounds

    def _check(self) -> None:
        for name, known in (
            ("tables", get_args(Tables)),
            ("solver", get_args(Solver)),
        ):
            check_one_of(name, getattr(self, name), known)
        check_numbers(self, also_positive=("ridge",), also_from_0=("unseen",))


def check_numbers(
    settings: Estimator,
    *,
    also_positive: Sequence[str] = (),
    also_from_0: Sequence[str] = (),
) -> None:
    """The numbers that word vectors are trained by are possible ones.

    Raises:
        ConfigError: if one is not.
    """
    values = settings.get_params()
    check_one_of("dtype", values["dtype"], ("float32", "float64"))
    for name in ("dim", "epochs", "batch_size"):
        if values[name] is not None:
            at_least(name, values[name], 1)
    for name in ("x_max", "learning_rate", *also_positive):
        if not 0 < real(name, values[name], "above 0") < np.inf:
            raise ConfigError(f"{name} must be above 0. Received: {values[name]}.")
    for name in ("alpha", *also_from_0):
        if not 0 <= real(name, values[name], "at least 0") < np.inf:
            raise ConfigError(f"{name} must be at least 0. Received: {values[name]}.")


def check_one_of(name: str, value: object, known: Sequence[str]) -> None:
    """Raises ConfigError unless the value is among the known ones."""
    if value not in known:
        raise ConfigError(
            f"{name} must be one of {', '.join(known)}. Received: {value!r}."
        )


def usual_batch(pairs: int) -> int:
    """Enough steps an epoch that few epochs do, few enough to be worth a step."""
    return max(LEAST_BATCH, -(-pairs // STEPS))


def first_values(random: np.random.Generator, size: int, dim: int, dtype: str) -> Table:
    """Uniform between -0.5 and 0.5, over the dimension."""
    return ((random.random((size, dim)) - 0.5) / dim).astype(dtype)


def joined(first: Table, second: Table | None, tables: Tables) -> Table:
    """The vectors that a user gets: a copy."""
    if second is None:
        return first.copy()
    if tables == "concat":
        return np.concatenate([first, second], axis=1)
    return first + second
