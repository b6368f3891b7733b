"""`kewen convert`: layouts on the command line, and what is refused."""

import pytest
from command_line import GOLDEN

from kewen.checkpoints import TFBundle, open_checkpoint

SOURCE = GOLDEN / "huggingface" / "bert_mlm"


def test_a_folder_is_written_in_tensorflows_layout(kewen, tmp_path):
    ended = kewen("convert", SOURCE, tmp_path / "out", "--to", "tf1")
    assert (ended.code, ended.out) == (0, "")
    names = set(TFBundle(tmp_path / "out" / "bert_model.ckpt"))
    assert "bert/encoder/layer_0/attention/self/query/kernel" in names
    assert "(tf1)" in ended.err


def test_what_is_not_copied_is_said_with_the_reason(kewen, tmp_path):
    source = GOLDEN / "huggingface" / "bert_bin_zip"
    ended = kewen("convert", source, tmp_path / "out", "--to", "hf")
    assert ended.code == 0
    assert "the token table, tied" in ended.err


def test_shards_have_the_size_that_was_asked_for(kewen, tmp_path):
    out = tmp_path / "out"
    ended = kewen("convert", SOURCE, out, "--to", "hf", "--max-shard-size", "20KB")
    assert ended.code == 0
    assert len(list(out.glob("*.safetensors"))) > 2
    with open_checkpoint(out) as shards, open_checkpoint(SOURCE) as whole:
        assert sorted(shards) == sorted(whole)


@pytest.mark.parametrize("size", ["", "5", "GB", "-1GB", "0MB", "1.5GB", "5TB"])
def test_a_size_that_is_none_is_refused(kewen, tmp_path, size):
    out = tmp_path / "out"
    ended = kewen("convert", SOURCE, out, "--to", "hf", f"--max-shard-size={size}")
    assert ended.code == 2
    assert "--max-shard-size must be" in ended.err
    assert not out.exists()


def test_an_existing_folder_is_refused_before_the_work(kewen, tmp_path):
    (tmp_path / "a").touch()
    ended = kewen("convert", "nowhere", tmp_path, "--to", "hf")
    assert ended.code == 2
    assert "--overwrite" in ended.err


def test_an_unclear_family_says_what_to_add(kewen, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text("{}")
    # A base model's names have no prefix: BERT's and RoBERTa's look alike.
    base = GOLDEN / "huggingface" / "bert_model"
    content = (base / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(content)
    ended = kewen("convert", source, tmp_path / "out", "--to", "tf1")
    assert ended.code == 2
    assert "must name the family" in ended.err
    assert "--family" in ended.err


def test_size_of_shards_is_refused_where_there_are_none(kewen, tmp_path):
    out = tmp_path / "out"
    ended = kewen("convert", SOURCE, out, "--to", "tf1", "--max-shard-size", "20KB")
    assert ended.code == 2
    assert "--max-shard-size is for --to hf" in ended.err
