"""Safetensors: read, written, sharded, and refused when truncated or hostile."""

import json
import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from kewen.checkpoints import SafetensorsFile, open_checkpoint, write_safetensors
from kewen.errors import CheckpointError, FileError, KewenError, NotFoundError

HUGGINGFACE = Path(__file__).parent.parent / "golden" / "huggingface"
BERT = HUGGINGFACE / "bert_mlm" / "model.safetensors"


def write_raw(path: Path, header: object, data: bytes = b"", length: int | None = None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is None else length
    path.write_bytes(length.to_bytes(8, "little") + text + data)
    return path


def entry(dtype="F32", shape=(2,), offsets=(0, 8)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_every_tensor_equals_that_of_the_formats_own_reader():
    ours, theirs = open_checkpoint(BERT), load_file(BERT)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name], tensor)
        assert ours.info(name).shape == tensor.shape
        assert ours.info(name).dtype == tensor.dtype
        assert ours.info(name).file == BERT


def test_nothing_but_the_header_is_read_before_a_tensor_is_asked_for(monkeypatch):
    checkpoint = open_checkpoint(BERT)
    reads = []
    file = checkpoint._file
    real = file.read
    monkeypatch.setattr(file, "read", lambda *a: reads.append(a) or real(*a))
    assert sum(checkpoint.info(name).nbytes for name in checkpoint) > 80_000
    assert reads == []
    tensor = checkpoint["cls.predictions.bias"]
    assert [count for _, count in reads] == [tensor.nbytes]


def test_shards_are_one_checkpoint():
    folder = HUGGINGFACE / "bert_sharded"
    checkpoint = open_checkpoint(folder)
    expected = load_file(folder / "model-00001-of-00002.safetensors")
    expected |= load_file(folder / "model-00002-of-00002.safetensors")
    assert checkpoint.format == "safetensors"
    assert checkpoint.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(checkpoint[name], tensor)
    files = {checkpoint.info(name).file.name for name in checkpoint}
    assert len(files) == 2


def tensors_of_all_dtypes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    dtypes = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
    dtypes += [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
    tensors = {
        f"t{k}": rng.integers(0, 2, (3, 5)).astype(dtype)
        for k, dtype in enumerate(dtypes)
    }
    return tensors | {
        "complex": (rng.standard_normal(3) * 1j).astype(np.complex64),
        "scalar": np.float32(3.5),
        "empty": np.zeros((0, 4), np.float32),
        "transposed": rng.standard_normal((3, 4)).T,
        "big_endian": np.arange(5, dtype=">i4"),
        "字": np.ones(2, np.float32),
    }


def test_what_is_written_is_read_back_in_every_dtype(tmp_path):
    tensors = tensors_of_all_dtypes()
    write_safetensors(tmp_path / "model.safetensors", tensors)
    with open_checkpoint(tmp_path) as checkpoint:
        assert checkpoint.keys() == tensors.keys()
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(checkpoint[name], tensor)
            assert checkpoint[name].dtype.name == tensor.dtype.name


def test_the_formats_own_reader_opens_what_is_written(tmp_path):
    path = tmp_path / "model.safetensors"
    tensors = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.array([True, False])}
    write_safetensors(path, tensors)
    theirs = load_file(path)
    assert theirs.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(theirs[name], tensor)


def test_metadata_says_pt_unless_told_otherwise(tmp_path):
    write_safetensors(tmp_path / "a", {"x": np.zeros(1)})
    write_safetensors(tmp_path / "b", {"x": np.zeros(1)}, metadata={"maker": "kewen"})
    assert b'"__metadata__":{"format":"pt"}' in (tmp_path / "a").read_bytes()
    assert b'"__metadata__":{"maker":"kewen"}' in (tmp_path / "b").read_bytes()


def test_a_file_is_not_overwritten_unless_asked(tmp_path):
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"x": np.zeros(1)})
    with pytest.raises(FileError):
        write_safetensors(path, {"x": np.ones(1)})
    assert open_checkpoint(path)["x"] == 0
    write_safetensors(path, {"x": np.ones(1)}, overwrite=True)
    assert open_checkpoint(path)["x"] == 1


def test_a_dtype_that_the_format_lacks_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(CheckpointError, match=r"tensor bad of dtype \|?(object|<U1)"):
        write_safetensors(tmp_path / "a", {"bad": np.array(["x"])})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 5, 8, 100, 5000, -1])
def test_a_truncated_file_is_refused_when_opened(tmp_path, kept):
    path = tmp_path / "model.safetensors"
    path.write_bytes(BERT.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="truncated"):
        open_checkpoint(path)


def test_surplus_bytes_behind_the_tensors_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(BERT.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match="as its header says"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("header", "data", "complaint"),
    [
        (b"{", b"", "must be a JSON object"),
        (b"[]", b"", "Received: list"),
        (b"{" + b'"a":[' * 100_000, b"", "must be a JSON object"),
        (b'{"a":1,"a":2}', b"", "'a' twice"),
        ({"a": 3}, b"", "must have a dtype, a shape"),
        ({"a": entry(shape=[-2])}, bytes(8), "must have a dtype, a shape"),
        ({"a": entry(shape=[True, 2])}, bytes(8), "must have a dtype, a shape"),
        ({"a": entry(shape=[2.0])}, bytes(8), "must have a dtype, a shape"),
        ({"a": entry(shape=[1] * 100)}, bytes(8), "must have a dtype, a shape"),
        ({"a": entry(dtype="F4")}, bytes(8), "dtype F4"),
        ({"a": entry(shape=[2**40, 2**40])}, bytes(8), "bytes of its shape"),
        ({"a": entry(shape=[2**62, 4, 2])}, bytes(8), "bytes of its shape"),
        ({"a": entry(offsets=[0, 1 << 60])}, bytes(8), "bytes of its shape"),
        ({"a": entry(), "b": entry()}, bytes(8), "without holes or overlaps"),
        ({"a": entry(), "b": entry(offsets=[9, 17])}, bytes(17), "without holes"),
    ],
)
@pytest.mark.usefixtures("no_garbage")
def test_a_header_that_cannot_be_is_refused(tmp_path, header, data, complaint):
    path = write_raw(tmp_path / "model.safetensors", header, data)
    with pytest.raises(CheckpointError, match=complaint):
        open_checkpoint(path)


def test_a_header_length_beyond_the_file_is_refused(tmp_path):
    path = write_raw(tmp_path / "model.safetensors", {}, length=2**63)
    with pytest.raises(CheckpointError, match="header length of 9223372036854775808"):
        open_checkpoint(path)


def test_a_bool_that_is_neither_0_nor_1_is_refused(tmp_path):
    header = {"flags": entry("BOOL", [2], [0, 2])}
    path = write_raw(tmp_path / "model.safetensors", header, b"\x01\x02")
    with pytest.raises(CheckpointError, match=r"flags .*a byte of 2"):
        open_checkpoint(path)["flags"]


def test_a_file_that_changes_between_two_reads_is_noticed(tmp_path):
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"x": np.zeros(4)})
    checkpoint = open_checkpoint(path)
    write_safetensors(path, {"x": np.ones(4)}, overwrite=True)
    with pytest.raises(CheckpointError, match="another version"):
        checkpoint["x"]


@pytest.mark.parametrize(
    "name", ["../x.safetensors", "/etc/passwd", "a/b", "..", "", "C:x", "a\\b", 3, None]
)
def test_an_index_never_leads_out_of_its_folder(tmp_path, name):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(CheckpointError, match="files of its own folder"):
        open_checkpoint(tmp_path)


def test_a_missing_shard_is_named(tmp_path):
    shutil.copytree(HUGGINGFACE / "bert_sharded", tmp_path / "copy")
    (tmp_path / "copy" / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(NotFoundError, match=r"none called model-00002-of-00002\.") as e:
        open_checkpoint(tmp_path / "copy")
    assert "model.safetensors.index.json names 2 files" in str(e.value)


def test_an_index_that_does_not_belong_to_its_shards_is_refused(tmp_path):
    save_file({"a": np.zeros(1)}, tmp_path / "one.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"b": "one.safetensors"}}))
    with pytest.raises(CheckpointError, match=r"places tensor b in one.safetensors"):
        open_checkpoint(index)


def test_a_tensor_that_the_index_forgets_is_there_all_the_same(tmp_path):
    save_file({"a": np.zeros(1), "b": np.zeros(1)}, tmp_path / "one.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"b": "one.safetensors"}}))
    assert sorted(open_checkpoint(index)) == ["a", "b"]


def test_a_tensor_in_two_shards_is_that_of_the_index_or_an_error(tmp_path):
    for number, name in enumerate(("a.safetensors", "b.safetensors")):
        tensors = {"twice": np.full(2, number), name: np.zeros(1)}
        write_safetensors(tmp_path / name, tensors)
    placed = {name: name for name in ("a.safetensors", "b.safetensors")}
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": placed | {"twice": "a.safetensors"}}))
    assert open_checkpoint(tmp_path)["twice"].tolist() == [0, 0]
    index.write_text(json.dumps({"weight_map": placed}))
    with pytest.raises(CheckpointError, match=r"twice, in b\.safetensors and in"):
        open_checkpoint(tmp_path)


def test_an_index_of_itself_is_refused(tmp_path):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": index.name}}))
    with pytest.raises(CheckpointError):
        open_checkpoint(index)


def test_linked_files_are_followed(tmp_path):
    (tmp_path / "blob").write_bytes(BERT.read_bytes())
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "model.safetensors").symlink_to("../blob")
    assert len(open_checkpoint(tmp_path / "snapshot")) == 42


@given(st.integers(0, 6000), st.integers(1, 255))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_flipped_byte_of_the_header_never_raises_anything_else(tmp_path, at, flip):
    data = bytearray(BERT.read_bytes())
    data[at] ^= flip
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(data)
    try:
        dict(SafetensorsFile(path))
    except KewenError:
        pass
