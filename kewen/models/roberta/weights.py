"""RoBERTa's weights: BERT's encoder under its own prefix, and other names for heads.

No original has TensorFlow names for them: the MLM head has those that bert4keras gives
to Chinese RoBERTas, which are BERTs, and the classifier's two layers have ours.
"""

from kewen.checkpoints import Row, Skip, Source, WeightMap
from kewen.models.bert.weights import ENCODER, TAGGER_AND_SPAN
from kewen.models.weight_rows import dense, norm, untied_decoder

TF_MLM = "cls/predictions/"

HEADS = [
    *dense("mlm_dense", "lm_head.dense", f"{TF_MLM}transform/dense"),
    *norm("mlm_norm", "lm_head.layer_norm", f"{TF_MLM}transform/LayerNorm"),
    *untied_decoder("lm_head.decoder", "lm_head.bias"),
    Row(
        "mlm_bias/bias",
        hf=Source("lm_head.bias", aliases=["lm_head.decoder.bias"]),
        tf=f"{TF_MLM}output_bias",
    ),
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
    *dense("classifier_dense", "classifier.dense", "classifier/dense"),
    *dense("classifier", "classifier.out_proj", "classifier/out_proj"),
    *TAGGER_AND_SPAN,
]

WEIGHTS = WeightMap([*ENCODER, *HEADS], bases={"hf": ("roberta.", "")})
