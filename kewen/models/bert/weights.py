"""Where BERT's weights stand in files.

Hugging Face's names are one column, Google's TensorFlow ones (bert4keras' too) another.
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
TF_LAYER = "encoder/layer_{i}/"


def encoder(tf: str) -> list[Row | Skip]:
    """The rows of the network without heads.

    Args:
        tf: what TensorFlow's names begin with.
    """
    return [
        Row(
            "token_embedding/embeddings",
            hf="{base}embeddings.word_embeddings.weight",
            tf=f"{tf}embeddings/word_embeddings",
        ),
        Row(
            "segment_embedding/embeddings",
            hf="{base}embeddings.token_type_embeddings.weight",
            tf=f"{tf}embeddings/token_type_embeddings",
        ),
        Row(
            "position_embedding/embeddings",
            hf="{base}embeddings.position_embeddings.weight",
            tf=f"{tf}embeddings/position_embeddings",
        ),
        *norm(
            "embeddings_norm", "{base}embeddings.LayerNorm", f"{tf}embeddings/LayerNorm"
        ),
        *heads_in(
            "block_{i}_attention/query",
            f"{LAYER}attention.self.query",
            f"{tf}{TF_LAYER}attention/self/query",
        ),
        *heads_in(
            "block_{i}_attention/key",
            f"{LAYER}attention.self.key",
            f"{tf}{TF_LAYER}attention/self/key",
        ),
        *heads_in(
            "block_{i}_attention/value",
            f"{LAYER}attention.self.value",
            f"{tf}{TF_LAYER}attention/self/value",
        ),
        *heads_out(
            "block_{i}_attention/output",
            f"{LAYER}attention.output.dense",
            f"{tf}{TF_LAYER}attention/output/dense",
        ),
        *norm(
            "block_{i}_attention_norm",
            f"{LAYER}attention.output.LayerNorm",
            f"{tf}{TF_LAYER}attention/output/LayerNorm",
        ),
        # bert4keras has no name for a gate, and transformers no such BERT.
        *dense(
            "block_{i}_feedforward/gate",
            f"{LAYER}intermediate.gate",
            f"{tf}{TF_LAYER}intermediate/gate",
        ),
        *dense(
            "block_{i}_feedforward/inner",
            f"{LAYER}intermediate.dense",
            f"{tf}{TF_LAYER}intermediate/dense",
        ),
        *dense(
            "block_{i}_feedforward/outer",
            f"{LAYER}output.dense",
            f"{tf}{TF_LAYER}output/dense",
        ),
        *norm(
            "block_{i}_feedforward_norm",
            f"{LAYER}output.LayerNorm",
            f"{tf}{TF_LAYER}output/LayerNorm",
        ),
        *dense("pooler", "{base}pooler.dense", f"{tf}pooler/dense"),
        Skip(
            "{base}embeddings.position_ids",
            because="a buffer that holds 0, 1, 2 ...",
            origin="hf",
        ),
    ]


def projection(hf: str, tf: str) -> list[Row]:
    """From the width of the tables to that of the blocks."""
    return dense("embedding_projection", hf, tf)


ENCODER = [
    *encoder("bert/"),
    # transformers has no such BERT; bert4keras' names are ALBERT's.
    *projection("{base}embeddings_project", "bert/encoder/embedding_hidden_mapping_in"),
]

# Google calls every classifier's weights "output_weights", that of tokens too.
TAGGER_AND_SPAN = [
    Row(
        "tagger/kernel",
        hf=Source("classifier.weight", TRANSPOSE),
        tf=Source("output_weights", TRANSPOSE),
    ),
    Row("tagger/bias", hf="classifier.bias", tf="output_bias"),
    Row(
        "span/kernel",
        hf=Source("qa_outputs.weight", TRANSPOSE),
        tf=Source("cls/squad/output_weights", TRANSPOSE),
    ),
    Row("span/bias", hf="qa_outputs.bias", tf="cls/squad/output_bias"),
]

PRETRAINING = [
    *dense(
        "mlm_dense",
        "cls.predictions.transform.dense",
        "cls/predictions/transform/dense",
    ),
    *norm(
        "mlm_norm",
        "cls.predictions.transform.LayerNorm",
        "cls/predictions/transform/LayerNorm",
    ),
    *untied_decoder("cls.predictions.decoder", "cls.predictions.bias"),
    Row("mlm_bias/bias", hf="cls.predictions.bias", tf="cls/predictions/output_bias"),
    Skip(
        "cls.predictions.decoder.weight",
        because="the token table, tied",
        same_as="{base}embeddings.word_embeddings.weight",
        origin="hf",
    ),
    Skip(
        "cls.predictions.decoder.bias",
        because="a copy of cls.predictions.bias",
        same_as="cls.predictions.bias",
        origin="hf",
    ),
    Row(
        "next_sentence/kernel",
        hf=Source("cls.seq_relationship.weight", TRANSPOSE),
        tf=Source("cls/seq_relationship/output_weights", TRANSPOSE),
    ),
    Row(
        "next_sentence/bias",
        hf="cls.seq_relationship.bias",
        tf="cls/seq_relationship/output_bias",
    ),
]
CLASSIFIER = [
    Row(
        "classifier/kernel",
        hf=Source("classifier.weight", TRANSPOSE),
        tf=Source("output_weights", TRANSPOSE),
    ),
    Row("classifier/bias", hf="classifier.bias", tf="output_bias"),
]
HEADS = [*PRETRAINING, *CLASSIFIER, *TAGGER_AND_SPAN]

TRAINING_STATE = [
    Skip(pattern, because="state of the optimizer", origin="tf")
    for pattern in (
        "*/adafactor_v*",
        "*/adam_m",
        "*/adam_v",
        "*/lamb_m",
        "*/lamb_v",
        "*/Adam",  # TensorFlow's own optimizer
        "*/Adam_1",
        "beta1_power",
        "beta2_power",
        "global_step",
    )
]

WEIGHTS = WeightMap([*ENCODER, *HEADS, *TRAINING_STATE], bases={"hf": ("bert.", "")})
