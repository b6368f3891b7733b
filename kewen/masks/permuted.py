"""Tokens in the order in which they are generated, wherever they stand."""

from typing import Any

from keras import ops

Tensor = Any


def permuted(order: Tensor) -> Tensor:
    """A query may look at its own position and at those that are generated before it.

    The same as putting the tokens in this order, with their own position ids, under
    `causal`. Padding comes last, or is left out by `all_of(..., padding(...))`.

    Args:
        order: int, (B, T); `[b, k]` is the position that is generated as number k. Each
            row has every position once.

    Returns:
        bool, (B, T, T). `[b, t, s]` is True where s comes no later in the order than t.

    Example: the order `[[0, 2, 1]]` gives rows `100 111 101`.

    Source: Yang et al., 2019, section 2.2 (arXiv 1906.08237), whose z is `order`;
    lesson 6933.
    """
    places = ops.argsort(order, axis=-1)
    return ops.expand_dims(places, 1) <= ops.expand_dims(places, 2)
