"""What a DeBERTa of version 2 or 3 is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kewen.layers.activations import activation
from kewen.layers.attention.disentangled import KINDS
from kewen.models.bert.config import BertConfig
from kewen.models.config import require

NORMS = ("none", "layer_norm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DebertaConfig(BertConfig):
    """DeBERTa-v2 and v3; the defaults are v2-xlarge's without its convolution."""

    vocabulary_size: int = 128100  # V
    hidden_dim: int = 1536  # C
    num_layers: int = 24
    num_heads: int = 24
    intermediate_dim: int = 6144  # width inside the feed-forward layers
    segment_vocabulary_size: int = 0  # rows of the segment table
    norm_epsilon: float = 1e-7  # of every layer norm
    absolute_positions: bool = True  # whether embeddings know positions
    relative_attention: bool = False  # whether attention knows distances
    position_kinds: Sequence[str] = ()  # how; out of "c2p" and "p2c"
    num_buckets: int = -1  # half the rows of the distance table; -1: one a distance
    max_distance: int = -1  # the furthest that is told apart; max_length if -1
    share_projections: bool = False  # of tokens and of distances
    distance_norm: str = "none"  # of the distance table; or "layer_norm"
    pooler_activation: str = "gelu"  # of the pooled vector
    pooler_dropout: float = 0.0  # before the pooler
    legacy_masked_lm: bool = True  # which of the head's two sets of names files have

    family: ClassVar[str] = "deberta"
    SPARE_ROWS: ClassVar = True  # V of v3 is 128,100, for 128,001 tokens
    KEYS: ClassVar = {
        **BertConfig.KEYS,
        "classifier_dropout": ("cls_dropout",),
        "absolute_positions": ("position_biased_input",),
        "relative_attention": ("relative_attention",),
        "position_kinds": ("pos_att_type",),
        "num_buckets": ("position_buckets",),
        "max_distance": ("max_relative_positions",),
        "share_projections": ("share_att_key",),
        "distance_norm": ("norm_rel_ebd",),
        "pooler_activation": ("pooler_hidden_act",),
        "pooler_dropout": ("pooler_dropout",),
        "legacy_masked_lm": ("legacy",),
    }
    ONLY: ClassVar = {"conv_kernel_size": 0}

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; "p2c|c2p" is a list of two, and widths must be one."""
        kinds = data.get("pos_att_type")
        if isinstance(kinds, str):
            names = [each.strip() for each in kinds.lower().split("|")]
            data = {**data, "pos_att_type": [each for each in names if each]}
        norm = data.get("norm_rel_ebd")
        if isinstance(norm, str):
            data = {**data, "norm_rel_ebd": norm.strip().lower()}
        width, heads = data.get("hidden_size"), data.get("num_attention_heads")
        for key in ("embedding_size", "pooler_hidden_size"):
            require(
                data.get(key) in (None, width),
                f"{where}: {key} must be hidden_size; another network is not built "
                "here.",
                f"{data.get(key)!r}, hidden_size={width!r}",
            )
        size = data.get("attention_head_size")
        whole = all(type(each) is int for each in (width, heads, size))
        require(
            size is None or (whole and size * heads == width),
            f"{where}: attention_head_size must be hidden_size / num_attention_heads; "
            "another network is not built here.",
            f"{size!r}",
        )
        return super().fields_in(data, where=where)

    @property
    def furthest(self) -> int:
        """The furthest distance that has a row in the table."""
        return self.max_distance if self.max_distance > 0 else self.max_length

    @property
    def buckets(self) -> int:
        """Half the rows of the table where distances share rows, else 0."""
        return max(self.num_buckets, 0)

    @property
    def longest_text(self) -> int:
        """Most tokens of a text: positions of the table, or what it was trained for."""
        return self.max_length

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_flag(
            "absolute_positions",
            "relative_attention",
            "share_projections",
            "legacy_masked_lm",
        )
        self.require_whole("num_buckets", "max_distance", at_least=-1)
        self.require_rate("pooler_dropout")
        activation(self.pooler_activation)
        require(
            self.distance_norm in NORMS,
            f"distance_norm (norm_rel_ebd) must be one of {NORMS}.",
            f"{self.distance_norm!r}",
        )
        kinds = self.position_kinds
        require(
            isinstance(kinds, list | tuple)
            and not set(map(str, kinds)) - set(KINDS)
            and len(set(kinds)) == len(kinds)
            and (bool(kinds) or not self.relative_attention),
            f"position_kinds (pos_att_type) must be out of {KINDS}, and with "
            "relative_attention at least one.",
            f"{kinds!r}",
        )
        require(
            not self.buckets or 2 <= self.buckets // 2 < self.furthest - 1,
            "num_buckets (position_buckets) must be at least 4, and half of it less "
            "than max_distance (max_relative_positions) - 1.",
            f"num_buckets={self.num_buckets}, max_distance={self.furthest}",
        )
