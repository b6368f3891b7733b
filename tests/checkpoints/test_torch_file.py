"""Torch files in both forms, by an interpreter that never calls what a pickle names."""

import collections
import io
import os
import pickle
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kewen.checkpoints import TorchFile, open_checkpoint
from kewen.checkpoints.torch_pickle import unpickle
from kewen.errors import CheckpointError, KewenError

HUGGINGFACE = Path(__file__).parent.parent / "golden" / "huggingface"
CASES = ["bert_bin_zip", "bert_bin_legacy", "bert_bin_gamma_beta"]


def bin_of(case: str) -> Path:
    return HUGGINGFACE / case / "pytorch_model.bin"


def modern(name: str) -> str:
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    return name.replace("LayerNorm.beta", "LayerNorm.bias")


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_equals_that_of_torch(case):
    torch = pytest.importorskip("torch")
    theirs = torch.load(bin_of(case), weights_only=True)
    ours = open_checkpoint(HUGGINGFACE / case)
    assert ours.format == "torch"
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name], tensor.numpy())


def test_both_forms_hold_the_same_names_and_shapes():
    shapes = [
        {modern(name): file.info(name).shape for name in file}
        for file in map(TorchFile, map(bin_of, CASES))
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    assert shapes[0]["bert.embeddings.word_embeddings.weight"] == (60, 16)


def test_tied_tensors_come_from_one_storage():
    checkpoint = open_checkpoint(bin_of("bert_bin_legacy"))
    np.testing.assert_array_equal(
        checkpoint["cls.predictions.decoder.weight"],
        checkpoint["bert.embeddings.word_embeddings.weight"],
    )


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def torch_save(request, tmp_path):
    """Saves an object with torch in one of the two forms, and gives the file."""
    torch = pytest.importorskip("torch")

    def save(content: object) -> Path:
        path = tmp_path / "saved.pt"
        torch.save(content, path, _use_new_zipfile_serialization=request.param)
        return path

    return save


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_that_torch_writes_is_read(tmp_path, protocol, zipped):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Linear(3, 4).state_dict()
    torch.save(
        theirs,
        tmp_path / "weights",  # no ending: it is known by its first bytes
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    ours = open_checkpoint(tmp_path / "weights")
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name], tensor.numpy())


def test_views_are_read_right(torch_save):
    torch = pytest.importorskip("torch")
    base = torch.arange(60).reshape(3, 4, 5)
    views = {
        "transposed": base.permute(2, 0, 1),
        "offset": base[1:, 2],
        "strided": base[:, ::2, 1::3],
        "expanded": base[0, 0, :1].expand(4, 3),
        "scalar": base[2, 3, 4],
        "empty": base[:0],
    }
    checkpoint = open_checkpoint(torch_save(views))
    for name, view in views.items():
        np.testing.assert_array_equal(checkpoint[name], view.numpy(), strict=True)


def test_views_that_negate_or_conjugate_are_refused(torch_save):
    torch = pytest.importorskip("torch")
    views = [
        torch._neg_view(torch.ones(2)),
        torch.ones(2, dtype=torch.complex64).conj(),
    ]
    for view in views:
        with pytest.raises(CheckpointError, match="a view"):
            open_checkpoint(torch_save({"w": view}))


def test_every_dtype_is_read(torch_save):
    torch = pytest.importorskip("torch")
    names = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool "
    names += "complex64 complex128 float8_e4m3fn float8_e5m2 uint16 uint32 uint64"
    tensors = {
        name: torch.tensor([0, 1, 1]).to(getattr(torch, name)) for name in names.split()
    }
    checkpoint = open_checkpoint(torch_save(tensors))
    for name in tensors:
        assert checkpoint.info(name).dtype.name == name
        np.testing.assert_array_equal(checkpoint[name].astype(np.complex128), [0, 1, 1])


def test_parameters_and_buffers_of_a_module_are_read(torch_save):
    torch = pytest.importorskip("torch")
    module = torch.nn.BatchNorm1d(3)
    checkpoint = open_checkpoint(torch_save(dict(module.named_parameters())))
    assert sorted(checkpoint) == ["bias", "weight"]
    checkpoint = open_checkpoint(torch_save(module.state_dict()))
    assert checkpoint["num_batches_tracked"] == 0


@pytest.mark.parametrize("keys", [["state_dict"], ["model"], ["model", "state_dict"]])
def test_a_state_dict_in_a_container_is_opened(torch_save, keys):
    torch = pytest.importorskip("torch")
    content = {"weight": torch.ones(2)}
    for key in reversed(keys):
        content = {"epoch": 3, key: content, "optimizer": {"state": {0: torch.ones(1)}}}
    assert list(open_checkpoint(torch_save(content))) == ["weight"]


def test_tensors_of_a_mapping_inside_a_state_dict_are_not_lost(torch_save):
    torch = pytest.importorskip("torch")
    content = {"a": torch.ones(2), "ema": {"a": torch.zeros(2)}, "step": 4}
    assert sorted(open_checkpoint(torch_save(content))) == ["a", "ema.a"]


def test_a_file_without_a_state_dict_lists_its_keys(torch_save):
    with pytest.raises(CheckpointError, match="Received: keys epoch, loss"):
        open_checkpoint(torch_save({"epoch": 3, "loss": [1.0]}))


def test_a_whole_module_is_refused_by_the_name_of_its_class(torch_save):
    torch = pytest.importorskip("torch")
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
        open_checkpoint(torch_save(torch.nn.Linear(2, 2)))


class Hostile:
    """Pickles into a call, as any object may."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def zip_of(path: Path, content: object, protocol: int = 2, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        data = (
            content if isinstance(content, bytes) else pickle.dumps(content, protocol)
        )
        archive.writestr("archive/data.pkl", data)
        for name, value in entries.items():
            archive.writestr(f"archive/data/{name}", value)
    return path


def legacy_of(path: Path, content: bytes) -> Path:
    head = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    parts = [pickle.dumps(part, 2) for part in head]
    path.write_bytes(b"".join([*parts, content, pickle.dumps([], 2)]))
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_pickle_that_calls_os_system_is_refused_by_name_and_not_run(
    tmp_path, form, protocol
):
    marker = tmp_path / "marker"
    content = {"weight": Hostile(os.system, f"touch {marker}")}
    data = pickle.dumps(content, protocol)
    make = zip_of if form == "zip" else legacy_of
    with pytest.raises(CheckpointError, match=r"(posix|nt|os)\.system.*Nothing of it"):
        open_checkpoint(make(tmp_path / "evil.bin", data))
    pickle.loads(data)  # it would have run
    assert marker.exists()
    marker.unlink()
    with pytest.raises(CheckpointError):
        open_checkpoint(make(tmp_path / "evil.bin", data))
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_bare_pickle_is_refused_by_the_name_of_what_it_calls(tmp_path, protocol):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(pickle.dumps(Hostile(os.system, "true"), protocol))
    with pytest.raises(CheckpointError, match=r"(posix|nt|os)\.system.*Nothing of it"):
        TorchFile(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (Hostile(eval, "1"), r"builtins\.eval|__builtin__\.eval"),
        (Hostile(getattr, "a", "upper"), "getattr"),
        (Hostile(bytearray, 1 << 40), "bytearray"),
        (collections.Counter("a"), "Counter"),
        (np.float32(1), "numpy"),
        ({1, 2}, "builtin"),
    ],
)
def test_anything_but_tensors_and_containers_is_refused_by_name(
    tmp_path, content, complaint
):
    with pytest.raises(CheckpointError, match=complaint):
        open_checkpoint(zip_of(tmp_path / "evil.bin", content))


def tensor_pickle(
    shape="(K\x02t", strides="(K\x01t", offset="K\x00", count="K\x02", key="X\1\0\0\0a"
) -> bytes:
    """{'w': a float32 tensor}, assembled by hand."""
    text = (
        "\x80\x02}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n("
        f"(X\7\0\0\0storagectorch\nFloatStorage\n{key}X\3\0\0\0cpu{count}tQ"
        f"{offset}{shape}{strides}\x89ccollections\nOrderedDict\n)RtRs."
    )
    return text.encode("latin1")


def test_a_tensor_assembled_by_hand_is_read(tmp_path):
    path = zip_of(tmp_path / "a.bin", tensor_pickle(), a=struct.pack("<2f", 1, 2))
    np.testing.assert_array_equal(open_checkpoint(path)["w"], [1, 2])


@pytest.mark.parametrize("chunk", [3, 1 << 20])
@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_flipped_byte_anywhere_in_a_storage_is_an_error(
    tmp_path, monkeypatch, place, chunk
):
    monkeypatch.setattr("kewen.checkpoints.zip_archive.CHUNK_BYTES", chunk)
    # The tensor is the middle third of its storage.
    data = tensor_pickle(shape="(K\x01t", offset="K\x01", count="K\x03")
    storage = struct.pack("<3f", 1, 2, 3)
    path = zip_of(tmp_path / "a.bin", data, a=storage)
    np.testing.assert_array_equal(open_checkpoint(path)["w"], [2])
    flipped = bytearray(storage)
    flipped[place] ^= 1
    path.write_bytes(path.read_bytes().replace(storage, flipped))
    with pytest.raises(CheckpointError, match="whose CRC-32 is"):
        open_checkpoint(path)["w"]


HUGE = "\x8a\x09" + "\xff" * 8 + "\x00"  # 2**64 - 1


@pytest.mark.parametrize(
    "parts",
    [
        {"shape": "(K\x03t"},
        {"offset": "K\x01"},
        {"strides": "(K\x02t"},
        {"strides": "(J\xff\xff\xff\xfft"},
        {"shape": "(J\xff\xff\xff\xfft"},
        {"shape": f"({HUGE}t"},
        {"shape": "(K\x02K\x02t"},
        {"shape": "(" + "K\x01" * 70 + "t", "strides": "(" + "K\x00" * 70 + "t"},
        {"offset": "J\xff\xff\xff\xff"},
        {"shape": "N"},
        {"count": "K\x03"},
        {"count": HUGE},
        {"key": "X\1\0\0\0b"},
        {"key": "K\x01"},
        {"key": "X\7\0\0\0../../a"},
    ],
)
def test_a_tensor_outside_its_storage_is_refused(tmp_path, parts):
    path = zip_of(tmp_path / "a.bin", tensor_pickle(**parts), a=bytes(8))
    with pytest.raises(CheckpointError):
        dict(open_checkpoint(path))


def test_an_expansion_that_would_exhaust_memory_is_refused(tmp_path):
    enormous = "J\xff\xff\xff\x7f"
    data = tensor_pickle(shape=f"({enormous}J\xff\xff\x00\x00t", strides="(K\x00K\x00t")
    path = zip_of(tmp_path / "a.bin", data, a=bytes(8))
    with pytest.raises(CheckpointError, match="must not be larger than its storage"):
        open_checkpoint(path)["w"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02}",
        b"\x80\x02K\x01.",
        b"\x80\x02h\x05.",
        b"\x80\x02t.",
        b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".",
        b"\x80\x02}(" + b"]" + b"\x85" * 100_000 + b"K\x01u.",
        b"\x80\x02" + b")" + b"\x85" * 100_000 + b"b.",
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"I" + b"9" * 100_000 + b"\n.",
        b"\x80\x02}q\x00h\x00X\x05\0\0\0models.",
        b"ctorch\nFloatStorage\n)R.",
        b"ctorch\nFloatStorage\n}b.",
        b"ccollections\nOrderedDict\n}b.",
        b"\x80\x04\x8c\x05torch\x8c\x04load\x93.",
        b"\x80\x04]]\x93.",
        b"c\\eval\nx\n.",
        b"\x80\x04\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
    ],
)
@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.usefixtures("no_garbage")
def test_a_corrupt_or_recursive_pickle_raises_our_error(tmp_path, form, data):
    make = zip_of if form == "zip" else legacy_of
    with pytest.raises(CheckpointError):
        open_checkpoint(make(tmp_path / "a.bin", data))


def test_calls_on_one_long_list_again_and_again_end_soon():
    pairs = b"](" + b"]" * 1_000_00 + b"e\x85q\x01"
    calls = b"ccollections\nOrderedDict\nq\x020" + b"h\x02h\x01R0" * 1000
    with pytest.raises(CheckpointError):
        unpickle(io.BytesIO(b"\x80\x02" + pairs + b"0" + calls + b"N."), "a pickle")


def test_a_pickle_of_millions_of_instructions_is_given_up(monkeypatch):
    monkeypatch.setattr("kewen.checkpoints.torch_pickle.MAX_STEPS", 1000)
    assert unpickle(io.BytesIO(b"N."), "a pickle").value is None
    with pytest.raises(CheckpointError, match="more than 1000 instructions"):
        unpickle(io.BytesIO(b"N" * 1001 + b"."), "a pickle")


def test_a_container_of_itself_is_no_state_dict(tmp_path):
    loop: dict = {"epoch": 1}
    loop["model"] = loop
    with pytest.raises(CheckpointError, match="keys epoch, model"):
        open_checkpoint(zip_of(tmp_path / "a.bin", loop))


@pytest.mark.parametrize("kept", [0, 3, 100, 4000, 20_000, -1])
@pytest.mark.parametrize("case", CASES)
def test_a_truncated_file_is_refused_when_opened(tmp_path, case, kept):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(bin_of(case).read_bytes()[:kept])
    with pytest.raises(CheckpointError):
        open_checkpoint(path)


def test_a_bare_pickle_is_refused(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match=r"torch\.save"):
        open_checkpoint(path)


def test_shards_of_torch_files_are_one_checkpoint(tmp_path):
    shutil.copy(bin_of("bert_bin_zip"), tmp_path / "pytorch_model-00001-of-00001.bin")
    names = list(open_checkpoint(bin_of("bert_bin_zip")))
    placed = ", ".join(f'"{n}": "pytorch_model-00001-of-00001.bin"' for n in names)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(f'{{"weight_map": {{{placed}}}}}')
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.format == "torch"
    assert checkpoint.keys() == set(names)


@pytest.mark.parametrize("case", ["bert_bin_zip", "bert_bin_legacy"])
@given(data=st.data(), flip=st.integers(1, 255))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_flipped_byte_never_raises_anything_else(tmp_path, case, data, flip):
    content = bytearray(bin_of(case).read_bytes())
    near_either_end = st.integers(-6000, 6000)
    content[data.draw(near_either_end)] ^= flip
    path = tmp_path / "flipped.bin"
    path.write_bytes(content)
    try:
        dict(TorchFile(path))
    except KewenError:
        pass
