"""GPT-2's config: GPT's, with other habits."""

import dataclasses
from typing import ClassVar

from kewen.models.gpt import GptConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gpt2Config(GptConfig):
    """GPT-2 and CPM-LM; the defaults are GPT-2 of 124 million parameters."""

    vocabulary_size: int = 50257  # V
    max_length: int = 1024  # rows of the position table
    classifier_dropout: float = 0.1  # before a classifier of tokens
    scale_by_layer: bool = False  # scores of block i are divided by i + 1 too

    family: ClassVar[str] = "gpt2"
    KEYS: ClassVar = {
        **{k: v for k, v in GptConfig.KEYS.items() if k != "segment_vocabulary_size"},
        "activation": ("activation_function", "hidden_act"),
        "classifier_dropout": ("classifier_dropout",),
        "scale_by_layer": ("scale_attn_by_inverse_layer_idx",),
    }
    ONLY: ClassVar = {"scale_attn_weights": True, "add_cross_attention": False}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_flag("scale_by_layer")
        self.require_rate("classifier_dropout")
