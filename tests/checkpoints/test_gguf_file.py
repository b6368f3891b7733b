"""GGUF against the package of its makers, which writes the files here."""

import struct

import numpy as np
import pytest

from kewen.checkpoints import GgufFile, open_checkpoint
from kewen.errors import CheckpointError

gguf = pytest.importorskip("gguf")
Q = gguf.GGMLQuantizationType
ROWS = np.random.default_rng(0).normal(size=(6, 512)).astype("float32")


def written(path, tensors, metadata=()):
    """A file with these tensors: name -> (array, type), plain if the type is None."""
    writer = gguf.GGUFWriter(path, "llama")
    for key, value in dict(metadata).items():
        if isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_uint32(key, value)
    for name, (array, kind) in tensors.items():
        data = array if kind is None else gguf.quants.quantize(array, kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("kind", [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0], ids=str)
def test_quantised_tensor_is_what_the_makers_read(kind, tmp_path):
    path = written(tmp_path / "a.gguf", {"x": (ROWS, kind)})
    wanted = gguf.quants.dequantize(gguf.quants.quantize(ROWS, kind), kind)
    got = open_checkpoint(path)["x"]
    np.testing.assert_array_equal(got, wanted)
    assert np.abs(got - ROWS).max() < 0.5


def test_tensor_longer_than_a_part_is_put_together(tmp_path):
    rows = np.random.default_rng(0).normal(size=(700, 512)).astype("float32")
    path = written(tmp_path / "a.gguf", {"x": (rows, Q.Q8_0)})
    np.testing.assert_allclose(open_checkpoint(path)["x"], rows, atol=0.03)


def test_plain_tensors_keep_their_dtype(tmp_path):
    tensors = {"a": (ROWS, None), "b": (ROWS.astype("float16"), None)}
    with open_checkpoint(written(tmp_path / "a.gguf", tensors)) as file:
        assert {name: file.info(name).dtype.name for name in file} == {
            "a": "float32",
            "b": "float16",
        }
        np.testing.assert_array_equal(file["a"], ROWS)


def test_metadata_is_read(tmp_path):
    said = {"llama.block_count": 3, "words": ["中", "国"], "scores": [1.5, 2.0]}
    path = written(tmp_path / "a.gguf", {"x": (ROWS, None)}, said)
    metadata = GgufFile(path).metadata
    assert metadata["general.architecture"] == "llama"
    assert {key: metadata[key] for key in said} == said


def test_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    path = written(tmp_path / "a.gguf", {"x": (ROWS, Q.Q4_0)})
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(ImportError, match=r"\[gguf\]"):
        open_checkpoint(path)["x"]


def header(version=3, tensors=0, pairs=0):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs)


def text(word):
    return struct.pack("<Q", len(word)) + word


HOSTILE = {
    "nothing": b"",
    "magic only": b"GGUF",
    "version 1": header(version=1),
    "absurd number of tensors": header(tensors=2**63),
    "absurd number of pairs": header(pairs=2**63),
    "key beyond the end": header(pairs=1) + struct.pack("<Q", 2**62) + b"a" * 30,
    "unknown type": header(pairs=1) + text(b"k") + struct.pack("<IQ", 99, 0),
    "absurd array": header(pairs=1) + text(b"k") + struct.pack("<IIQ", 9, 4, 2**61),
    "arrays without end": header(pairs=1)
    + text(b"k")
    + struct.pack("<I", 9)
    + struct.pack("<IQ", 9, 1) * 50,
    "tensor beyond the end": header(tensors=1)
    + text(b"x")
    + struct.pack("<IQIQ", 1, 2**40, 0, 0),
    "tensor of many axes": header(tensors=1) + text(b"x") + struct.pack("<I", 2**31),
    "tensor of an unknown type": header(tensors=1)
    + text(b"x")
    + struct.pack("<IQIQ", 1, 4, 77, 0),
    "part of a block": header(tensors=1)
    + text(b"x")
    + struct.pack("<IQIQ", 1, 33, 8, 0),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused(name, tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(CheckpointError, match=r"bad\.gguf"):
        open_checkpoint(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_file_is_refused(share, tmp_path):
    path = written(tmp_path / "a.gguf", {"x": (ROWS, Q.Q8_0)})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError):
        open_checkpoint(path)
