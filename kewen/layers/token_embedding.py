"""Ids to vectors, and back to scores over the vocabulary with the same table."""

from typing import Any

import keras

from kewen.layers.initial_values import TruncatedNormal
from kewen.layers.rematerialized import Rematerialized


@keras.saving.register_keras_serializable("kewen")
class TokenEmbedding(Rematerialized, keras.layers.ReversibleEmbedding):
    """A table of token vectors; `reverse=True` multiplies by its transpose.

    Keras' own layer (quantisation and LoRA included), with BERT's initial values. It
    makes no Keras mask: padding is an explicit input of every kewen model.

    Args:
        input_dim: V, the vocabulary size.
        output_dim: C, the width.

    Call arguments:
        inputs: int, (B, T); with `reverse=True` float, (B, T, C).
        reverse: whether to give logits (B, T, V) instead of vectors (B, T, C).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        # Keras annotates a name, and takes an object as well.
        initializer: Any = embeddings_initializer or TruncatedNormal(stddev=0.02)
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=initializer,
            **kwargs,
        )
