"""BERT's vector for the whole input."""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Dense, Pooling

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def pooler(
    parts: Make, hidden: Tensor, padding_mask: Tensor, *, activation: Any, **dense: Any
) -> Tensor:
    """Dense and activation over the first column: (B, T, C) to (B, C).

    With left padding that is a pad, in BERT's and transformers' code as here: equal
    logits come first. Pad on the right, or pool with "cls" or "mean".

    Layers: `first_column`, `pooler`.

    Source: Devlin et al., 2019 (arXiv 1810.04805), "C" of figure 4.
    """
    first = parts(Pooling, "first_column", mode="first")(hidden, padding_mask)
    width = hidden.shape[-1]
    return parts(Dense, "pooler", units=width, activation=activation, **dense)(first)
