"""What the metadata of a GGUF file says, in the words of a `config.json`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kewen.checkpoints import Checkpoint
from kewen.errors import ConfigError
from kewen.ops import rotary_frequencies

# general.architecture -> Hugging Face's model_type.
_TYPES = {"gemma3": "gemma3_text", "llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
# Key behind the architecture's name -> key of config.json.
_KEYS = {
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
    "attention.sliding_window": "sliding_window",
    "attention.sliding_window_pattern": "sliding_window_pattern",
    "rope.freq_base_swa": "rope_local_base_freq",
    "final_logit_softcapping": "final_logit_softcapping",
    "attn_logit_softcapping": "attn_logit_softcapping",
}
# What slows each frequency of rotary positions, since Llama 3.1.
FACTORS = "rope_freqs.weight"
_LLAMA3 = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
_IDS = {"bos": "bos", "eos": "eos", "padding": "pad", "unknown": "unk"}


def config_json_of_gguf(
    checkpoint: Checkpoint, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """The keys that Hugging Face's config.json of this model would have.

    Args:
        checkpoint: the open file.
        metadata: its own.

    Raises:
        ConfigError: if it is of an architecture that kewen does not read, or asks for
            rotary positions that it does not compute.
    """
    kind = metadata.get("general.architecture")
    if kind not in _TYPES:
        raise ConfigError(
            f"{checkpoint.path}: general.architecture must be one of {sorted(_TYPES)}, "
            f"which kewen reads from GGUF. Received: {str(kind)[:80]!r}. Take the "
            "model's safetensors."
        )
    said: dict[str, Any] = {
        theirs: metadata[f"{kind}.{ours}"]
        for ours, theirs in _KEYS.items()
        if f"{kind}.{ours}" in metadata
    }
    said["model_type"] = _TYPES[kind]
    said["tie_word_embeddings"] = "output.weight" not in checkpoint
    if "token_embd.weight" in checkpoint:
        said["vocab_size"], *_ = checkpoint.info("token_embd.weight").shape or (0,)
    for ours, theirs in _IDS.items():
        number = metadata.get(f"tokenizer.ggml.{ours}_token_id")
        if number is not None:
            said[f"{theirs}_token_id"] = number
    if kind == "gemma3" and "head_dim" in said:
        said["query_pre_attn_scalar"] = _query_scalar(said)
    if kind == "llama":
        said["attention_bias"] = "blk.0.attn_q.bias" in checkpoint
    said |= _scaling(checkpoint, metadata, kind)
    return said


def _query_scalar(said: Mapping[str, Any]) -> Any:
    """As llama.cpp has it: only the largest Gemma 3 divides the width by the heads."""
    width, heads = said.get("hidden_size"), said.get("num_attention_heads")
    is_27b = said.get("num_hidden_layers") == 62
    if is_27b and isinstance(width, int) and isinstance(heads, int) and heads > 0:
        return width / heads
    return said["head_dim"]


def _scaling(
    checkpoint: Checkpoint, metadata: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    """How rotary positions are stretched, where they are."""
    if FACTORS in checkpoint:
        return _llama3(checkpoint, metadata, kind)
    at = f"{kind}.rope.scaling."
    name = metadata.get(f"{at}type", "none")
    factor = metadata.get(f"{at}factor")
    if name == "none" or factor is None:
        return {}
    scaling = {"rope_type": name, "factor": factor}
    trained = metadata.get(f"{at}original_context_length")
    if trained is not None:
        scaling["original_max_position_embeddings"] = trained
    return {"rope_scaling": scaling}


def _llama3(
    checkpoint: Checkpoint, metadata: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    """The scaling whose factors of each frequency are in the file.

    The file holds them instead of the numbers that they come from, which all releases
    since Llama 3.1 share, but for the largest of the factors.

    Raises:
        ConfigError: if these numbers give other factors.
    """
    factors = np.asarray(checkpoint[FACTORS], "float64").ravel()
    scaling = _LLAMA3 | {"factor": float(factors.max(initial=0.0))}
    base = float(metadata.get(f"{kind}.rope.freq_base", 10000.0))
    if factors.size and factors.min() > 0 and np.isfinite(factors).all() and base > 0:
        plain, _ = rotary_frequencies(2 * factors.size, base)
        scaled, _ = rotary_frequencies(2 * factors.size, base, scaling)
        if np.allclose(plain / scaled, factors, rtol=1e-3):
            return {"rope_scaling": scaling}
    raise ConfigError(
        f"{checkpoint.path}: {FACTORS} must be the factors of Llama 3's rotary scaling "
        f"({_LLAMA3}). Received: {factors.size} others, up to {scaling['factor']:g}. "
        "Take the model's safetensors."
    )
