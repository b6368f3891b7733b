"""BERT's vector for the whole input."""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Pooling

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def pooler(
    parts: Make, hidden: Tensor, padding_mask: Tensor, *, activation: Any, **dense: Any
) -> Tensor:
    """Dense and activation over the first token: (B, T, C) to (B, C).

    Layers: `first_token`, `pooler`.

    Source: Devlin et al., 2019 (arXiv 1810.04805), "C" of figure 4.
    """
    first = parts(Pooling, "first_token", mode="cls")(hidden, padding_mask)
    width = hidden.shape[-1]
    return parts(
        keras.layers.Dense, "pooler", units=width, activation=activation, **dense
    )(first)
