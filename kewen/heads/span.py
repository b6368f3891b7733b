"""Where does the answer begin, and where does it end?"""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers import Dense

Tensor = Any
Make = Callable[..., keras.layers.Layer]


def answer_span(parts: Make, hidden: Tensor, **dense: Any) -> tuple[Tensor, Tensor]:
    """Two scores a token: (B, T, C) to start and end logits, (B, T) each.

    Layer: `span`.

    Source: Devlin et al., 2019, section 4.2 (arXiv 1810.04805).
    """
    logits = parts(Dense, "span", units=2, **dense)(hidden)
    return logits[..., 0], logits[..., 1]
