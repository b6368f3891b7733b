"""One table of what must keep the contracts: every layer, and every family.

A layer's row: how it is made and what it is called with; a family's: a tiny config.
"""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from kewen import layers
from kewen.models import Backbone, family

B, T, C, H = 2, 6, 8, 2
RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(size=(B, T, C)).astype("float32")
TOKEN_IDS = RNG.integers(5, 20, (B, T)).astype("int32")
SEGMENT_IDS = np.repeat([[0, 0, 0, 1, 1, 1]], B, axis=0).astype("int32")
GENERATION_ORDER = np.repeat([[0, 4, 2, 5, 3, 1]], B, axis=0).astype("int32")
IS_TOKEN = np.ones((B, T), bool)
IS_TOKEN[1, 4:] = False
DISTANCES = RNG.normal(size=(18, C)).astype("float32")
CONDITION = RNG.normal(size=(B, 3)).astype("float32")
ANGLES = (np.arange(T)[None, :, None] * np.array([1.0, 0.1])).astype("float32")


@dataclass(frozen=True)
class LayerRow:
    make: Any  # class
    options: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = (HIDDEN,)
    named: dict[str, Any] = field(default_factory=dict)

    def __str__(self):
        values = (getattr(value, "name", value) for value in self.options.values())
        return "-".join([self.make.__name__, *map(str, values)])


MASK = {"attention_mask": IS_TOKEN[:, None]}
LAYERS = [
    LayerRow(
        layers.AlignedBidirectional,
        {"layer": keras.layers.GRU(3, return_sequences=True)},
        (HIDDEN, IS_TOKEN),
    ),
    LayerRow(layers.AttentionMask, {"kind": "bidirectional"}, (IS_TOKEN,)),
    LayerRow(layers.AttentionMask, {"kind": "causal"}, (IS_TOKEN,)),
    LayerRow(layers.AttentionMask, {"kind": "unilm"}, (IS_TOKEN, SEGMENT_IDS)),
    LayerRow(
        layers.AttentionMask,
        {"kind": "permuted"},
        (IS_TOKEN,),
        named={"order": np.tile(np.arange(T, dtype="int32")[::-1], (B, 1))},
    ),
    LayerRow(
        layers.AttentionMask, {"kind": "bidirectional", "window": (1, 1)}, (IS_TOKEN,)
    ),
    LayerRow(layers.AttentionMask, {"kind": "causal", "window": (2, 0)}, (IS_TOKEN,)),
    LayerRow(layers.Bias),
    LayerRow(
        layers.BucketedPositions,
        {"num_heads": H, "num_buckets": 8, "max_distance": 9, "initializer": "normal"},
    ),
    LayerRow(
        layers.BucketedPositions,
        {"num_heads": H, "bidirectional": False, "initializer": "normal"},
    ),
    LayerRow(layers.Dense, {"units": 5, "activation": "gelu"}),
    LayerRow(
        layers.DisentangledAttention,
        {"num_heads": H, "max_distance": 9},
        (HIDDEN, DISTANCES),
        named=MASK,
    ),
    LayerRow(
        layers.DisentangledAttention,
        {
            "num_heads": H,
            "kinds": ("c2p",),
            "num_buckets": 4,
            "max_distance": 9,
            "share_projections": True,
        },
        (HIDDEN, DISTANCES),
    ),
    LayerRow(layers.DistanceTable, {"num_rows": 5, "initializer": "normal"}),
    LayerRow(layers.ConditionalNorm, {"epsilon": 1e-6}, (HIDDEN, CONDITION)),
    LayerRow(
        layers.ConditionalNorm,
        {"hidden_dim": 4, "hidden_activation": "tanh"},
        (HIDDEN, CONDITION),
    ),
    LayerRow(layers.Dropout, {"rate": 0.5}),
    LayerRow(
        layers.EinsumDense,
        {"equation": "btc,chd->bthd", "output_shape": (T, 2, 3), "bias_axes": "hd"},
    ),
    LayerRow(layers.FeedForward, {"intermediate_dim": 12, "activation": "gelu"}),
    LayerRow(
        layers.FeedForward,
        {
            "intermediate_dim": 12,
            "activation": "silu",
            "gated": True,
            "use_bias": False,
        },
    ),
    LayerRow(
        layers.FeedForward,
        {"intermediate_dim": 12, "activation": ["gelu", "tanh", "linear"]},
    ),
    LayerRow(
        layers.GatedAttentionUnit, {"intermediate_dim": 12, "key_dim": 4}, named=MASK
    ),
    LayerRow(
        layers.GatedAttentionUnit,
        {
            "intermediate_dim": 12,
            "key_dim": 4,
            "normalization": "softmax_plus",
            "use_bias": False,
        },
        named={**MASK, "rotary": (np.cos(ANGLES), np.sin(ANGLES))},
    ),
    LayerRow(
        layers.GatedAttentionUnit,
        {"intermediate_dim": 12, "key_dim": 4, "across": True},
        (HIDDEN, HIDDEN),
    ),
    LayerRow(layers.HierarchicalPositions, {"max_length": 3, "initializer": "normal"}),
    LayerRow(layers.LearnedPositions, {"max_length": 9, "initializer": "normal"}),
    LayerRow(layers.MultiHeadAttention, {"num_heads": H}, named=MASK),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": H, "use_bias": False, "rotary_layout": "halves"},
        named={"rotary": (np.cos(ANGLES), np.sin(ANGLES))},
    ),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": 4, "num_kv_heads": 2, "head_dim": 6, "use_output_bias": False},
        named=MASK,
    ),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": H, "key_dim": 5, "scale": 0.3, "soft_cap": 2.0},
        named=MASK,
    ),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": H, "norm_epsilon": 1e-6, "norm_offset": 1.0},
        named=MASK,
    ),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": H, "normalization": "softmax_plus"},
        named={**MASK, "relations": RNG.normal(size=(T, T, C // H)).astype("float32")},
    ),
    LayerRow(
        layers.MultiHeadAttention,
        {"num_heads": H, "normalization": "squared_relu"},
        named={**MASK, "rotary": (np.cos(ANGLES), np.sin(ANGLES))},
    ),
    LayerRow(layers.Pooling, {"mode": "first"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.Pooling, {"mode": "cls"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.Pooling, {"mode": "last"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.Pooling, {"mode": "mean"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.Pooling, {"mode": "max"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.Pooling, {"mode": "std"}, (HIDDEN, IS_TOKEN)),
    LayerRow(layers.PositionsAfterPadding, {"pad_id": 1}, (TOKEN_IDS,)),
    LayerRow(layers.PositionsInRow, {}, (TOKEN_IDS,)),
    LayerRow(layers.PositionsOfTokens, {}, (IS_TOKEN,)),
    LayerRow(layers.RMSNorm, {"epsilon": 1e-6}),
    LayerRow(layers.RMSNorm, {"scale": False}),
    LayerRow(layers.RMSNorm, {"offset": 1.0}),
    LayerRow(layers.RelativePositions, {"dim": 4, "farthest": 2}),
    LayerRow(layers.ReverseTokens, {}, (HIDDEN, IS_TOKEN)),
    LayerRow(
        layers.SegmentEmbedding,
        {"num_segments": 2, "initializer": "normal"},
        (HIDDEN, SEGMENT_IDS),
    ),
    LayerRow(layers.SoftCap, {"cap": 0.5}),
    LayerRow(
        layers.TakePlaces, {}, (HIDDEN, np.array([[1, 5, 1], [0, 2, 3]], "int32"))
    ),
    LayerRow(layers.TokenEmbedding, {"input_dim": 20, "output_dim": C}, (TOKEN_IDS,)),
]

WINDOW = 3  # less than T, so that it is seen
SIZES = {
    "vocabulary_size": 20,
    "hidden_dim": C,
    "num_layers": 2,
    "num_heads": H,
    "intermediate_dim": 12,
    "max_length": 40,
    "num_labels": 3,
}


@dataclass(frozen=True, eq=False)
class FamilyRow:
    name: str
    left_padding_moves_positions: bool = False  # so that left padding needs them
    sizes: dict[str, Any] = field(default_factory=lambda: SIZES)

    def __str__(self):
        return self.name

    @property
    def config(self):
        return family(self.name).config(**self.sizes)

    @property
    def head(self):
        """A head that every model of the family can have."""
        heads = family(self.name).heads
        return "masked_lm" if "masked_lm" in heads else "language_model"

    def made(self, **options):
        """A model of random weights, biases and norms included."""
        model = Backbone(self.config, **options)
        rng = np.random.default_rng(0)
        for path, weight in model.weights_by_path().items():
            drawn = rng.normal(size=weight.shape) * 0.5
            weight.assign(1 + drawn if path.endswith("gamma") else drawn)
        return model


FAMILIES = [
    FamilyRow(
        "albert", True, {**SIZES, "embedding_dim": 4, "num_layers": 3, "num_groups": 2}
    ),
    FamilyRow("bert", left_padding_moves_positions=True),
    FamilyRow(
        "bert",
        left_padding_moves_positions=True,
        sizes={
            **SIZES,
            "embedding_dim": 4,
            "key_dim": 3,
            "activation": ["gelu", "linear"],
            "residual_attention": "cumulative",
            "hierarchical_positions": 0.4,
        },
    ),
    FamilyRow(
        "deberta",
        left_padding_moves_positions=True,
        sizes={
            **SIZES,
            "relative_attention": True,
            "position_kinds": ("p2c", "c2p"),
            "num_buckets": 4,
        },
    ),
    FamilyRow("distilbert", left_padding_moves_positions=True),
    FamilyRow(
        "gemma3",
        sizes={**SIZES, "num_kv_heads": 1, "head_dim": 6, "query_scalar": 9.0}
        | {"sliding_window": WINDOW, "window_period": 2, "logit_soft_cap": 3.0},
    ),
    FamilyRow("gpt"),
    FamilyRow("gpt2"),
    FamilyRow("gpt2_ml"),
    FamilyRow("electra", True, {**SIZES, "embedding_dim": 4}),
    FamilyRow("gau_alpha", sizes={**SIZES, "key_dim": 4, "embedding_dim": 4}),
    FamilyRow("llama", sizes={**SIZES, "num_kv_heads": 1}),
    FamilyRow("mistral", sizes={**SIZES, "num_kv_heads": 1, "sliding_window": WINDOW}),
    FamilyRow(
        "modernbert",
        sizes={**SIZES, "num_layers": 3, "local_window": 4, "pad_id": 0},
    ),
    FamilyRow("nezha", sizes={**SIZES, "farthest": 2}),
    FamilyRow("qwen2", sizes={**SIZES, "num_kv_heads": 1}),
    FamilyRow("qwen3", sizes={**SIZES, "num_kv_heads": 1, "head_dim": 6}),
    FamilyRow("roberta"),
    FamilyRow("roformer", sizes={**SIZES, "embedding_dim": 4}),
    FamilyRow("roformer_v2", sizes={**SIZES, "embedding_dim": 4}),
]

PAIR_SIZES = {
    "vocabulary_size": 20,
    "hidden_dim": C,
    "num_layers": 2,
    "num_decoder_layers": 3,
    "num_heads": H,
    "intermediate_dim": 12,
}
ENCODER_DECODERS = [
    FamilyRow("bart", sizes={**PAIR_SIZES, "max_length": 20, "scale_embedding": True}),
    FamilyRow("mt5", sizes={**PAIR_SIZES, "head_dim": 3}),
    FamilyRow("t5", sizes={**PAIR_SIZES, "num_buckets": 8, "max_distance": 9}),
]


class TableFromOutside(keras.layers.Layer):
    """Stands where the token table is, and looks ids up in whatever it is given."""

    def __init__(self, width=C, **options):
        super().__init__(**options)
        self.width = width

    def call(self, token_ids):
        return ops.take(self.table, token_ids, axis=0)

    def compute_output_spec(self, token_ids):
        return keras.KerasTensor((*token_ids.shape, self.width))


def inputs_of(model, token_ids=TOKEN_IDS, segment_ids=SEGMENT_IDS, is_token=None):
    """A model's inputs by name, as far as it takes them."""
    given = {
        "token_ids": token_ids,
        "segment_ids": segment_ids,
        "padding_mask": np.ones_like(token_ids, bool) if is_token is None else is_token,
        "generation_order": GENERATION_ORDER[: len(token_ids)],
    }
    return {name: given[name] for name in model.inputs_by_name if name in given}
