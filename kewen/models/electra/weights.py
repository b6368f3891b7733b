"""Where ELECTRA's weights stand in files.

Google's checkpoints hold both networks of a training; the generator has its own blocks
and the discriminator's tables. Which is read, `architectures` in config.json says, the
discriminator if nothing does.
"""

from kewen.checkpoints import Row, Skip, Source, WeightMap
from kewen.models.bert.weights import (
    TAGGER_AND_SPAN,
    TRAINING_STATE,
    encoder,
    projection,
)
from kewen.models.registry import Rival
from kewen.models.weight_rows import dense, norm, untied_decoder

RIVALS = {
    "replaced_token": Rival(
        base="electra/",
        patterns=(
            "electra/encoder/*",
            "electra/embeddings_project/*",
            "discriminator_predictions/*",
        ),
        because="of the discriminator in the same training",
    ),
    "masked_lm": Rival(
        base="generator/",
        patterns=("generator/*", "generator_predictions/*"),
        because="of the generator in the same training, which is read if config.json "
        'says "architectures": ["ElectraForMaskedLM"]',
    ),
}


def _with_shared_tables(row: Row | Skip) -> Row | Skip:
    """Whatever the base, tables may be the discriminator's."""
    name = row.sources["tf"].alternatives[0][0] if isinstance(row, Row) else ""
    if not isinstance(row, Row) or not name.startswith("{base}embeddings/"):
        return row
    shared = Source(name, aliases=[name.replace("{base}", "electra/")])
    return Row(row.ours, hf=row.sources["hf"], tf=shared)


WEIGHTS = WeightMap(
    [
        *map(_with_shared_tables, encoder("{base}")),
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
        *TRAINING_STATE,
    ],
    bases={"hf": ("electra.", ""), "tf": ("electra/", "generator/")},
)
