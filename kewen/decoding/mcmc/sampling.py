"""Many chains side by side: starts in, chains out."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Protocol

import numpy as np

from kewen.decoding.drawing import keys_of, uniforms
from kewen.decoding.mcmc.chain import Chain, Event
from kewen.decoding.mcmc.editable import Editable
from kewen.decoding.mcmc.metropolis import check_possible
from kewen.decoding.rules.checks import MOST_SEED, is_finite, is_whole
from kewen.errors import ConfigError

Array = np.ndarray
DRAWS = 4  # random numbers a step


class Kernel(Protocol):
    """One step of many chains: `MetropolisHastings` or `Gibbs`."""

    def weigh(self, texts: Sequence[Editable]) -> Array:
        """Log rho of each text, (N,)."""
        ...

    def step(
        self,
        texts: Sequence[Editable],
        weights: Array,
        luck: Array,
        temperature: float,
    ) -> list[Event]:
        """What each chain does; `luck` is (N, 4)."""
        ...


class Cooling:
    """Simulated annealing: a temperature that falls by the same factor at each step.

    Args:
        first: at step 0.
        last: at step `steps - 1` and later.
        steps: how many it takes.

    Raises:
        ConfigError: if a temperature is no number above 0, or there are fewer than 2
            steps.

    Source: Kirkpatrick et al., 1983; lesson 8084.
    """

    def __init__(self, first: float, last: float, steps: int) -> None:
        is_whole("steps", steps, 2)
        is_finite("first", first)
        is_finite("last", last)
        if first <= 0 or last <= 0:
            raise ConfigError(
                f"Cooling needs temperatures above 0. Received: {first} to {last}. For "
                "hill climbing give the temperature 0."
            )
        self._first = first
        self._last = last
        self._steps = steps

    def __call__(self, step: int) -> float:
        """The temperature at a step, from 0."""
        share = min(step / (self._steps - 1), 1.0)
        return self._first * (self._last / self._first) ** share


def sample(
    kernel: Kernel,
    starts: Sequence[Editable],
    steps: int,
    *,
    seed: int = 0,
    temperature: float | Callable[[int], float] = 1.0,
) -> list[Chain]:
    """Run a chain from each start, all as one batch.

    Each model is asked once a step, for all chains together. What a chain draws depends
    on the seed, its start, and how many equal starts came before it; not on the others.
    (A model's own rounding may differ with the shape of a batch.)

    Args:
        kernel: `MetropolisHastings` or `Gibbs`.
        starts: may be equal.
        steps: of each chain.
        seed: of all that is drawn.
        temperature: a number, or a function of the step, such as `Cooling`; 1 draws
            from the target itself, less prefers the likeliest texts, 0 climbs.

    Raises:
        DataError: if a start is a text that the target forbids.
        ConfigError: if `steps` or `seed` is no whole number, or a temperature below 0.
    """
    is_whole("steps", steps, 0)
    is_whole("seed", seed, 0, MOST_SEED)
    if isinstance(starts, Editable) or not all(
        isinstance(text, Editable) for text in starts
    ):
        raise ConfigError(
            "Chains start from a list of Editable texts, such as Editable.of(ids). "
            f"Received: {starts!r:.100}."
        )
    texts = list(starts)
    keys = keys_of([[*text.ids, -1, *text.words] for text in texts])
    luck = [uniforms(seed, key, steps * DRAWS, "float64") for key in keys]
    table = np.reshape(luck, (len(texts), steps, DRAWS))
    weights = kernel.weigh(texts)
    check_possible(weights)
    chains = [Chain(*pair, []) for pair in zip(texts, weights.tolist(), strict=True)]
    for step in range(steps if texts else 0):
        now = temperature(step) if callable(temperature) else temperature
        if not isinstance(now, Real) or not now >= 0:
            raise ConfigError(f"A temperature must be at least 0. Received: {now!r}.")
        events = kernel.step(texts, weights, table[:, step], now)
        texts = [event.text for event in events]
        weights = np.array([event.weight for event in events])
        for chain, event in zip(chains, events, strict=True):
            chain.events.append(event)
    return chains
