"""NumPy archives, and what zip archives in general are refused for."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kewen.checkpoints import NpzFile, open_checkpoint
from kewen.errors import CheckpointError, KewenError

ARRAYS = {
    "bert/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "scalar": np.float64(2.5),
    "empty": np.zeros((0, 2), np.int8),
    "flags": np.array([True, False]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_array_is_read(tmp_path, save):
    save(tmp_path / "model.npz", **ARRAYS)
    checkpoint = open_checkpoint(tmp_path / "model.npz")
    assert checkpoint.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert checkpoint.info(name).shape == array.shape
        np.testing.assert_array_equal(checkpoint[name], array, strict=True)


@pytest.mark.parametrize(
    "array", [np.array([{}]), np.array(["text"]), np.zeros(2, [("a", "f4")])]
)
def test_anything_but_numbers_is_refused(tmp_path, array):
    np.savez(tmp_path / "model.npz", bad=array)
    with pytest.raises(CheckpointError, match=r"bad\.npy.*must be an array of numbers"):
        open_checkpoint(tmp_path / "model.npz")


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\x09\x00",
        npy("{"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", bytes(7)),
        npy("{'descr': 'no', 'fortran_order': False, 'shape': (2,)}", bytes(8)),
        npy("(" * 5000),
    ],
)
@pytest.mark.usefixtures("no_garbage")
def test_a_broken_header_is_refused(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(CheckpointError):
        open_checkpoint(tmp_path / "model.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        for value in (1, 2):
            buffer = io.BytesIO()
            np.save(buffer, np.array(value))
            archive.writestr("a.npy", buffer.getvalue())
    with pytest.raises(CheckpointError, match=r"'a\.npy' twice"):
        open_checkpoint(tmp_path / "model.npz")


def deflated(path: Path, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(size))
    return path


def test_a_zip_bomb_is_refused_by_what_it_states(tmp_path):
    path = deflated(tmp_path / "bomb.npz", 1 << 20)
    data = path.read_bytes()
    stated, enormous = (
        (1 << 20).to_bytes(4, "little"),
        (0xFFFFFFF0).to_bytes(4, "little"),
    )
    assert data.count(stated) == 2  # local header and directory
    path.write_bytes(data.replace(stated, enormous))
    with pytest.raises(CheckpointError, match="zip bomb"):
        open_checkpoint(path)


def test_an_entry_that_inflates_to_less_than_stated_is_refused(tmp_path):
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (5000,)}"
    content = npy(header.ljust(118) + "\n", bytes(4000))
    path = tmp_path / "short.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", content)
    size, more = (len(content) + k for k in (0, 1000))
    data = path.read_bytes().replace(
        size.to_bytes(4, "little"), more.to_bytes(4, "little")
    )
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="bytes of the"):
        open_checkpoint(path)["a"]


def test_overlapping_entries_are_refused(tmp_path):
    path = tmp_path / "overlap.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", bytes(1000))
        first = archive.infolist()[0]
        for k in range(50):
            twin = zipfile.ZipInfo(f"b{k}.npy")
            twin.header_offset, twin.CRC = first.header_offset, first.CRC
            twin.file_size = twin.compress_size = 1000
            archive.filelist.append(twin)
    with pytest.raises(CheckpointError, match="overlap"):
        open_checkpoint(path)


def test_a_flipped_byte_of_an_array_is_an_error(tmp_path):
    np.savez(tmp_path / "model.npz", good=np.ones(9), bad=np.full(9, 3.0))
    content = (tmp_path / "model.npz").read_bytes()
    three = np.full(9, 3.0).tobytes()
    assert content.count(three) == 1
    (tmp_path / "model.npz").write_bytes(content.replace(three, b"\1" + three[1:]))
    checkpoint = open_checkpoint(tmp_path / "model.npz")
    assert checkpoint["good"][0] == 1
    with pytest.raises(CheckpointError, match=r"'bad\.npy' whose CRC-32 is"):
        checkpoint["bad"]


def test_an_entry_that_states_no_bytes_is_not_inflated(tmp_path):
    path = deflated(tmp_path / "zero.npz", 1 << 20)
    data = path.read_bytes()
    path.write_bytes(data.replace((1 << 20).to_bytes(4, "little"), bytes(4)))
    with pytest.raises(CheckpointError, match="1 bytes of the 0 stated"):
        open_checkpoint(path)


@given(data=st.data(), flip=st.integers(1, 255), packed=st.booleans())
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_flipped_byte_never_raises_anything_else(tmp_path, data, flip, packed):
    buffer = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(buffer, **ARRAYS)
    content = bytearray(buffer.getvalue())
    content[data.draw(st.integers(0, len(content) - 1))] ^= flip
    (tmp_path / "flipped.npz").write_bytes(content)
    try:
        dict(NpzFile(tmp_path / "flipped.npz"))
    except KewenError:
        pass
