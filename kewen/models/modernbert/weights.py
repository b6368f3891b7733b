"""Where ModernBERT's weights stand in files: projections that read the same are one.

All heads begin with a dense layer and a norm of the same names in files; a file has
one head.
"""

from kewen.checkpoints import (
    SPLIT_HEADS,
    TRANSPOSE,
    Row,
    Skip,
    Source,
    Split,
    WeightMap,
)
from kewen.models.weight_rows import dense, heads_out, norm

LAYER = "{base}layers.{i}."
PARTS = ("query", "key", "value")

WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}embeddings.tok_embeddings.weight"),
        *norm("embeddings_norm", "{base}embeddings.norm"),
        *norm("block_{i}_attention_norm", f"{LAYER}attn_norm"),
        Row(
            [f"block_{{i}}_attention/{part}/kernel" for part in PARTS],
            hf=Source(f"{LAYER}attn.Wqkv.weight", TRANSPOSE, Split(-1), SPLIT_HEADS),
        ),
        Row(
            [f"block_{{i}}_attention/{part}/bias" for part in PARTS],
            hf=Source(f"{LAYER}attn.Wqkv.bias", Split(-1), SPLIT_HEADS),
        ),
        *heads_out("block_{i}_attention/output", f"{LAYER}attn.Wo"),
        *norm("block_{i}_feedforward_norm", f"{LAYER}mlp_norm"),
        Row(
            ["block_{i}_feedforward/gate/kernel", "block_{i}_feedforward/inner/kernel"],
            hf=Source(f"{LAYER}mlp.Wi.weight", TRANSPOSE, Split(-1)),
        ),
        Row(
            ["block_{i}_feedforward/gate/bias", "block_{i}_feedforward/inner/bias"],
            hf=Source(f"{LAYER}mlp.Wi.bias", Split(-1)),
        ),
        *dense("block_{i}_feedforward/outer", f"{LAYER}mlp.Wo"),
        *norm("final_norm", "{base}final_norm"),
        *(
            row
            for name in ("mlm", "classifier_inner", "tagger_inner", "span_inner")
            for row in (
                *dense(f"{name}_dense", "head.dense"),
                *norm(f"{name}_norm", "head.norm"),
            )
        ),
        Row("mlm_bias/bias", hf="decoder.bias"),
        *dense("mlm_decoder", "decoder"),
        *dense("classifier", "classifier"),
        *dense("tagger", "classifier"),
        *dense("span", "classifier"),
        Skip(
            "decoder.weight",
            because="the token table, tied",
            same_as="{base}embeddings.tok_embeddings.weight",
        ),
    ],
    bases={"hf": ("model.", "")},
)
