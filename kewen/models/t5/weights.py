"""Where T5's weights stand in files.

Hugging Face's names are one column, Mesh TensorFlow's (bert4keras' too) the other.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Row,
    Skip,
    Source,
    WeightMap,
)


def _attention(ours: str, hf: str, tf: str) -> list[Row]:
    into = ((part, part[0]) for part in ("query", "key", "value"))
    return [
        *(
            Row(
                f"{ours}/{part}/kernel",
                hf=Source(f"{hf}.{letter}.weight", TRANSPOSE, SPLIT_HEADS),
                tf=Source(f"{tf}/{letter}", SPLIT_HEADS),
            )
            for part, letter in into
        ),
        Row(
            f"{ours}/output/kernel",
            hf=Source(f"{hf}.o.weight", TRANSPOSE, MERGE_HEADS),
            tf=Source(f"{tf}/o", MERGE_HEADS),
        ),
    ]


def _feed_forward(ours: str, hf: str, tf: str) -> list[Row]:
    def row(part: str, theirs: str, **condition: str) -> Row:
        return Row(
            f"{ours}/{part}/kernel",
            hf=Source(f"{hf}.{theirs}.weight", TRANSPOSE),
            tf=f"{tf}/{theirs}/kernel",
            **condition,
        )

    gate = f"{ours}/gate/kernel"
    return [
        row("gate", "wi_0"),
        row("inner", "wi_1", beside=gate),
        row("inner", "wi", without=gate),
        row("outer", "wo"),
    ]


def _stack(side: str, count: str, sublayers: list[str], norm: str) -> list[Row]:
    """A stack whose blocks' number is written `{count}`."""
    rows = [
        Row(
            f"{side}_position_bias/embeddings",
            hf=f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            tf=Source(
                f"{side}/block_000/layer_000/SelfAttention/relative_attention_bias",
                TRANSPOSE,
            ),
        ),
        Row(
            f"{side}_final_norm/gamma",
            hf=f"{side}.final_layer_norm.weight",
            tf=f"{side}/{_FINAL[norm]}/scale",
        ),
    ]
    for number, sublayer in enumerate(sublayers):
        ours = f"{side}_block_{{{count}}}_{_OURS[sublayer]}"
        hf = f"{side}.block.{{{count}}}.layer.{number}"
        tf = f"{side}/block_{{{count * 3}}}/layer_{number:03}"
        make = _feed_forward if sublayer == "DenseReluDense" else _attention
        rows += make(ours, f"{hf}.{sublayer}", f"{tf}/{sublayer}")
        rows.append(
            Row(
                f"{ours}_norm/gamma",
                hf=f"{hf}.layer_norm.weight",
                tf=f"{tf}/{norm}/scale",
            )
        )
    return rows


_OURS = {
    "SelfAttention": "attention",
    "EncDecAttention": "cross_attention",
    "DenseReluDense": "feedforward",
}

_FINAL = {"layer_norm": "final_layer_norm", "rms_norm": "rms_norm"}
ENCODER = ["SelfAttention", "DenseReluDense"]
DECODER = ["SelfAttention", "EncDecAttention", "DenseReluDense"]


def weights(norm: str) -> WeightMap:
    """The map of files that call norms "layer_norm" (T5) or "rms_norm" (mT5)."""
    return WeightMap([*_rows(norm), *SKIPS], bases={"hf": ("",)})


def untied_if_other(
    checkpoint: Mapping[str, Any], config_json: Mapping[str, Any]
) -> dict[str, Any]:
    """A head whose table differs from the tokens' is no tied one.

    transformers 5 writes tie_word_embeddings: true for every T5, and bert4keras' files
    say nothing.
    """
    if "decoder/logits/kernel" in checkpoint:
        return {"tie_embeddings": False}
    if not {"lm_head.weight", "shared.weight"} <= set(checkpoint):
        return {}
    same = np.array_equal(checkpoint["lm_head.weight"], checkpoint["shared.weight"])
    return {} if same else {"tie_embeddings": False}


def _rows(norm: str) -> list[Row]:
    return [
        Row("token_embedding/embeddings", hf="shared.weight", tf="shared/embedding"),
        *_stack("encoder", "i", ENCODER, norm),
        *_stack("decoder", "j", DECODER, norm),
        Row(
            "lm_decoder/kernel",
            hf=Source("lm_head.weight", TRANSPOSE),
            tf="decoder/logits/kernel",
        ),
    ]


SKIPS = [
    *(
        Skip(name, because="the token table, tied", same_as="shared.weight")
        for name in (
            "encoder.embed_tokens.weight",
            "decoder.embed_tokens.weight",
            "lm_head.weight",
        )
    ),
    *(
        Skip(
            f"decoder{dot}block*EncDecAttention{dot}relative_attention_bias*",
            because="a table that cross-attention of T5 does not use",
        )
        for dot in (".", "/")
    ),
    *(
        Skip(pattern, because="state of the optimizer", origin="tf")
        for pattern in ("*_slot_v", "*_slot_vr", "*_slot_vc", "*_slot_m")
    ),
    Skip("global_step", because="state of the optimizer", origin="tf"),
]
