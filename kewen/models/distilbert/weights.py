"""Where DistilBERT's weights stand in files; no original is in TensorFlow's names."""

from kewen.checkpoints import TRANSPOSE, Row, Skip, Source, WeightMap
from kewen.models.weight_rows import (
    dense,
    heads_in,
    heads_out,
    norm,
    untied_decoder,
)

LAYER = "{base}transformer.layer.{i}."

WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}embeddings.word_embeddings.weight"),
        Row(
            "position_embedding/embeddings",
            hf="{base}embeddings.position_embeddings.weight",
        ),
        *norm("embeddings_norm", "{base}embeddings.LayerNorm"),
        *heads_in("block_{i}_attention/query", f"{LAYER}attention.q_lin"),
        *heads_in("block_{i}_attention/key", f"{LAYER}attention.k_lin"),
        *heads_in("block_{i}_attention/value", f"{LAYER}attention.v_lin"),
        *heads_out("block_{i}_attention/output", f"{LAYER}attention.out_lin"),
        *norm("block_{i}_attention_norm", f"{LAYER}sa_layer_norm"),
        *dense("block_{i}_feedforward/inner", f"{LAYER}ffn.lin1"),
        *dense("block_{i}_feedforward/outer", f"{LAYER}ffn.lin2"),
        *norm("block_{i}_feedforward_norm", f"{LAYER}output_layer_norm"),
        *dense("mlm_dense", "vocab_transform"),
        *norm("mlm_norm", "vocab_layer_norm"),
        *untied_decoder("vocab_projector", "vocab_projector.bias"),
        Row("mlm_bias/bias", hf="vocab_projector.bias"),
        *dense("classifier_dense", "pre_classifier"),
        *dense("classifier", "classifier"),
        Row("tagger/kernel", hf=Source("classifier.weight", TRANSPOSE)),
        Row("tagger/bias", hf="classifier.bias"),
        *dense("span", "qa_outputs"),
        Skip(
            "vocab_projector.weight",
            because="the token table, tied",
            same_as="{base}embeddings.word_embeddings.weight",
        ),
        Skip(
            "{base}embeddings.position_ids",
            because="a buffer that holds 0, 1, 2 ...",
        ),
    ],
    bases={"hf": ("distilbert.", "")},
)
