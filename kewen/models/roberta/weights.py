"""RoBERTa's weights: BERT's encoder under its own prefix, and other names for heads."""

from kewen.checkpoints import Row, Skip, Source, WeightMap
from kewen.models.bert.weights import ENCODER, dense, untied_decoder


def norm(ours: str, hf: str) -> list[Row]:
    """A layer norm that only Hugging Face's files have."""
    return [
        Row(f"{ours}/gamma", hf=f"{hf}.weight"),
        Row(f"{ours}/beta", hf=f"{hf}.bias"),
    ]


HEADS = [
    *dense("mlm_dense", "lm_head.dense"),
    *norm("mlm_norm", "lm_head.layer_norm"),
    *untied_decoder("lm_head.decoder", "lm_head.bias"),
    Row("mlm_bias/bias", hf=Source("lm_head.bias", aliases=["lm_head.decoder.bias"])),
    Skip(
        "lm_head.decoder.weight",
        because="the token table, tied",
        same_as="{base}embeddings.word_embeddings.weight",
    ),
    Skip(
        "lm_head.decoder.bias",
        because="a copy of lm_head.bias",
        same_as="lm_head.bias",
    ),
    *dense("classifier_dense", "classifier.dense"),
    *dense("classifier", "classifier.out_proj"),
    *dense("tagger", "classifier"),
    *dense("span", "qa_outputs"),
]

WEIGHTS = WeightMap([*ENCODER, *HEADS], bases={"hf": ("roberta.", "")})
