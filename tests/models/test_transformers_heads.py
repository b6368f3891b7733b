"""Every head against transformers: theirs is read, and ours is read by theirs."""

import json
from typing import Any

import numpy as np
import pytest
from golden_cases import GOLDEN

import kewen
from kewen.models import convert

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of torch and transformers, not of ours
]

# Architecture: our outputs -> theirs.
HEADS = {
    "BertModel": {
        "last_hidden_state": "last_hidden_state",
        "pooler_output": "pooler_output",
    },
    "BertForMaskedLM": {"mlm_logits": "logits"},
    "BertForNextSentencePrediction": {"nsp_logits": "logits"},
    "BertForPreTraining": {
        "mlm_logits": "prediction_logits",
        "nsp_logits": "seq_relationship_logits",
    },
    "BertForSequenceClassification": {"class_logits": "logits"},
    "BertForTokenClassification": {"token_logits": "logits"},
    "BertForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "BertLMHeadModel": {"mlm_logits": "logits"},
    "ModernBertModel": {"last_hidden_state": "last_hidden_state"},
    "ModernBertForMaskedLM": {"mlm_logits": "logits"},
    "ModernBertForSequenceClassification": {"class_logits": "logits"},
    "ModernBertForTokenClassification": {"token_logits": "logits"},
    "ModernBertForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "GPT2ForTokenClassification": {"token_logits": "logits"},
    "GPT2ForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "RobertaForMaskedLM": {"mlm_logits": "logits"},
    "RobertaForCausalLM": {"mlm_logits": "logits"},
    "RobertaForSequenceClassification": {"class_logits": "logits"},
    "RobertaForTokenClassification": {"token_logits": "logits"},
    "RobertaForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "AlbertModel": {
        "last_hidden_state": "last_hidden_state",
        "pooler_output": "pooler_output",
    },
    "AlbertForMaskedLM": {"mlm_logits": "logits"},
    "AlbertForPreTraining": {
        "mlm_logits": "prediction_logits",
        "sop_logits": "sop_logits",
    },
    "AlbertForSequenceClassification": {"class_logits": "logits"},
    "AlbertForTokenClassification": {"token_logits": "logits"},
    "AlbertForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "DebertaV2Model": {"last_hidden_state": "last_hidden_state"},
    "DebertaV2ForMaskedLM": {"mlm_logits": "logits"},
    "DebertaV2ForSequenceClassification": {"class_logits": "logits"},
    "DebertaV2ForTokenClassification": {"token_logits": "logits"},
    "DebertaV2ForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "DistilBertModel": {"last_hidden_state": "last_hidden_state"},
    "DistilBertForMaskedLM": {"mlm_logits": "logits"},
    "DistilBertForSequenceClassification": {"class_logits": "logits"},
    "DistilBertForTokenClassification": {"token_logits": "logits"},
    "DistilBertForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "ElectraModel": {"last_hidden_state": "last_hidden_state"},
    "ElectraForPreTraining": {"replaced_logits": "logits"},
    "ElectraForMaskedLM": {"mlm_logits": "logits"},
    "ElectraForCausalLM": {"mlm_logits": "logits"},
    "ElectraForSequenceClassification": {"class_logits": "logits"},
    "ElectraForTokenClassification": {"token_logits": "logits"},
    "ElectraForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
    "RoFormerModel": {"last_hidden_state": "last_hidden_state"},
    "RoFormerForMaskedLM": {"mlm_logits": "logits"},
    "RoFormerForCausalLM": {"mlm_logits": "logits"},
    "RoFormerForSequenceClassification": {"class_logits": "logits"},
    "RoFormerForTokenClassification": {"token_logits": "logits"},
    "RoFormerForQuestionAnswering": {
        "start_logits": "start_logits",
        "end_logits": "end_logits",
    },
}
# What the configs of these classes must say besides SIZES.
CHANGES: dict[str, dict] = {
    "Albert": {"embedding_size": 8, "num_hidden_layers": 3, "num_hidden_groups": 2},
    "DebertaV2": {
        "relative_attention": True,
        "pos_att_type": "p2c|c2p",
        "position_buckets": 4,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
    },
    "DistilBert": {"hidden_dim": 24},
    "Electra": {"embedding_size": 8},
    "GPT2": {"n_inner": 24},
    "RoFormer": {"embedding_size": 8, "rotary_value": True},
    "ModernBert": {
        "num_hidden_layers": 4,
        "local_attention": 4,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
    },
    "Roberta": {"pad_token_id": 1},
}
SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "initializer_range": 0.5,  # large, so that a wrong tensor shows
}


def batch():
    """Two rows of unequal length; id 1 pads, as RoBERTa's does."""
    ids = np.random.default_rng(0).integers(5, 40, (2, 9)).astype("int32")
    mask = np.ones((2, 9), bool)
    ids[1, 6:], mask[1, 6:] = 1, False
    return {
        "token_ids": ids,
        "segment_ids": np.zeros_like(ids),
        "padding_mask": mask,
    }


def answers_of(network, inputs, is_pair=False):
    import torch

    ids = torch.tensor(inputs["token_ids"].astype("int64"))
    mask = torch.tensor(inputs["padding_mask"].astype("int64"))
    more = {"decoder_input_ids": ids, "decoder_attention_mask": mask} if is_pair else {}
    with torch.no_grad():
        return network.eval()(input_ids=ids, attention_mask=mask, **more)


UNTIED = (
    "AlbertForMaskedLM",
    "BertForMaskedLM",
    "BertForPreTraining",
    "DebertaV2ForMaskedLM",
    "DistilBertForMaskedLM",
    "ElectraForMaskedLM",
    "RoFormerForMaskedLM",
    "ModernBertForMaskedLM",
    "RobertaForMaskedLM",
)


@pytest.mark.parametrize(
    ("architecture", "tie"),
    [*((name, True) for name in HEADS), *((name, False) for name in UNTIED)],
)
def test_theirs_opens_here_and_ours_opens_there_with_equal_outputs(
    architecture, tie, tmp_path
):
    check_both_ways(architecture, {"tie_word_embeddings": tie}, tmp_path)


# Networks of DeBERTa's that CHANGES does not ask for.
DEBERTAS = {
    "new head": {"legacy": False},
    "own projections": {"share_att_key": False},
    "c2p alone": {"pos_att_type": ["c2p"], "share_att_key": False},
    "p2c alone": {"pos_att_type": ["p2c"], "share_att_key": False},
    "no buckets": {"position_buckets": -1, "max_relative_positions": 5},
    "positions": {"position_biased_input": True, "norm_rel_ebd": "none"},
    "segments": {"type_vocab_size": 2},
    "no distances": {
        "relative_attention": False,
        "position_biased_input": True,
        "norm_rel_ebd": "none",
    },
}


@pytest.mark.parametrize("changes", DEBERTAS.values(), ids=list(DEBERTAS))
def test_every_deberta_goes_both_ways(changes, tmp_path):
    check_both_ways("DebertaV2ForMaskedLM", changes, tmp_path)


# Networks of ModernBERT's that CHANGES does not ask for.
MODERN = {
    "mean": {"classifier_pooling": "mean"},
    "biases": {
        "attention_bias": True,
        "mlp_bias": True,
        "norm_bias": True,
        "classifier_bias": True,
    },
    "one rotary base": {"global_rope_theta": 500.0, "local_rope_theta": 500.0},
    "every second": {"global_attn_every_n_layers": 2},
}


@pytest.mark.parametrize("changes", MODERN.values(), ids=list(MODERN))
def test_every_modernbert_goes_both_ways(changes, tmp_path):
    check_both_ways("ModernBertForSequenceClassification", changes, tmp_path)


def check_both_ways(architecture, changes, tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    kind = getattr(transformers, architecture)
    transformers.set_seed(0)
    for prefix, own in CHANGES.items():
        changes = {**own, **changes} if architecture.startswith(prefix) else changes
    # Of a span there are two: its start and its end. ALBERT's order of two texts is as
    # many as the config says labels.
    two = "QuestionAnswering" in architecture or architecture == "AlbertForPreTraining"
    labels = 2 if two else 3
    is_decoder = architecture == "BertLMHeadModel" or "CausalLM" in architecture
    network = kind(
        kind.config_class(
            **{**SIZES, **changes}, num_labels=labels, is_decoder=is_decoder
        )
    )
    for parameter in network.parameters():  # biases and norms are 0 and 1 when new
        parameter.data += 0.1 * parameter.new_empty(parameter.shape).normal_()
    network.save_pretrained(tmp_path / "theirs")

    pretrained = kewen.load(tmp_path / "theirs")
    pretrained.save(tmp_path / "ours")
    config_json = json.loads((tmp_path / "ours" / "config.json").read_text("utf-8"))
    assert config_json["architectures"] == [architecture]
    again, info = kind.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys"))

    inputs, model = batch(), pretrained.model
    ours = model.predict_on_batch({name: inputs[name] for name in model.inputs_by_name})
    ours = ours if isinstance(ours, dict) else {"last_hidden_state": ours}
    real = inputs["padding_mask"]
    for answers in (answers_of(network, inputs), answers_of(again, inputs)):
        for our_name, their_name in HEADS[architecture].items():
            left, right = np.asarray(ours[our_name]), answers[their_name].numpy()
            if left.shape[:2] == real.shape:
                left, right = left[real], right[real]
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)


# Of bert4keras, as far as transformers has the network, and as the names of files tell.
CONVERTED = {
    "albert": None,
    "bert_plain": None,  # its hidden_act is gelu_tanh
    "electra_discriminator": None,
    "gpt2": None,
    "mt5.1.1": None,
    "roformer": "roformer",
    "t5.1.0_no_cross_bias": None,
    "t5.1.1": None,  # its hidden_act is [gelu_tanh, linear]
}


@pytest.mark.parametrize("case", CONVERTED)
def test_what_comes_from_tensorflow_opens_there_with_equal_outputs(case, tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    named = CONVERTED[case]
    convert(GOLDEN / "bert4keras" / case, tmp_path / "hf", to="hf", family=named)
    theirs = transformers.AutoModel.from_pretrained(tmp_path / "hf").eval()
    given = batch()
    ours = kewen.load(tmp_path / "hf").model
    inputs = {**given, "decoder_token_ids": given["token_ids"]}
    inputs["decoder_padding_mask"] = given["padding_mask"]
    outputs = ours.redrawn(heads=()).predict_on_batch(
        {name: inputs[name] for name in ours.inputs_by_name}
    )
    got = outputs["last_hidden_state"] if isinstance(outputs, dict) else outputs
    wanted = answers_of(
        theirs, given, is_pair="decoder_token_ids" in ours.inputs_by_name
    )
    real = given["padding_mask"]
    np.testing.assert_allclose(
        got[real], wanted.last_hidden_state.numpy()[real], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "activations"),
    [
        ("bert", ("gelu_tanh", "gelu_erf", "gelu_python", "swish")),
        ("gpt", ("gelu_tanh", "gelu_pytorch_tanh", "silu", "relu")),
        ("gpt2", ("gelu_tanh", "gelu_erf")),
        ("t5", ("gated-gelu_tanh", "gated-gelu_erf", "gated-gelu", "gelu_erf", "relu")),
    ],
)
def test_activations_have_names_that_transformers_computes_with(
    name, activations, tmp_path
):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    given = batch()
    make: Any = kewen.models.family(name).config
    for number, activation in enumerate(activations):
        # Large, so that one gelu is not the other.
        own = {"initializer_factor": 9.0}
        if name != "t5":
            own = {"initializer_range": 2.0}
        model = kewen.models.Backbone(
            make(
                vocabulary_size=40,
                hidden_dim=16,
                num_layers=2,
                num_heads=2,
                intermediate_dim=64,
                activation=activation,
                **own,
            )
        )
        kewen.Pretrained(model=model).save(tmp_path / str(number))
        theirs = transformers.AutoModel.from_pretrained(tmp_path / str(number))
        inputs = {**given, "decoder_token_ids": given["token_ids"]}
        inputs["decoder_padding_mask"] = given["padding_mask"]
        out = model.predict_on_batch({n: inputs[n] for n in model.inputs_by_name})
        got = out["last_hidden_state"] if isinstance(out, dict) else out
        wanted = answers_of(theirs, given, is_pair=name == "t5").last_hidden_state
        real = given["padding_mask"]
        np.testing.assert_allclose(
            got[real], wanted.numpy()[real], rtol=1e-4, atol=1e-4
        )
