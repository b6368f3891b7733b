"""Decoders against transformers, with options that no golden case has.

Theirs is read, ours is read by theirs, and all three answer the same, beyond the
trained length too where positions are stretched.
"""

import json

import numpy as np
import pytest

import kewen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of torch and transformers, not of ours
]

B, T, V = 2, 40, 50
SIZES = {
    "vocab_size": V,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.5,  # large, so that a wrong tensor shows
    "pad_token_id": 1,
}
GROUPED = {"num_key_value_heads": 2, "intermediate_size": 24}


def rope(kind, **numbers):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 10000.0, **numbers}}


SHORT = {**GROUPED, "max_position_embeddings": 16}  # texts are longer
YARN = {"factor": 4.0, "original_max_position_embeddings": 16}
LLAMA3 = {**YARN, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
# A name of the case -> transformers' class, its output, and what its config says.
CASES = {
    "gemma3": (
        "Gemma3ForCausalLM",
        "lm_logits",
        {**GROUPED, "head_dim": 6, "sliding_window": 7, "query_pre_attn_scalar": 9},
    ),
    "gemma3_capped": (
        "Gemma3ForCausalLM",
        "lm_logits",
        {
            **GROUPED,
            "head_dim": 6,
            "final_logit_softcapping": 3.0,
        },
    ),
    "gpt": ("OpenAIGPTLMHeadModel", "lm_logits", {}),
    "gpt_classifier": ("OpenAIGPTForSequenceClassification", "class_logits", {}),
    "gpt2": ("GPT2LMHeadModel", "lm_logits", {}),
    "gpt2_untied": (
        "GPT2LMHeadModel",
        "lm_logits",
        {"tie_word_embeddings": False, "n_inner": 20},
    ),
    "gpt2_scaled_by_layer": (
        "GPT2LMHeadModel",
        "lm_logits",
        {"scale_attn_by_inverse_layer_idx": True},
    ),
    "gpt2_classifier": ("GPT2ForSequenceClassification", "class_logits", {}),
    "llama": ("LlamaForCausalLM", "lm_logits", GROUPED),
    "llama_classifier": ("LlamaForSequenceClassification", "class_logits", GROUPED),
    "llama_biased": (
        "LlamaForCausalLM",
        "lm_logits",
        {**GROUPED, "attention_bias": True, "mlp_bias": True, "head_dim": 6},
    ),
    "llama_linear": (
        "LlamaForCausalLM",
        "lm_logits",
        {**SHORT, **rope("linear", factor=4.0)},
    ),
    "llama_dynamic": (
        "LlamaForCausalLM",
        "lm_logits",
        {**SHORT, **rope("dynamic", factor=2.0)},
    ),
    "llama_yarn": ("LlamaForCausalLM", "lm_logits", {**SHORT, **rope("yarn", **YARN)}),
    "llama_llama3": (
        "LlamaForCausalLM",
        "lm_logits",
        {**SHORT, **rope("llama3", **LLAMA3)},
    ),
    "mistral": ("MistralForCausalLM", "lm_logits", {**GROUPED, "sliding_window": 7}),
    "qwen2": ("Qwen2ForCausalLM", "lm_logits", GROUPED),
    "qwen3": ("Qwen3ForCausalLM", "lm_logits", {**GROUPED, "head_dim": 6}),
}


def batch():
    """Two rows of unequal length, padded on the right."""
    ids = np.random.default_rng(0).integers(5, V, (B, T)).astype("int32")
    mask = np.ones((B, T), bool)
    ids[1, T - 9 :], mask[1, T - 9 :] = 1, False
    return {"token_ids": ids, "padding_mask": mask}


def logits_of(network, inputs):
    import torch

    with torch.no_grad():
        answers = network.eval()(
            input_ids=torch.tensor(inputs["token_ids"].astype("int64")),
            attention_mask=torch.tensor(inputs["padding_mask"].astype("int64")),
        )
    return answers.logits.numpy()


@pytest.mark.parametrize("name", CASES)
def test_theirs_opens_here_and_ours_opens_there_with_equal_outputs(name, tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    architecture, output, changes = CASES[name]
    kind = getattr(transformers, architecture)
    transformers.set_seed(0)
    network = kind(kind.config_class(**{**SIZES, **changes}, num_labels=3))
    for parameter in network.parameters():  # biases and norms are 0 and 1 when new
        parameter.data += 0.1 * parameter.new_empty(parameter.shape).normal_()
    network.save_pretrained(tmp_path / "theirs")

    pretrained = kewen.load(tmp_path / "theirs")
    pretrained.save(tmp_path / "ours")
    config_json = json.loads((tmp_path / "ours" / "config.json").read_text("utf-8"))
    assert config_json["architectures"] == [architecture]
    again, info = kind.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys"))

    inputs = batch()
    ours = np.asarray(pretrained.model.predict_on_batch(inputs)[output])
    real = inputs["padding_mask"]
    for theirs in (logits_of(network, inputs), logits_of(again, inputs)):
        left, right = (ours, theirs) if theirs.ndim == 2 else (ours[real], theirs[real])
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)
