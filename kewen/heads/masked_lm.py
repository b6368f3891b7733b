"""Which token stood here?"""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Bias, Dense

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def masked_lm(
    parts: Make,
    hidden: Tensor,
    *,
    token_embedding: keras.layers.Layer,
    tie: bool,
    activation: Any,
    norm_epsilon: float,
    norm: Callable[[str, Tensor], Tensor] | None = None,
    **dense: Any,
) -> Tensor:
    """Dense, activation, norm, then scores of all tokens: (B, T, C) to (B, T, V).

    The width between is that of the token table.

    Layers: `mlm_dense`, `mlm_norm`, and `mlm_bias` if tied, else `mlm_decoder`, which
    has a bias of its own.

    Args:
        parts: where the layers come from.
        hidden: float, (B, T, C).
        token_embedding: the input table, used once more if `tie`.
        tie: whether the output table is the input table.
        activation: of the dense layer.
        norm_epsilon: of the norm.
        norm: draws the norm of that name instead, where it is another.
        **dense: options of the dense layers.

    Source: Devlin et al., 2019, section 3.1 (arXiv 1810.04805).
    """
    width = token_embedding.output_dim
    hidden = parts(Dense, "mlm_dense", units=width, activation=activation, **dense)(
        hidden
    )
    if norm is None:
        layer = parts(keras.layers.LayerNormalization, "mlm_norm", epsilon=norm_epsilon)
        hidden = layer(hidden)
    else:
        hidden = norm("mlm_norm", hidden)
    if tie:
        return parts(Bias, "mlm_bias")(token_embedding(hidden, reverse=True))
    units = token_embedding.input_dim
    return parts(Dense, "mlm_decoder", units=units, **dense)(hidden)
