"""Layers by their old names: all are found, and hold what the originals' files have.

The names and the tensors are those of bert4keras' code: `apply_embeddings`,
`apply_main_layers`, `apply_final_layers` and `variable_mapping` of each of its models.
"""

import functools
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from golden_cases import GOLDEN, Pass

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.errors import ConfigError
from kewen.models import Backbone, family
from kewen.models.bert4keras import original_of

ATTENTION, CROSS = "MultiHeadSelfAttention", "MultiHeadCrossAttention"
AFTER = ("", "-Dropout", "-Add", "-Norm")
MLM = ["MLM-Dense", "MLM-Norm", "MLM-Bias"]
BERT = [
    *("Input-Token", "Input-Segment"),
    *("Embedding-Token", "Embedding-Segment", "Embedding-Token-Segment"),
    *("Embedding-Norm", "Embedding-Dropout"),
]


def block(index, *sublayers, side=""):
    return [f"{side}Transformer-{index}{sub}" for sub in sublayers]


def sublayers(*names):
    return [f"-{name}{after}" for name in names for after in AFTER]


BOTH = sublayers(ATTENTION, "FeedForward")
GPT = [
    *("Input-Token", "Embedding-Token", "Embedding-Position"),
    *("Attention-LM-Mask", "Embedding-Dropout"),
]
T5 = [
    *("Encoder-Input-Token", "Decoder-Input-Token", "Embedding-Token"),
    *("Encoder-Embedding-Dropout", "Decoder-Embedding-Dropout"),
    *("Encoder-Embedding-Relative-Position", "Decoder-Embedding-Relative-Position"),
    *("Encoder-Output-Norm", "Encoder-Output-Dropout", "Attention-LM-Mask"),
    *("Decoder-Output-Norm", "Decoder-Output-Dropout", "Masked-Context"),
    *block(1, *BOTH, side="Encoder-"),
    *block(1, *sublayers(ATTENTION, CROSS, "FeedForward"), side="Decoder-"),
]
# Case -> the names of the layers that bert4keras makes.
NAMES = {
    "albert": [
        *(*BERT, "Embedding-Position", "Embedding-Mapping"),
        *(*MLM, "Pooler", "Pooler-Dense", "NSP-Proba"),
        *(f"Transformer{sub}" for sub in BOTH),
    ],
    "albert_unshared": [*BERT, "Embedding-Mapping", *MLM, *block(1, *BOTH)],
    "bert_encoder": [
        *(*BERT, "Embedding-Position", *block(1, *BOTH)),
        *(*MLM, "Pooler", "Pooler-Dense", "NSP-Proba"),
    ],
    "bert_custom_position": ["Input-Position"],
    "bert_hierarchical": ["Embedding-Position"],
    "bert_layer_norm_cond": ["Embedding-Norm", "MLM-Norm", *block(0, *BOTH)],
    "bert_lm": [*BERT, "Attention-LM-Mask", *MLM],
    "bert_unilm": [*BERT, "Attention-UniLM-Mask", *MLM],
    "electra_discriminator": [
        *(*BERT, "Embedding-Mapping", *block(1, *BOTH)),
        *("Discriminator-Dense", "Discriminator-Prediction"),
    ],
    "gpt_shared_segment": [
        *(*GPT, "Input-Segment", "Embedding-Token-Segment", *block(1, *BOTH))
    ],
    "gpt2": [*GPT, *block(1, *BOTH), "Output-Norm"],
    "gpt2_ml": [
        *(*GPT, "Embedding-Norm", *block(1, *sublayers(ATTENTION)[:-1])),
        *block(1, *sublayers("FeedForward")[:-1]),
        *block(1, "-FeedForward-Norm-0", "-FeedForward-Norm-1"),
    ],
    "nezha": [*BERT, "Embedding-Relative-Position", *MLM, *block(1, *BOTH)],
    "roformer": [
        *(*BERT, "Embedding-Rotary-Position", *MLM, *block(1, *BOTH)),
    ],
    "roformer_v2": [
        *(*BERT, "Embedding-Rotary-Position", *block(1, *BOTH)),
        "Output-MLM-Dropout",
    ],
    "t5.1.0": [*T5, "Decoder-Output-Scale"],
    "t5.1.1": [*T5, "Decoder-Output-Scale", "Decoder-Output-LM"],
    "mt5.1.1": [*T5, "Decoder-Output-LM"],
}


@functools.cache
def model_of(case):
    """As bert4keras builds it, as far as names go."""
    about = Pass("bert4keras", case).about
    kind = family(original_of(about["model"]).family)
    scaled = {"scale_head": True} if "t5" in case else {}
    worn = about["application"]
    model = kewen.load(
        GOLDEN / "bert4keras" / case,
        use=kind,
        application=None if worn == "encoder" else worn,
        position_input="custom_position_ids" in about["kwargs"],
        strict=False,
        options={"shared_segments": True} if "gpt_" in case else scaled,
    ).model
    return kewen.models.albert.unshared(model) if case == "albert_unshared" else model


@pytest.mark.filterwarnings("ignore::kewen.checkpoints.WeightsWarning")
@pytest.mark.parametrize("case", NAMES)
def test_every_layer_of_the_original_is_found(case):
    model = model_of(case)
    found = {name: model.layer_of_bert4keras(name) for name in NAMES[case]}
    assert set(map(id, found.values())) <= set(map(id, model.layers))


def block_of(prefix, ours="attention/output", between="intermediate", out="output"):
    """What bert4keras maps each layer of a block to, `prefix` being the block's."""
    parts = [f"attention/self/{part}" for part in ("query", "key", "value")]
    kernels = [f"{part}/{kind}" for part in (*parts, f"{ours}/dense") for kind in KINDS]
    return {
        ATTENTION: [prefix + name for name in kernels],
        f"{ATTENTION}-Norm": [f"{prefix}{ours}/LayerNorm/{each}" for each in NORM],
        "FeedForward": [
            f"{prefix}{name}/dense/{kind}" for name in (between, out) for kind in KINDS
        ],
        "FeedForward-Norm": [f"{prefix}{out}/LayerNorm/{each}" for each in NORM],
    }


KINDS, NORM = ("kernel", "bias"), ("beta", "gamma")


def named(start, tensors):
    return {f"{start}{name}": given for name, given in tensors.items()}


def bert(scope="bert", encoder="encoder"):
    return {
        "Embedding-Token": [f"{scope}/embeddings/word_embeddings"],
        **named("Transformer-1-", block_of(f"{scope}/{encoder}/layer_1/")),
    }


def norms(name):
    return [f"{name}/{each}" for each in NORM]


GROUP = "bert/encoder/transformer/group_0/inner_group_0/"
GPT2_ML = "newslm/layer01/"
ENCODER, DECODER = "encoder/block_001/", "decoder/block_001/"
TENSORS = {
    "albert": {
        "Embedding-Mapping": [
            f"bert/encoder/embedding_hidden_mapping_in/{kind}" for kind in KINDS
        ],
        f"Transformer-{ATTENTION}-Norm": norms(f"{GROUP}LayerNorm"),
        "Transformer-FeedForward-Norm": norms(f"{GROUP}LayerNorm_1"),
        "NSP-Proba": [f"cls/seq_relationship/output_{x}" for x in ("weights", "bias")],
    },
    "bert_encoder": {
        **bert(),
        "Embedding-Segment": ["bert/embeddings/token_type_embeddings"],
        "Embedding-Position": ["bert/embeddings/position_embeddings"],
        "Embedding-Norm": norms("bert/embeddings/LayerNorm"),
        "Pooler-Dense": [f"bert/pooler/dense/{kind}" for kind in KINDS],
        "NSP-Proba": [f"cls/seq_relationship/output_{x}" for x in ("weights", "bias")],
        "MLM-Dense": [f"cls/predictions/transform/dense/{kind}" for kind in KINDS],
        "MLM-Norm": norms("cls/predictions/transform/LayerNorm"),
        "MLM-Bias": ["cls/predictions/output_bias"],
    },
    "electra_discriminator": {
        **bert("electra"),
        "Discriminator-Dense": [f"discriminator_predictions/dense/{x}" for x in KINDS],
        "Discriminator-Prediction": [
            f"discriminator_predictions/dense_1/{kind}" for kind in KINDS
        ],
    },
    "gpt_shared_segment": bert("gpt", "transformer"),
    "gpt2": {
        **named(
            "Transformer-1-",
            {
                f"{ATTENTION}-Norm": norms(
                    "gpt/transformer/layer_1/attention/input/LayerNorm"
                ),
                "FeedForward-Norm": norms("gpt/transformer/layer_1/input/LayerNorm"),
            },
        ),
        "Output-Norm": norms("gpt/output/LayerNorm"),
    },
    "gpt2_ml": named(
        "Transformer-1-",
        {
            ATTENTION: [
                f"{GPT2_ML}{part}_layer/{kind}"
                for part in ("query", "key", "value", "context_projection")
                for kind in KINDS
            ],
            "FeedForward-Norm-0": norms(f"{GPT2_ML}LayerNorm_mlp_ln0"),
            "FeedForward-Norm-1": norms(f"{GPT2_ML}LayerNorm_mlp_ln1"),
        },
    ),
    "nezha": bert(),
    "roformer": bert(),
    "t5.1.1": {
        "Embedding-Token": ["shared/embedding"],
        "Decoder-Embedding-Relative-Position": [
            "decoder/block_000/layer_000/SelfAttention/relative_attention_bias"
        ],
        f"Encoder-Transformer-1-{ATTENTION}": [
            f"{ENCODER}layer_000/SelfAttention/{x}" for x in "qkvo"
        ],
        f"Encoder-Transformer-1-{ATTENTION}-Norm": [
            f"{ENCODER}layer_000/layer_norm/scale"
        ],
        f"Decoder-Transformer-1-{CROSS}": [
            f"{DECODER}layer_001/EncDecAttention/{x}" for x in "qkvo"
        ],
        f"Decoder-Transformer-1-{CROSS}-Norm": [f"{DECODER}layer_001/layer_norm/scale"],
        "Decoder-Transformer-1-FeedForward": [
            f"{DECODER}layer_002/DenseReluDense/{x}/kernel"
            for x in ("wi_0", "wi_1", "wo")
        ],
        "Encoder-Output-Norm": ["encoder/final_layer_norm/scale"],
        "Decoder-Output-LM": ["decoder/logits/kernel"],
    },
}
MAPPED = [(case, name) for case, given in TENSORS.items() for name in given]


@pytest.mark.parametrize(("case", "name"), MAPPED)
def test_layer_holds_what_the_originals_file_has_for_it(case, name):
    """All values are random and none occurs twice, so their order need not be told."""
    with open_checkpoint(GOLDEN / "bert4keras" / case) as file:
        there = [np.ravel(file[tensor]) for tensor in TENSORS[case][name]]
    weights = model_of(case).layer_of_bert4keras(name).weights
    here = [np.ravel(keras.ops.convert_to_numpy(weight)) for weight in weights]
    np.testing.assert_array_equal(
        np.sort(np.concatenate(here)), np.sort(np.concatenate(there))
    )


UNIT = block(1, *sublayers("GatedAttentionUnit"))
NARROW = ["Embedding-Mapping", "Output-Mapping"]


@functools.cache
def made(name):
    """Of what no file is there."""
    sizes = {"vocabulary_size": 20, "hidden_dim": 8, "num_layers": 2, "num_heads": 1}
    narrow = {"key_dim": 4, "embedding_dim": 4, "intermediate_dim": 12}
    config = family(name).config(**sizes, **narrow)
    return Backbone(config, heads=["masked_lm"])


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("gau_alpha", UNIT + NARROW), ("roformer_v2", block(1, *BOTH) + NARROW)],
)
def test_layers_of_lean_models_are_found(name, theirs):
    model = made(name)
    found = {id(model.layer_of_bert4keras(each)) for each in theirs}
    assert found <= set(map(id, model.layers))
    assert len(found) == len(theirs)


@pytest.mark.parametrize(
    ("case", "name", "message"),
    [
        ("t5.1.0", "Decoder-Output-LM", "one that this model has.*Decoder-Output-LM"),
        ("bert_encoder", "Transformer-9-FeedForward", "one that this model has"),
        ("bert_encoder", "Transformer-x-FeedForward", "one that this model has"),
        ("bert_encoder", "Transformer-01-FeedForward", "one that this model has"),
        ("t5.1.1", "Transformer-0-FeedForward", "Decoder-Transformer-i-FeedForward'"),
        ("bert_encoder", "MLM-Activation", "mlm_logits` stand before it"),
        ("gpt2", "Output-Dropout", "take Output-Norm"),
    ],
)
def test_layer_that_the_model_lacks_is_named_in_the_error(case, name, message):
    with pytest.raises(ConfigError, match=message):
        model_of(case).layer_of_bert4keras(name)


@pytest.mark.parametrize("case", ["bert_encoder", "t5.1.1", "gpt2"])
def test_error_lists_names_that_the_model_has(case):
    model = model_of(case)
    with pytest.raises(ConfigError) as raised:
        model.layer_of_bert4keras("Embedding-Banana")
    listed = str(raised.value).partition("[")[2].partition("]")[0].split(", ")
    assert len(listed) > 5
    for name in listed:
        model.layer_of_bert4keras(name.strip("'").replace("-i-", "-0-"))


PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
ROWS = re.findall(r"^\| `([A-Z][\w-]+)` \| `(\w+)`", PAGE.read_text("utf-8"), re.M)


def every_model():
    """Name of a layer there -> names here, over all models that have it."""
    here: dict[str, set[str]] = {}
    models = [(model_of(case), names) for case, names in NAMES.items()]
    models += [(made("gau_alpha"), UNIT + NARROW)]
    models += [(model_of("t5.1.1").decoder(), ["Input-Context"])]
    for model, names in models:
        for name in names:
            here.setdefault(name, set()).add(model.layer_of_bert4keras(name).name)
    return here


@pytest.mark.filterwarnings("ignore::kewen.checkpoints.WeightsWarning")
def test_the_page_lists_every_name_and_what_it_is_called_here():
    listed: dict[str, set[str]] = {}
    for there, here in ROWS:
        listed.setdefault(there, set()).add(here)
    known = every_model()
    shown = {name: here for name, here in known.items() if name in listed}
    assert shown == listed
    # Of the parts of a block the page has one side, one number, and no shared ones.
    rest = {re.sub(r"^(En|De)coder-(?=Tr)|-[01](?=-)|-1$", "", n) for n in known}
    pages = {re.sub(r"^(En|De)coder-(?=Tr)|-[01](?=-)|-1$", "", n) for n in listed}
    assert rest == pages
