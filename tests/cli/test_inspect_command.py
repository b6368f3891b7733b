"""`kewen inspect`: every tensor and its fate; for programs, JSON Lines only."""

import hashlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
from command_line import GOLDEN, ROOT

from kewen.checkpoints import open_checkpoint, write_safetensors

TF = GOLDEN / "bert4keras" / "bert_plain"
HF = GOLDEN / "huggingface" / "bert_mlm"


def test_digests_are_json_lines_sorted_by_name(kewen):
    ended = kewen("inspect", HF, "--json", "--digests")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    names = [record["name"] for record in records]
    assert names == sorted(open_checkpoint(HF))
    for record in records:
        assert list(record) == ["name", "shape", "dtype", "sha256", "path"]
        assert record["path"] == "model.safetensors"
    array = open_checkpoint(HF)[names[0]]
    assert records[0]["sha256"] == hashlib.sha256(array.tobytes()).hexdigest()
    assert records[0]["shape"] == list(array.shape)


def test_json_without_digests_is_the_same_without_them(kewen):
    with_digests = kewen("inspect", TF, "--json", "--digests").out.splitlines()
    without = kewen("inspect", TF, "--json").out.splitlines()
    expected = [json.loads(line) for line in with_digests]
    for record in expected:
        del record["sha256"]
    assert [json.loads(line) for line in without] == expected


def test_json_loads_no_framework(tmp_path):
    code = (
        "import sys\n"
        "from kewen.cli import main\n"
        "try: main(['inspect', sys.argv[1], '--json', '--digests'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'keras', 'jax', 'torch', 'tensorflow'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, str(TF)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_digests_alone_are_refused_with_the_line_to_type(kewen):
    ended = kewen("inspect", HF, "--digests")
    assert ended.code == 2
    assert f"kewen inspect {HF} --json --digests" in ended.err


def test_table_says_what_becomes_of_each_tensor(kewen):
    ended = kewen("inspect", TF)
    assert ended.code == 0
    (line,) = [
        line
        for line in ended.out.splitlines()
        if line.startswith("bert/embeddings/word_embeddings ")
    ]
    assert line.split()[-2:] == ["float32", "token_embedding/embeddings"]
    assert "missing: 0" in ended.out


def test_table_accounts_for_what_does_not_fit(kewen, tmp_path):
    folder = tmp_path / "changed"
    folder.mkdir()
    shutil.copy(HF / "config.json", folder)
    tensors = dict(open_checkpoint(HF))
    del tensors["bert.embeddings.LayerNorm.bias"]
    tensors["stranger"] = np.zeros(3, np.float32)
    tensors["bert.embeddings.LayerNorm.weight"] = np.zeros(7, np.float32)
    write_safetensors(folder / "model.safetensors", tensors)
    ended = kewen("inspect", folder)
    assert ended.code == 0
    assert "missing: 1" in ended.out
    assert "bert.embeddings.LayerNorm.bias (for embeddings_norm/beta)" in ended.out
    assert "unread: 1" in ended.out
    assert "misshaped: 1" in ended.out
    assert "Warning" not in ended.err


def test_a_tensors_name_cannot_steer_the_terminal(kewen, tmp_path):
    tensors = {"\x1b[2J\u202egpj.exe\nsecond line": np.zeros(2, "float32")}
    write_safetensors(tmp_path / "model.safetensors", tensors)
    ended = kewen("inspect", tmp_path)
    assert r"\x1b[2J\u202egpj.exe\nsecond line" in ended.out
    assert not set("\x1b\u202e") & set(ended.out + ended.err)


def test_unknown_family_gets_its_tensors_and_the_reason(kewen, tmp_path):
    write_safetensors(tmp_path / "model.safetensors", {"w": np.zeros((2, 3))})
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}', encoding="utf-8")
    ended = kewen("inspect", tmp_path)
    assert ended.code == 0
    assert "w       [2, 3]  float64" in ended.out
    assert "No account" in ended.out
    assert "'mamba'" in ended.out


def test_corrupt_tensor_is_an_error_and_no_reason_for_a_missing_account(
    kewen, tmp_path
):
    folder = shutil.copytree(TF, tmp_path / "corrupt")
    shard = folder / "bert_model.ckpt.data-00000-of-00001"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    ended = kewen("inspect", folder)
    assert (ended.code, ended.out) == (2, "")
    assert "CRC" in ended.err


def test_keras_folder_lists_our_own_variables(kewen, tiny, tmp_path):
    from kewen.models import load

    load(tiny).save(tmp_path / "saved", format="keras")
    ended = kewen("inspect", tmp_path / "saved")
    assert ended.code == 0
    assert "block_0_attention/query/kernel" in ended.out


def test_unknown_folder_is_an_error(kewen, tmp_path):
    ended = kewen("inspect", tmp_path / "nowhere", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "nowhere" in ended.err


def test_truncated_file_is_an_error(kewen, tmp_path):
    broken = tmp_path / "model.safetensors"
    broken.write_bytes((HF / "model.safetensors").read_bytes()[:5000])
    ended = kewen("inspect", broken, "--json", "--digests")
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err


def test_config_alone_tells_sizes(kewen, tiny):
    from kewen.models import load

    ended = kewen("inspect", "--config", tiny, "--length", "8", "--json")
    (found,) = map(json.loads, ended.out.splitlines())
    assert found["parameters"] == load(tiny).model.count_params()
    assert found["length"] == 8
    ended = kewen("inspect", "--config", tiny / "config.json", "--length", "8")
    assert (ended.code, ended.err) == (0, "")
    assert f"{found['parameters']:,}\n" in ended.out
    assert f"forward, 8 tokens  {found['flops']:,} FLOPs" in ended.out
    assert "KV cache" not in ended.out


def test_config_of_a_decoder_tells_its_cache(kewen, tmp_path):
    config = {"model_type": "t5", "d_model": 8, "num_heads": 2, "d_kv": 4}
    config |= {"d_ff": 16, "num_layers": 1, "vocab_size": 20}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ended = kewen("inspect", "--config", tmp_path)
    assert ended.code == 0
    assert "KV cache, a token              float32 64 bytes; bfloat16 32 bytes" in (
        ended.out
    )
    assert "and of a source of 512 tokens  float32 32,768 bytes" in ended.out


def test_config_and_model_are_either_or(kewen, tiny):
    for words, said in (
        ((), "neither"),
        ((tiny, "--config", tiny), "both"),
        ((tiny, "--length", "8"), f"kewen inspect --config {tiny} --length 8"),
        (("--config", tiny, "--json", "--digests"), "Leave one out"),
        (("--config", tiny / "nowhere"), "nowhere, which does not exist"),
    ):
        ended = kewen("inspect", *words)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err


def test_config_that_names_no_family_is_counted_where_it_is_named(kewen, tmp_path):
    # GPT2_ML's own config, as its authors publish it.
    own = {
        "vocab_size": 21128,
        "hidden_size": 1536,
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "initializer_range": 0.014142135623731,
        "intermediate_size": 6144,
        "max_position_embeddings": 1024,
        "num_attention_heads": 24,
        "num_hidden_layers": 48,
    }
    path = tmp_path / "mega.json"
    path.write_text(json.dumps(own), encoding="utf-8")
    ended = kewen("inspect", "--config", path)
    assert ended.code == 2
    assert "--family" in ended.err
    ended = kewen("inspect", "--config", path, "--family", "gpt2_ml")
    assert re.search(r"^parameters +1,393,941,504$", ended.out, re.M)
    ended = kewen("inspect", "--config", path, "--family", "gpt3")
    assert ended.code == 2
    assert "gpt2_ml" in ended.err


def test_account_of_files_that_do_not_tell_their_family(kewen):
    folder = GOLDEN / "bert4keras" / "nezha"
    assert "No account" in kewen("inspect", folder).out
    assert "missing: 0" in kewen("inspect", folder, "--family", "nezha").out
    ended = kewen("inspect", folder, "--family", "nezha", "--json")
    assert ended.code == 2
    assert "--json lists a file as it is" in ended.err
