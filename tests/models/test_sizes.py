"""What a model takes, counted from its config: against real models and papers."""

import json
import subprocess
import sys
from typing import Any

import keras
import pytest

from kewen.errors import ConfigError
from kewen.models.bert import BertConfig
from kewen.models.gau_alpha import GauAlphaConfig
from kewen.models.matching import declared
from kewen.models.mistral import MistralConfig
from kewen.models.registry import FAMILIES, family
from kewen.models.sizes import outline, sizes
from kewen.models.t5 import T5Config

BERT = {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 30522}
LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "rms_norm_eps": 1e-06,
    "tie_word_embeddings": False,
    "vocab_size": 32000,
}
QWEN = {
    "model_type": "qwen2",
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "max_position_embeddings": 131072,
    "max_window_layers": 24,
    "num_attention_heads": 14,
    "num_hidden_layers": 24,
    "num_key_value_heads": 2,
    "sliding_window": 131072,
    "tie_word_embeddings": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}
BART = {
    "model_type": "bart",
    "architectures": ["BartForConditionalGeneration"],
    "vocab_size": 50265,
    "d_model": 768,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 12,
    "decoder_attention_heads": 12,
    "encoder_ffn_dim": 3072,
    "decoder_ffn_dim": 3072,
}
GPT2_ML = {
    "model_type": "gpt2_ml",
    "architectures": ["GPT2MLLMHeadModel"],
    "vocab_size": 21128,
    "n_embd": 1536,
    "n_layer": 48,
    "n_head": 24,
    "n_positions": 1024,
}
SIZES: Any = {
    "vocabulary_size": 20,
    "hidden_dim": 8,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_dim": 12,
}
MEASURE = """
import resource, sys
import kewen
from kewen.models import family
from kewen.models.sizes import sizes
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sizes(family("bert").config(num_layers=1))
before = peak()
print(sizes(family("gpt2_ml").config(), heads=["language_model"]).parameters)
print(peak() - before)
"""


def of_json(tmp_path, **config):
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    said = declared(tmp_path)
    return sizes(said.config, heads=said.heads, application=said.application)


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (BERT, 109_482_240),
        (LLAMA, 6_738_415_616),
        (QWEN, 494_032_768),
        (GPT2_ML, 1_393_941_504),
        (BART, 139_420_416),  # without the buffer final_logits_bias
    ],
    ids=["bert-base-uncased", "llama-7b", "qwen2-0.5b", "gpt2_ml", "bart-base"],
)
def test_published_numbers(tmp_path, config, published):
    found = of_json(tmp_path, **config)
    assert found.parameters == published
    assert found.weight_bytes == {
        "float32": 4 * published,
        "bfloat16": 2 * published,
        "int8": published,
    }


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units")
def test_no_weight_is_allocated():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    )
    parameters, kib = map(int, done.stdout.split())
    assert parameters == 1_393_941_504
    # A hundredth of the float32 weights; their largest table alone is 130 MB.
    assert 1024 * kib < 4 * parameters / 100


def test_what_was_put_off_is_not_made_up_for_later():
    found = outline(BertConfig(num_layers=1))
    # Its end is where Keras makes up for first values.
    with keras.StatelessScope():
        pass
    weights = found.weights_by_path().values()
    assert all(weight._value is None for weight in weights)


def test_cache_of_grouped_queries_is_that_of_their_keys_and_values(tmp_path):
    found = of_json(tmp_path, **QWEN)
    assert found.cached_a_token == 24 * 2 * 2 * 64  # layers, both, heads, their size
    assert found.cached == 512 * found.cached_a_token
    assert found.cached_of_source == 0


def test_a_window_bounds_the_cache():
    config = MistralConfig(**SIZES, num_kv_heads=1, sliding_window=3)
    found = sizes(config, length=10)
    assert found.cached == 3 * found.cached_a_token
    assert sizes(config, length=2).cached == 2 * found.cached_a_token


def test_an_encoder_decoder_keeps_its_source_too():
    config = T5Config(**SIZES, num_decoder_layers=3, head_dim=5)
    found = sizes(config, length=10)
    width = 2 * 5  # heads, and their size
    assert found.cached_a_token == 3 * 2 * width
    assert found.cached_of_source == 10 * 3 * 2 * width
    assert sizes(config, application="encoder").cached_a_token == 0


def test_an_encoder_keeps_nothing_and_a_gated_unit_its_own():
    config = GauAlphaConfig(**SIZES, key_dim=4)
    assert sizes(config).cached_a_token == 0
    found = sizes(config, application="lm")
    assert found.cached_a_token == 2 * (4 + 12)  # layers; key and value


def test_labels_count(tmp_path):
    labels = {str(i): f"label {i}" for i in range(5)}
    config = {**BERT, "architectures": ["BertForSequenceClassification"]}
    assert of_json(tmp_path, **config, id2label=labels).parameters == 109_486_085


def test_a_class_of_a_renamed_model_type_names_its_heads(tmp_path):
    config = {"model_type": "xlm-roberta", "architectures": ["XLMRobertaForMaskedLM"]}
    assert of_json(tmp_path, **config).heads == ("masked_lm",)


def test_a_config_that_names_no_family_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="Add model_type"):
        of_json(tmp_path, hidden_size=8)


def test_nonsense_of_a_depth_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at most 10000 layers"):
        of_json(tmp_path, **{**LLAMA, "num_hidden_layers": 10**9})


def test_a_text_is_no_longer_than_the_model_allows():
    config = BertConfig(num_layers=1, max_length=100)
    assert sizes(config).length == 100
    with pytest.raises(ConfigError, match="from 1 to 100"):
        sizes(config, length=101)


def test_an_error_in_drawing_arrives():
    with pytest.raises(ConfigError, match="head must be one of"):
        sizes(BertConfig(num_layers=1), heads=["language_model"])


@pytest.mark.parametrize("name", FAMILIES)
def test_work_of_every_head_is_counted(name):
    config = family(name).config(num_layers=1)
    bare, whole = (sizes(config, heads=h, length=8) for h in ((), family(name).heads))
    assert whole.flops > bare.flops
