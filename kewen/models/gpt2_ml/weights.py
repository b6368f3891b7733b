"""Where GPT2_ML's weights stand in files.

The TensorFlow names are the original's, which bert4keras keeps. transformers has no
such model; in its layout the tensors are called like those of other decoders.
"""

from kewen.checkpoints import TRANSPOSE, Row, Source, WeightMap
from kewen.models.bert.weights import TRAINING_STATE
from kewen.models.weight_rows import dense, heads_in, heads_out, norm

LAYER = "{base}h.{i}."
TF = "newslm/embeddings/"
TF_LAYER = "newslm/layer{ii}/"

WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}wte.weight", tf=f"{TF}word_embed"),
        Row(
            "position_embedding/embeddings",
            hf="{base}wpe.weight",
            tf=f"{TF}pos_embed",
        ),
        *norm("embeddings_norm", "{base}ln_e", f"{TF}LayerNorm_embed_norm"),
        *heads_in(
            "block_{i}_attention/query",
            f"{LAYER}attn.q_proj",
            f"{TF_LAYER}query_layer",
        ),
        *heads_in(
            "block_{i}_attention/key", f"{LAYER}attn.k_proj", f"{TF_LAYER}key_layer"
        ),
        *heads_in(
            "block_{i}_attention/value",
            f"{LAYER}attn.v_proj",
            f"{TF_LAYER}value_layer",
        ),
        *heads_out(
            "block_{i}_attention/output",
            f"{LAYER}attn.out_proj",
            f"{TF_LAYER}context_projection_layer",
        ),
        *norm(
            "block_{i}_feedforward_norm",
            f"{LAYER}ln_0",
            f"{TF_LAYER}LayerNorm_mlp_ln0",
        ),
        *dense(
            "block_{i}_feedforward/inner",
            f"{LAYER}mlp.fc_in",
            f"{TF_LAYER}intermediate",
        ),
        *dense(
            "block_{i}_feedforward/outer", f"{LAYER}mlp.fc_out", f"{TF_LAYER}output"
        ),
        *norm("block_{i}_output_norm", f"{LAYER}ln_1", f"{TF_LAYER}LayerNorm_mlp_ln1"),
        Row("lm_decoder/kernel", hf=Source("lm_head.weight", TRANSPOSE)),
        Row("classifier/kernel", hf=Source("score.weight", TRANSPOSE)),
        *TRAINING_STATE,
    ],
    bases={"hf": ("transformer.", "")},
)
