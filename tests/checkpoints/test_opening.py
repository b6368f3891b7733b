"""Which checkpoint a path, a prefix or a folder means."""

import gzip
import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kewen.checkpoints import digests, open_checkpoint, write_safetensors
from kewen.errors import CheckpointError, NotFoundError

GOLDEN = Path(__file__).parent.parent / "golden"
PREFIX = GOLDEN / "bert4keras" / "bert_plain" / "bert_model.ckpt"


@pytest.mark.parametrize("ending", ["", ".index", ".data-00000-of-00001"])
def test_every_file_of_a_bundle_and_its_prefix_open_it(ending):
    checkpoint = open_checkpoint(f"{PREFIX}{ending}")
    assert checkpoint.format == "tf"
    assert checkpoint.path == PREFIX


@pytest.mark.parametrize(
    ("case", "form"),
    [
        ("huggingface/bert_mlm", "safetensors"),
        ("huggingface/bert_sharded", "safetensors"),
        ("huggingface/bert_bin_zip", "torch"),
        ("huggingface/bert_bin_legacy", "torch"),
        ("bert4keras/bert_encoder", "tf"),
    ],
)
def test_a_folder_opens_the_weights_that_it_holds(case, form):
    with open_checkpoint(GOLDEN / case) as checkpoint:
        assert checkpoint.format == form
        assert len(checkpoint) > 30
    assert len(checkpoint) == 0


def test_safetensors_go_before_torch_before_tensorflow_before_npz(tmp_path):
    np.savez(tmp_path / "model.npz", x=np.ones(1))
    assert open_checkpoint(tmp_path).format == "npz"
    for file in PREFIX.parent.glob("bert_model.ckpt.*"):
        shutil.copy(file, tmp_path)
    assert open_checkpoint(tmp_path).format == "tf"
    shutil.copy(GOLDEN / "huggingface/bert_bin_zip/pytorch_model.bin", tmp_path)
    assert open_checkpoint(tmp_path).format == "torch"
    write_safetensors(tmp_path / "model.safetensors", {"x": np.ones(1)})
    assert open_checkpoint(tmp_path).format == "safetensors"


def test_two_tensorflow_checkpoints_in_a_folder_are_listed(tmp_path):
    for file in PREFIX.parent.glob("bert_model.ckpt.*"):
        shutil.copy(file, tmp_path)
        shutil.copy(file, tmp_path / file.name.replace("ckpt", "ckpt-9"))
    with pytest.raises(
        CheckpointError,
        match=r"bert_model\.ckpt-9\.index, bert_model\.ckpt\.index\. Name one",
    ):
        open_checkpoint(tmp_path)
    assert len(open_checkpoint(tmp_path / "bert_model.ckpt-9")) == 37


@pytest.mark.parametrize("size", [0, 100])
def test_a_truncated_index_is_an_error_whatever_lies_beside_it(tmp_path, size):
    for file in PREFIX.parent.glob("bert_model.ckpt.*"):
        shutil.copy(file, tmp_path)
    index = tmp_path / "bert_model.ckpt.index"
    index.write_bytes(index.read_bytes()[:size])
    np.savez(tmp_path / "expected.npz", x=np.ones(1))
    with pytest.raises(CheckpointError, match="it is truncated"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["model.pt", "model.pth"])
def test_a_folder_with_a_torch_file_of_the_plain_name_opens_it(tmp_path, name):
    source = GOLDEN / "huggingface/bert_bin_zip/pytorch_model.bin"
    shutil.copy(source, tmp_path / name)
    assert open_checkpoint(tmp_path).path == tmp_path / name


def test_a_folder_with_a_keras_archive_says_how_to_read_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(CheckpointError, match=r"Keras archive: kewen\.load opens it"):
        open_checkpoint(tmp_path)


def test_a_folder_without_weights_says_what_was_looked_for(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(
        NotFoundError, match=r"a model folder without weights.*model\.safetensors, "
    ):
        open_checkpoint(tmp_path)


def test_a_path_to_nothing_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match=r"neither model nor model\.index is there"):
        open_checkpoint(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        ("a.txt", b"hello world, no weights", "begins with b'hello wor'"),
        ("empty", b"", "begins with b''"),
        ("model.ckpt", bytes(100), "format V1"),
        ("x", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("x.gz", gzip.compress(b"a", mtime=0), "begins with"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_kind(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=kind):
        open_checkpoint(tmp_path / name)


def test_an_unknown_name_is_a_key_error():
    checkpoint = open_checkpoint(PREFIX)
    assert "nothing" not in checkpoint
    assert checkpoint.get("nothing") is None
    with pytest.raises(KeyError):
        checkpoint.info("nothing")


def test_digests_are_sorted_and_of_the_bytes_in_c_order(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_safetensors(tmp_path / "m.safetensors", {"b": array, "a": array.T})
    np.savez(tmp_path / "m.npz", b=array.astype(">f4"), a=np.asfortranarray(array.T))
    first = list(digests(open_checkpoint(tmp_path / "m.safetensors")))
    assert list(first[0]) == ["name", "shape", "dtype", "sha256", "path"]
    assert [each["name"] for each in first] == ["a", "b"]
    assert first[0] == {
        "name": "a",
        "shape": [3, 2],
        "dtype": "float32",
        "sha256": hashlib.sha256(array.T.tobytes()).hexdigest(),
        "path": "m.safetensors",
    }
    second = list(digests(open_checkpoint(tmp_path / "m.npz")))
    assert [each["sha256"] for each in second] == [each["sha256"] for each in first]
