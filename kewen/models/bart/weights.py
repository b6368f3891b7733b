"""Where BART's weights stand in files."""

from kewen.checkpoints import (
    TRANSPOSE,
    WITHOUT_FIRST_AXIS,
    OptionalRow,
    Row,
    Skip,
    Source,
    WeightMap,
)
from kewen.models.weight_rows import dense, heads_in, heads_out, norm


def _attention(ours: str, hf: str) -> list[Row]:
    return [
        *heads_in(f"{ours}/query", f"{hf}.q_proj"),
        *heads_in(f"{ours}/key", f"{hf}.k_proj"),
        *heads_in(f"{ours}/value", f"{hf}.v_proj"),
        *heads_out(f"{ours}/output", f"{hf}.out_proj"),
        *norm(f"{ours}_norm", f"{hf}_layer_norm"),
    ]


def _stack(side: str, count: str) -> list[Row]:
    ours, hf = f"{side}_block_{{{count}}}", f"{{base}}{side}.layers.{{{count}}}"
    cross = f"{ours}_cross_attention", f"{hf}.encoder_attn"
    return [
        Row(
            f"{side}_position_embedding/embeddings",
            hf=f"{{base}}{side}.embed_positions.weight",
        ),
        *norm(f"{side}_embeddings_norm", f"{{base}}{side}.layernorm_embedding"),
        *_attention(f"{ours}_attention", f"{hf}.self_attn"),
        *(_attention(*cross) if side == "decoder" else []),
        *dense(f"{ours}_feedforward/inner", f"{hf}.fc1"),
        *dense(f"{ours}_feedforward/outer", f"{hf}.fc2"),
        *norm(f"{ours}_feedforward_norm", f"{hf}.final_layer_norm"),
    ]


WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}shared.weight"),
        *_stack("encoder", "i"),
        *_stack("decoder", "j"),
        # transformers' buffer, zeros as published; a head without it has none to add.
        OptionalRow("lm_bias/bias", hf=Source("final_logits_bias", WITHOUT_FIRST_AXIS)),
        Row("lm_decoder/kernel", hf=Source("lm_head.weight", TRANSPOSE)),
        *(
            Skip(name, because="the token table, tied", same_as="{base}shared.weight")
            for name in (
                "{base}encoder.embed_tokens.weight",
                "{base}decoder.embed_tokens.weight",
                "lm_head.weight",
            )
        ),
    ],
    bases={"hf": ("model.", "")},
)
