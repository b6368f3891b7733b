"""Where the weights of DeBERTa-v2 and v3 stand in files; none are TensorFlow's.

The masked LM head has two sets of names: transformers' first ones, and those of the
published files, which it reads since `legacy` is a key. A model has one of them.
"""

from kewen.checkpoints import TRANSPOSE, Row, Skip, Source, WeightMap
from kewen.models.weight_rows import (
    dense,
    heads_in,
    heads_out,
    norm,
    untied_decoder,
)

LAYER = "{base}encoder.layer.{i}."
SELF = f"{LAYER}attention.self."
NEW_HEAD = "lm_predictions.lm_head"

WEIGHTS = WeightMap(
    [
        Row("token_embedding/embeddings", hf="{base}embeddings.word_embeddings.weight"),
        Row(
            "position_embedding/embeddings",
            hf="{base}embeddings.position_embeddings.weight",
        ),
        Row(
            "segment_embedding/embeddings",
            hf="{base}embeddings.token_type_embeddings.weight",
        ),
        *norm("embeddings_norm", "{base}embeddings.LayerNorm"),
        Row("distance_embedding/embeddings", hf="{base}encoder.rel_embeddings.weight"),
        *norm("distance_norm", "{base}encoder.LayerNorm"),
        *heads_in("block_{i}_attention/query", f"{SELF}query_proj"),
        *heads_in("block_{i}_attention/key", f"{SELF}key_proj"),
        *heads_in("block_{i}_attention/value", f"{SELF}value_proj"),
        *heads_in("block_{i}_attention/position_key", f"{SELF}pos_key_proj"),
        *heads_in("block_{i}_attention/position_query", f"{SELF}pos_query_proj"),
        *heads_out("block_{i}_attention/output", f"{LAYER}attention.output.dense"),
        *norm("block_{i}_attention_norm", f"{LAYER}attention.output.LayerNorm"),
        *dense("block_{i}_feedforward/inner", f"{LAYER}intermediate.dense"),
        *dense("block_{i}_feedforward/outer", f"{LAYER}output.dense"),
        *norm("block_{i}_feedforward_norm", f"{LAYER}output.LayerNorm"),
        *dense("pooler", "pooler.dense"),
        # The alias is for telling that there is a head; which, `legacy_masked_lm` says.
        Row(
            "mlm_dense/kernel",
            hf=Source(
                "cls.predictions.transform.dense.weight",
                TRANSPOSE,
                aliases=[f"{NEW_HEAD}.dense.weight"],
            ),
        ),
        Row("mlm_dense/bias", hf="cls.predictions.transform.dense.bias"),
        *norm("mlm_norm", "cls.predictions.transform.LayerNorm"),
        *untied_decoder("cls.predictions.decoder", "cls.predictions.bias"),
        Row("mlm_bias/bias", hf="cls.predictions.bias"),
        *dense("new_mlm_dense", f"{NEW_HEAD}.dense"),
        *norm("new_mlm_norm", f"{NEW_HEAD}.LayerNorm"),
        Row("new_mlm_bias/bias", hf=f"{NEW_HEAD}.bias"),
        *dense("classifier", "classifier"),
        Row("tagger/kernel", hf=Source("classifier.weight", TRANSPOSE)),
        Row("tagger/bias", hf="classifier.bias"),
        *dense("span", "qa_outputs"),
        Skip(
            "cls.predictions.decoder.weight",
            because="the token table, tied",
            same_as="{base}embeddings.word_embeddings.weight",
        ),
        Skip(
            "cls.predictions.decoder.bias",
            because="a copy of cls.predictions.bias",
            same_as="cls.predictions.bias",
        ),
        Skip(
            "{base}embeddings.position_ids",
            because="a buffer that holds 0, 1, 2 ...",
        ),
        Skip(
            "{base}embeddings.position_embeddings.weight",
            because="positions, which these embeddings do not add",
        ),
        Skip(
            "mask_predictions.*",
            because="the head that tells replaced tokens, of pretraining only",
        ),
    ],
    bases={"hf": ("deberta.", "")},
)
