"""Where LLaMA's weights stand in files; Mistral's and Qwen's have the same names.

GGUF's names are those of llama.cpp, which interleaves the features of LLaMA's queries
and keys, so that it can turn neighbours instead of halves.
"""

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Row,
    Skip,
    Source,
    Transform,
    WeightMap,
)
from kewen.checkpoints.transforms import Halve

LAYER = "{base}layers.{i}."
GGUF = "blk.{i}."


def rows_like_llama(
    *norm_steps: Transform, turned: tuple[Transform, ...] = ()
) -> list[Row | Skip]:
    """All but the norm before the feed-forward layers.

    Args:
        norm_steps: of every norm in a GGUF file.
        turned: of queries and keys in a GGUF file, by their last axis.
    """

    def norm(ours: str, hf: str, gguf: str) -> Row:
        source = Source(f"{gguf}.weight", *norm_steps)
        return Row(f"{ours}/gamma", hf=f"{hf}.weight", gguf=source)

    attention, feedforward = "block_{i}_attention", "block_{i}_feedforward"
    return [
        Row(
            "token_embedding/embeddings",
            hf="{base}embed_tokens.weight",
            gguf="token_embd.weight",
        ),
        *_into_heads(f"{attention}/query", "self_attn.q_proj", "attn_q", turned),
        *_into_heads(f"{attention}/key", "self_attn.k_proj", "attn_k", turned),
        *_into_heads(f"{attention}/value", "self_attn.v_proj", "attn_v"),
        Row(
            f"{attention}/output/kernel",
            hf=Source(f"{LAYER}self_attn.o_proj.weight", TRANSPOSE, MERGE_HEADS),
            gguf=Source(f"{GGUF}attn_output.weight", TRANSPOSE, MERGE_HEADS),
        ),
        Row(
            f"{attention}/output/bias",
            hf=f"{LAYER}self_attn.o_proj.bias",
            gguf=f"{GGUF}attn_output.bias",
        ),
        norm(
            f"{attention}/query_norm", f"{LAYER}self_attn.q_norm", f"{GGUF}attn_q_norm"
        ),
        norm(f"{attention}/key_norm", f"{LAYER}self_attn.k_norm", f"{GGUF}attn_k_norm"),
        norm(f"{attention}_norm", f"{LAYER}input_layernorm", f"{GGUF}attn_norm"),
        *_dense(f"{feedforward}/gate", "mlp.gate_proj", "ffn_gate"),
        *_dense(f"{feedforward}/inner", "mlp.up_proj", "ffn_up"),
        *_dense(f"{feedforward}/outer", "mlp.down_proj", "ffn_down"),
        norm("final_norm", "{base}norm", "output_norm"),
        Row(
            "lm_decoder/kernel",
            hf=Source("lm_head.weight", TRANSPOSE),
            gguf=Source("output.weight", TRANSPOSE),
        ),
        Row("classifier/kernel", hf=Source("score.weight", TRANSPOSE)),
        Skip(
            "lm_head.weight",
            because="the token table, tied",
            same_as="{base}embed_tokens.weight",
            origin="hf",
        ),
        Skip("*rotary_emb.inv_freq", because="a buffer that the rotary base gives"),
        Skip(
            "rope_freqs.weight",
            because="factors that the rotary scaling gives",
            origin="gguf",
        ),
    ]


def _into_heads(
    ours: str, hf: str, gguf: str, turned: tuple[Transform, ...] = ()
) -> list[Row]:
    return [
        Row(
            f"{ours}/kernel",
            hf=Source(f"{LAYER}{hf}.weight", TRANSPOSE, SPLIT_HEADS),
            gguf=Source(f"{GGUF}{gguf}.weight", TRANSPOSE, SPLIT_HEADS, *turned),
        ),
        Row(
            f"{ours}/bias",
            hf=Source(f"{LAYER}{hf}.bias", SPLIT_HEADS),
            gguf=Source(f"{GGUF}{gguf}.bias", SPLIT_HEADS, *turned),
        ),
    ]


def _dense(ours: str, hf: str, gguf: str) -> list[Row]:
    return [
        Row(
            f"{ours}/kernel",
            hf=Source(f"{LAYER}{hf}.weight", TRANSPOSE),
            gguf=Source(f"{GGUF}{gguf}.weight", TRANSPOSE),
        ),
        Row(f"{ours}/bias", hf=f"{LAYER}{hf}.bias", gguf=f"{GGUF}{gguf}.bias"),
    ]


FEEDFORWARD_NORM = Row(
    "block_{i}_feedforward_norm/gamma",
    hf=f"{LAYER}post_attention_layernorm.weight",
    gguf=f"{GGUF}ffn_norm.weight",
)
BASES = {"hf": ("model.", "")}
WEIGHTS = WeightMap(
    [*rows_like_llama(turned=(Halve(),)), FEEDFORWARD_NORM], bases=BASES
)
UNTURNED = WeightMap([*rows_like_llama(), FEEDFORWARD_NORM], bases=BASES)
