"""Which token comes next?"""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Dense, SoftCap

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def language_model(
    parts: Make,
    hidden: Tensor,
    *,
    token_embedding: keras.layers.Layer,
    tie: bool,
    soft_cap: float | None = None,
    **dense: Any,
) -> Tensor:
    """Scores of all tokens, without a bias: (B, T, C) to (B, T, V).

    Layers: `lm_decoder` if not tied, `lm_soft_cap` if there is one.

    Args:
        parts: where the layers come from.
        hidden: float, (B, T, C).
        token_embedding: the input table, used once more if `tie`.
        tie: whether the output table is the input table.
        soft_cap: bound of the scores; see `kewen.ops.soft_cap`.
        **dense: options of the dense layer.
    """
    if tie:
        logits = token_embedding(hidden, reverse=True)
    else:
        units = token_embedding.input_dim
        decoder = parts(Dense, "lm_decoder", units=units, use_bias=False, **dense)
        logits = decoder(hidden)
    if soft_cap is None:
        return logits
    return parts(SoftCap, "lm_soft_cap", cap=soft_cap)(logits)
