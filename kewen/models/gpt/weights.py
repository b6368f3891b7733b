"""Where GPT's weights stand in files, and which of them GPT-2 calls the same.

Hugging Face's kernels are not transposed here (its `Conv1D`), and query, key and value
are one tensor; bert4keras' TensorFlow names are BERT's, with "gpt" and "transformer".
"""

from collections.abc import Mapping
from typing import Any

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Row,
    Skip,
    Source,
    Split,
    WeightMap,
)
from kewen.models.bert.weights import TRAINING_STATE
from kewen.models.weight_rows import norm

LAYER = "{base}h.{i}."
TF_LAYER = "gpt/transformer/layer_{i}/"
PARTS = ("query", "key", "value")


def rows_like_gpt(tokens: str, positions: str) -> list[Row | Skip]:
    """All but the norms.

    Args:
        tokens: Hugging Face's name of the token table.
        positions: that of the position table.
    """
    attention, feedforward = "block_{i}_attention", "block_{i}_feedforward"
    return [
        Row(
            "token_embedding/embeddings",
            hf=f"{{base}}{tokens}.weight",
            tf="gpt/embeddings/word_embeddings",
        ),
        Row(
            "segment_embedding/embeddings",
            hf="{base}segments_embed.weight",
            tf="gpt/embeddings/token_type_embeddings",
        ),
        Row(
            "position_embedding/embeddings",
            hf=f"{{base}}{positions}.weight",
            tf="gpt/embeddings/position_embeddings",
        ),
        Row(
            [f"{attention}/{part}/kernel" for part in PARTS],
            hf=Source(f"{LAYER}attn.c_attn.weight", Split(-1), SPLIT_HEADS),
        ),
        Row(
            [f"{attention}/{part}/bias" for part in PARTS],
            hf=Source(f"{LAYER}attn.c_attn.bias", Split(-1), SPLIT_HEADS),
        ),
        *(
            Row(
                f"{attention}/{part}/{kind}",
                tf=Source(f"{TF_LAYER}attention/self/{part}/{kind}", SPLIT_HEADS),
            )
            for part in PARTS
            for kind in ("kernel", "bias")
        ),
        Row(
            f"{attention}/output/kernel",
            hf=Source(f"{LAYER}attn.c_proj.weight", MERGE_HEADS),
            tf=Source(f"{TF_LAYER}attention/output/dense/kernel", MERGE_HEADS),
        ),
        Row(
            f"{attention}/output/bias",
            hf=f"{LAYER}attn.c_proj.bias",
            tf=f"{TF_LAYER}attention/output/dense/bias",
        ),
        *_untransposed(
            f"{feedforward}/inner", f"{LAYER}mlp.c_fc", f"{TF_LAYER}intermediate/dense"
        ),
        *_untransposed(
            f"{feedforward}/outer", f"{LAYER}mlp.c_proj", f"{TF_LAYER}output/dense"
        ),
        Row("lm_decoder/kernel", hf=Source("lm_head.weight", TRANSPOSE)),
        Row("classifier/kernel", hf=Source("score.weight", TRANSPOSE)),
        Skip(
            "lm_head.weight",
            because="the token table, tied",
            same_as=f"{{base}}{tokens}.weight",
        ),
        Skip("{base}h.*.attn.bias", because="a buffer that holds the causal mask"),
        Skip("{base}h.*.attn.masked_bias", because="a buffer that holds -10000"),
        *TRAINING_STATE,
        Skip("{base}position_ids", because="a buffer that holds 0, 1, 2 ..."),
    ]


def _untransposed(ours: str, hf: str, tf: str) -> list[Row]:
    return [
        Row(f"{ours}/kernel", hf=f"{hf}.weight", tf=f"{tf}/kernel"),
        Row(f"{ours}/bias", hf=f"{hf}.bias", tf=f"{tf}/bias"),
    ]


WEIGHTS = WeightMap(
    [
        *rows_like_gpt("tokens_embed", "positions_embed"),
        *norm(
            "block_{i}_attention_norm",
            f"{LAYER}ln_1",
            f"{TF_LAYER}attention/output/LayerNorm",
        ),
        *norm(
            "block_{i}_feedforward_norm", f"{LAYER}ln_2", f"{TF_LAYER}output/LayerNorm"
        ),
    ],
    bases={"hf": ("transformer.", "")},
)


def fields_seen(
    checkpoint: Mapping[str, Any], config_json: Mapping[str, Any]
) -> dict[str, Any]:
    """Segments without a table are rows of the token table: CDial-GPT's files."""
    names = ("type_vocab_size", "segment_vocab_size")
    has_segments = any(config_json.get(name) for name in names)
    tables = {name.rpartition("/")[2] for name in checkpoint if "/embeddings/" in name}
    lacks_table = "word_embeddings" in tables and "token_type_embeddings" not in tables
    return {"shared_segments": True} if has_segments and lacks_table else {}
