"""Where ELECTRA's weights stand in files.

Google's checkpoints hold both networks of a training, which share the tables. Where the
discriminator is there, it is what is read.
"""

from kewen.checkpoints import Row, Skip, WeightMap
from kewen.models.bert.weights import (
    TAGGER_AND_SPAN,
    TRAINING_STATE,
    encoder,
    projection,
)
from kewen.models.weight_rows import dense, norm, untied_decoder

WEIGHTS = WeightMap(
    [
        *encoder("{base}"),
        *projection("{base}embeddings_project", "{base}embeddings_project"),
        *dense(
            "replaced_dense",
            "discriminator_predictions.dense",
            "discriminator_predictions/dense",
        ),
        *dense(
            "replaced",
            "discriminator_predictions.dense_prediction",
            "discriminator_predictions/dense_1",
        ),
        *dense(
            "mlm_dense", "generator_predictions.dense", "generator_predictions/dense"
        ),
        *norm(
            "mlm_norm",
            "generator_predictions.LayerNorm",
            "generator_predictions/LayerNorm",
        ),
        *untied_decoder("generator_lm_head", "generator_lm_head.bias"),
        Row(
            "mlm_bias/bias",
            hf="generator_lm_head.bias",
            tf="generator_predictions/output_bias",
        ),
        Skip(
            "generator_lm_head.weight",
            because="the token table, tied",
            same_as="{base}embeddings.word_embeddings.weight",
            origin="hf",
        ),
        *dense("classifier_dense", "classifier.dense", "classifier/dense"),
        *dense("classifier", "classifier.out_proj", "classifier/out_proj"),
        *TAGGER_AND_SPAN,
        *(
            Skip(pattern, because="of the generator in the same training", origin="tf")
            for pattern in ("generator/*", "generator_predictions/*")
        ),
        *TRAINING_STATE,
    ],
    bases={"hf": ("electra.", ""), "tf": ("electra/", "generator/")},
)
