"""Chance under control, without touching the caller's."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Layers made inside draw the same initial values whenever the seed is the same.

    Keras draws the seeds of initializers and of dropout from Python's global generator;
    its state is put back afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def reseed_dropout(model: keras.Model, seed: int) -> None:
    """Every dropout layer of the model starts anew, each on a stream of its own.

    A state is a seed and a count of draws. The seeds differ: layers that differed in
    the count would draw each other's masks, one step later.
    """
    for number, variable in enumerate(model.variables):
        if variable.path.endswith("seed_generator_state"):
            (own,) = np.random.SeedSequence([seed, number]).generate_state(1)
            # Torch keeps a state in int32.
            variable.assign(np.array([own >> 1, 0], "uint32"))
