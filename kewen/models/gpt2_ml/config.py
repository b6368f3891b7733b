"""GPT2_ML's config: GPT's, with other habits."""

import dataclasses
from typing import ClassVar

from kewen.models.gpt import GptConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gpt2MlConfig(GptConfig):
    """GPT2_ML; the defaults are the Chinese one of 1.4 billion parameters.

    A vocabulary of 8021 tokens makes it the one that was trained on 30 GB of text.
    """

    vocabulary_size: int = 21128  # V
    hidden_dim: int = 1536  # C; must be a multiple of num_heads
    num_layers: int = 48
    num_heads: int = 24
    intermediate_dim: int = 6144  # width inside the feed-forward layers
    activation: str = "gelu"  # inside the feed-forward layers
    attention_dropout: float = 0.0  # of attention probabilities
    max_length: int = 1024  # rows of the position table
    initializer_range: float = 0.01414  # standard deviation of new kernels

    family: ClassVar[str] = "gpt2_ml"
    KEYS: ClassVar = {
        **{k: v for k, v in GptConfig.KEYS.items() if k != "segment_vocabulary_size"},
        "activation": ("activation_function", "hidden_act"),
    }
