"""Where ALBERT's weights stand in files; `{i}` is the number of a group of blocks."""

from kewen.checkpoints import TRANSPOSE, Row, Skip, Source, WeightMap
from kewen.models.bert.weights import (
    CLASSIFIER,
    TAGGER_AND_SPAN,
    TRAINING_STATE,
    projection,
)
from kewen.models.weight_rows import (
    dense,
    heads_in,
    heads_out,
    norm,
    untied_decoder,
)

GROUP = "{base}encoder.albert_layer_groups.{i}.albert_layers.0."
TF_GROUP = "bert/encoder/transformer/group_{i}/inner_group_0/"
TF_MLM = "cls/predictions/"

WEIGHTS = WeightMap(
    [
        Row(
            "token_embedding/embeddings",
            hf="{base}embeddings.word_embeddings.weight",
            tf="bert/embeddings/word_embeddings",
        ),
        Row(
            "segment_embedding/embeddings",
            hf="{base}embeddings.token_type_embeddings.weight",
            tf="bert/embeddings/token_type_embeddings",
        ),
        Row(
            "position_embedding/embeddings",
            hf="{base}embeddings.position_embeddings.weight",
            tf="bert/embeddings/position_embeddings",
        ),
        *norm(
            "embeddings_norm",
            "{base}embeddings.LayerNorm",
            "bert/embeddings/LayerNorm",
        ),
        *projection(
            "{base}encoder.embedding_hidden_mapping_in",
            "bert/encoder/embedding_hidden_mapping_in",
        ),
        *(
            row
            for name in ("query", "key", "value")
            for row in heads_in(
                f"block_{{i}}_attention/{name}",
                f"{GROUP}attention.{name}",
                f"{TF_GROUP}attention_1/self/{name}",
            )
        ),
        *heads_out(
            "block_{i}_attention/output",
            f"{GROUP}attention.dense",
            f"{TF_GROUP}attention_1/output/dense",
        ),
        *norm(
            "block_{i}_attention_norm",
            f"{GROUP}attention.LayerNorm",
            f"{TF_GROUP}LayerNorm",
        ),
        *dense(
            "block_{i}_feedforward/inner",
            f"{GROUP}ffn",
            f"{TF_GROUP}ffn_1/intermediate/dense",
        ),
        *dense(
            "block_{i}_feedforward/outer",
            f"{GROUP}ffn_output",
            f"{TF_GROUP}ffn_1/intermediate/output/dense",
        ),
        *norm(
            "block_{i}_feedforward_norm",
            f"{GROUP}full_layer_layer_norm",
            f"{TF_GROUP}LayerNorm_1",
        ),
        *dense("pooler", "{base}pooler", "bert/pooler/dense"),
        *dense("mlm_dense", "predictions.dense", f"{TF_MLM}transform/dense"),
        *norm("mlm_norm", "predictions.LayerNorm", f"{TF_MLM}transform/LayerNorm"),
        *untied_decoder("predictions.decoder", "predictions.bias"),
        Row("mlm_bias/bias", hf="predictions.bias", tf=f"{TF_MLM}output_bias"),
        Skip(
            "predictions.decoder.weight",
            because="the token table, tied",
            same_as="{base}embeddings.word_embeddings.weight",
            origin="hf",
        ),
        Skip(
            "predictions.decoder.bias",
            because="a copy of predictions.bias",
            same_as="predictions.bias",
            origin="hf",
        ),
        Row(
            "sentence_order/kernel",
            hf=Source("sop_classifier.classifier.weight", TRANSPOSE),
            tf=Source("cls/seq_relationship/output_weights", TRANSPOSE),
        ),
        Row(
            "sentence_order/bias",
            hf="sop_classifier.classifier.bias",
            tf="cls/seq_relationship/output_bias",
        ),
        *CLASSIFIER,
        *TAGGER_AND_SPAN,
        Skip(
            "{base}embeddings.position_ids",
            because="a buffer that holds 0, 1, 2 ...",
            origin="hf",
        ),
        *TRAINING_STATE,
    ],
    bases={"hf": ("albert.", "")},
)
