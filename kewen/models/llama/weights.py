"""Where LLaMA's weights stand in files; Mistral's and Qwen's have the same names."""

from kewen.checkpoints import TRANSPOSE, Row, Skip, Source, WeightMap
from kewen.models.weight_rows import dense, heads_in, heads_out

LAYER = "{base}layers.{i}."

WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}embed_tokens.weight"),
        *heads_in("block_{i}_attention/query", f"{LAYER}self_attn.q_proj"),
        *heads_in("block_{i}_attention/key", f"{LAYER}self_attn.k_proj"),
        *heads_in("block_{i}_attention/value", f"{LAYER}self_attn.v_proj"),
        *heads_out("block_{i}_attention/output", f"{LAYER}self_attn.o_proj"),
        Row(
            "block_{i}_attention/query_norm/gamma",
            hf=f"{LAYER}self_attn.q_norm.weight",
        ),
        Row("block_{i}_attention/key_norm/gamma", hf=f"{LAYER}self_attn.k_norm.weight"),
        Row("block_{i}_attention_norm/gamma", hf=f"{LAYER}input_layernorm.weight"),
        *dense("block_{i}_feedforward/gate", f"{LAYER}mlp.gate_proj"),
        *dense("block_{i}_feedforward/inner", f"{LAYER}mlp.up_proj"),
        *dense("block_{i}_feedforward/outer", f"{LAYER}mlp.down_proj"),
        Row(
            "block_{i}_feedforward_norm/gamma",
            hf=f"{LAYER}post_attention_layernorm.weight",
        ),
        Row("final_norm/gamma", hf="{base}norm.weight"),
        Row("lm_decoder/kernel", hf=Source("lm_head.weight", TRANSPOSE)),
        Row("classifier/kernel", hf=Source("score.weight", TRANSPOSE)),
        Skip(
            "lm_head.weight",
            because="the token table, tied",
            same_as="{base}embed_tokens.weight",
        ),
        Skip(
            "*rotary_emb.inv_freq",
            because="a buffer that the rotary base gives",
        ),
    ],
    bases={"hf": ("model.", "")},
)
