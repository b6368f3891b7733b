"""One label for a sequence, or one for each token."""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Dense, Dropout

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def classify_sequence(
    parts: Make,
    pooled: Tensor,
    *,
    name: str,
    num_labels: int,
    dropout: float,
    **dense: Any,
) -> Tensor:
    """Dropout and a dense layer: (B, C) to logits (B, L). Layers: `{name}`, dropout."""
    kept = parts(Dropout, f"{name}_dropout", rate=dropout)(pooled)
    return parts(Dense, name, units=num_labels, **dense)(kept)


def classify_tokens(
    parts: Make, hidden: Tensor, *, num_labels: int, dropout: float, **dense: Any
) -> Tensor:
    """The same at every token: (B, T, C) to logits (B, T, L). Layer: `tagger`."""
    kept = parts(Dropout, "tagger_dropout", rate=dropout)(hidden)
    return parts(Dense, "tagger", units=num_labels, **dense)(kept)
