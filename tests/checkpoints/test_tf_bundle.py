"""TensorFlow bundles: golden ones, ones written here byte by byte, and broken ones."""

import shutil
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kewen.checkpoints import TFBundle, open_checkpoint
from kewen.checkpoints.crc32c import crc32c, masked
from kewen.checkpoints.tf_records import slice_key
from kewen.errors import CheckpointError, KewenError, NotFoundError

BERT4KERAS = Path(__file__).parent.parent / "golden" / "bert4keras"
ENCODER = BERT4KERAS / "bert_encoder" / "bert_model.ckpt"

# === A writer as small as can be: one entry a restart point, one data block ===


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def proto(*fields: tuple[int, int | bytes]) -> bytes:
    """Fields of a message; number 6 is the fixed32 of an entry."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        elif number == 6:
            out += varint(number << 3 | 5) + struct.pack("<I", value)
        else:
            out += varint(number << 3) + varint(value)
    return out


def shape_proto(shape) -> bytes:
    return proto(*((2, proto((1, length))) for length in shape))


def crc_of(data: bytes) -> int:
    return masked(crc32c(np.frombuffer(data, np.uint8)))


def block(pairs, compression=0) -> bytes:
    out, restarts = b"", []
    for key, value in pairs:
        restarts.append(len(out))
        out += varint(0) + varint(len(key)) + varint(len(value)) + key + value
    out += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    out += bytes([compression])
    return out + struct.pack("<I", crc_of(out))


def table(pairs, compression=0) -> bytes:
    data = block(sorted(pairs), compression)
    meta = block([])
    handle = varint(0) + varint(len(data) - 5)
    index = block([(b"\xff", handle)])
    footer = varint(len(data)) + varint(len(meta) - 5)
    footer += varint(len(data) + len(meta)) + varint(len(index) - 5)
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    return data + meta + index + footer.ljust(40, b"\0") + magic


def tensor_entry(array: np.ndarray, dtype: int, shard: int, offset: int) -> bytes:
    data = array.tobytes()
    fields = [(1, dtype), (2, shape_proto(array.shape)), (3, shard), (4, offset)]
    return proto(*fields, (5, len(data)), (6, crc_of(data)))


def write_bundle(
    prefix: Path, entries: dict[bytes, bytes], shards: list[bytes], **header
):
    fields = {"num_shards": len(shards), "endianness": 0} | header
    head = proto(
        (1, fields["num_shards"]), (2, fields["endianness"]), (3, proto((1, 1)))
    )
    index = table([(b"", head), *entries.items()])
    prefix.with_name(prefix.name + ".index").write_bytes(index)
    for k, data in enumerate(shards):
        name = f"{prefix.name}.data-{k:05d}-of-{len(shards):05d}"
        prefix.with_name(name).write_bytes(data)
    return prefix


def write_one(prefix: Path, array: np.ndarray, dtype: int) -> Path:
    entries = {b"x": tensor_entry(array, dtype, 0, 0)}
    return write_bundle(prefix, entries, [array.tobytes()])


# === Reading ===


def test_a_golden_bundle_has_the_names_and_shapes_of_its_model():
    checkpoint = open_checkpoint(ENCODER)
    assert checkpoint.format == "tf"
    assert len(checkpoint) == 46
    table_info = checkpoint.info("bert/embeddings/word_embeddings")
    assert (table_info.shape, table_info.dtype) == ((80, 24), np.float32)
    assert table_info.file.name == "bert_model.ckpt.data-00000-of-00001"


@pytest.mark.parametrize("case", ["bert_encoder", "bert_plain"])
def test_every_tensor_of_a_golden_bundle_has_the_crc_that_tensorflow_wrote(case):
    checkpoint = open_checkpoint(BERT4KERAS / case)
    sizes = {name: tensor.size for name, tensor in checkpoint.items()}
    shard = next(BERT4KERAS.glob(f"{case}/*.data-00000-of-00001"))
    assert 4 * sum(sizes.values()) == shard.stat().st_size


@pytest.mark.parametrize(
    ("number", "dtype"),
    [
        *[(1, "f4"), (2, "f8"), (3, "i4"), (4, "u1"), (5, "i2"), (6, "i1"), (8, "c8")],
        *[(9, "i8"), (10, "?"), (17, "u2"), (18, "c16"), (19, "f2"), (22, "u4")],
        *[(23, "u8"), (14, ml_dtypes.bfloat16), (24, ml_dtypes.float8_e5m2)],
        (25, ml_dtypes.float8_e4m3fn),
    ],
)
def test_every_dtype_is_read(tmp_path, number, dtype):
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    checkpoint = open_checkpoint(write_one(tmp_path / "model.ckpt", array, number))
    assert checkpoint.info("x").dtype == array.dtype
    np.testing.assert_array_equal(checkpoint["x"], array)


def test_scalars_and_empty_tensors_are_read(tmp_path):
    for name, array in [("a", np.float32(7)), ("b", np.zeros((0, 3), np.float32))]:
        path = write_one(tmp_path / name, array, 1)
        np.testing.assert_array_equal(open_checkpoint(path)["x"], array, strict=True)


def test_tensors_are_found_in_all_shards(tmp_path):
    arrays = {b"a": np.arange(4.0), b"b": np.arange(3.0), b"c": np.ones(2)}
    places = {b"a": (0, 0), b"b": (1, 0), b"c": (1, 24)}
    entries = {k: tensor_entry(arrays[k], 2, *places[k]) for k in arrays}
    shards = [arrays[b"a"].tobytes(), arrays[b"b"].tobytes() + arrays[b"c"].tobytes()]
    checkpoint = open_checkpoint(write_bundle(tmp_path / "model", entries, shards))
    assert checkpoint.info("c").file.name == "model.data-00001-of-00002"
    for name, array in arrays.items():
        np.testing.assert_array_equal(checkpoint[name.decode()], array)


def extent_proto(start: int, length: int | None) -> bytes:
    return proto((1, start)) if length is None else proto((1, start), (2, length))


def write_partitioned(prefix: Path, whole: np.ndarray, extents) -> Path:
    """`whole` in slices, each in a shard of its own."""
    entries, shards, slices = {}, [], []
    for extent in extents:
        place = tuple(slice(a, None if n is None else a + n) for a, n in extent)
        part = np.ascontiguousarray(whole[place])
        entries[slice_key("table", extent)] = tensor_entry(part, 1, len(shards), 0)
        shards.append(part.tobytes())
        slices.append((7, proto(*((1, extent_proto(*axis)) for axis in extent))))
    entries[b"table"] = proto((1, 1), (2, shape_proto(whole.shape)), *slices)
    return write_bundle(prefix, entries, shards)


@pytest.mark.parametrize(
    "extents",
    [
        [((0, None), (0, None))],
        [((0, 100), (0, None)), ((100, 70), (0, None)), ((170, 30), (0, None))],
        [((a, 100), (b, 2)) for a in (0, 100) for b in (0, 2)],
    ],
)
def test_a_partitioned_variable_is_put_together(tmp_path, extents):
    whole = np.arange(800, dtype=np.float32).reshape(200, 4)
    checkpoint = open_checkpoint(write_partitioned(tmp_path / "m", whole, extents))
    assert list(checkpoint) == ["table"]
    np.testing.assert_array_equal(checkpoint["table"], whole)


@pytest.mark.parametrize(
    "extents",
    [
        [((0, 100), (0, None))],
        [((0, 100), (0, None)), ((50, 100), (0, None))],
    ],
)
def test_slices_with_holes_or_overlaps_are_refused(tmp_path, extents):
    whole = np.zeros((200, 4), np.float32)
    path = write_partitioned(tmp_path / "m", whole, extents)
    with pytest.raises(CheckpointError, match="slices of table with holes or overlaps"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("start", "expected"),
    [  # as the C++ implementation of ordered code writes them
        (0, "80"),
        (63, "bf"),
        (64, "c040"),
        (-1, "7f"),
        (-64, "40"),
        (-65, "3fbf"),
        (-(2**31), "0780000000"),
        (-(2**31) - 1, "077fffffff"),
        (-(2**63), "003f8000000000000000"),
    ],
)
def test_the_keys_of_slices_are_in_ordered_code(start, expected):
    key = slice_key("a\0b", ((start, None),))
    assert key.hex() == f"00{'6100ff62'}0001" + "0101" + expected + "7f"


def test_text_is_listed_and_refused_only_when_read(tmp_path):
    entry = proto((1, 7), (2, shape_proto(())), (5, 9), (6, 0))
    entries = {b"text": entry, b"x": tensor_entry(np.ones(2), 2, 0, 9)}
    shard = bytes(9) + np.ones(2).tobytes()
    checkpoint = open_checkpoint(write_bundle(tmp_path / "m", entries, [shard]))
    assert checkpoint.info("text").shape == ()
    np.testing.assert_array_equal(checkpoint["x"], 1)
    with pytest.raises(CheckpointError, match=r"Tensor text .*Received: text"):
        checkpoint["text"]


# === Bad input ===


@pytest.fixture
def copy(tmp_path) -> Path:
    for file in ENCODER.parent.glob("bert_model.ckpt.*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "bert_model.ckpt"


def damage(path: Path, at: int, flip: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= flip
    path.write_bytes(data)


def test_a_flipped_byte_in_a_shard_is_noticed_and_names_the_tensor(copy):
    checkpoint = open_checkpoint(copy)
    entry = checkpoint._parts["bert/embeddings/word_embeddings"][0].entry
    damage(copy.with_name("bert_model.ckpt.data-00000-of-00001"), entry.offset + 17)
    checkpoint = open_checkpoint(copy)
    checkpoint["bert/embeddings/LayerNorm/beta"]
    with pytest.raises(CheckpointError, match=r"bert/embeddings/word_embeddings.*CRC"):
        checkpoint["bert/embeddings/word_embeddings"]


def test_a_truncated_shard_is_refused_when_opened(copy):
    shard = copy.with_name("bert_model.ckpt.data-00000-of-00001")
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="truncated or corrupt"):
        open_checkpoint(copy)


def test_a_missing_shard_is_named(copy):
    copy.with_name("bert_model.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(NotFoundError, match="data-00000-of-00001"):
        open_checkpoint(copy)


@pytest.mark.parametrize("kept", [0, 10, 47, 500, -1])
def test_a_truncated_index_is_refused(copy, kept):
    index = copy.with_name("bert_model.ckpt.index")
    index.write_bytes(index.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="truncated or of another kind"):
        TFBundle(copy)


def test_a_flipped_byte_in_the_index_is_noticed(copy):
    damage(copy.with_name("bert_model.ckpt.index"), 300)
    with pytest.raises(CheckpointError, match="block at byte 0 whose CRC is wrong"):
        open_checkpoint(copy)


def test_a_compressed_index_is_refused_with_advice(tmp_path):
    (tmp_path / "m.index").write_bytes(table([(b"", b"")], compression=1))
    with pytest.raises(CheckpointError, match=r"compression 1.*tf\.train\.Saver"):
        open_checkpoint(tmp_path / "m")


def test_a_big_endian_bundle_is_refused(tmp_path):
    path = write_bundle(tmp_path / "m", {}, [b""], endianness=1)
    with pytest.raises(CheckpointError, match="big-endian"):
        open_checkpoint(path)


def test_a_billion_shards_are_refused_at_the_first_one_missing(tmp_path):
    path = write_bundle(tmp_path / "m", {}, [], num_shards=10**9)
    with pytest.raises(NotFoundError, match="data-00000-of-1000000000"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    "fields",
    [
        [(1, 99), (2, shape_proto([2]))],
        [(1, 1), (2, shape_proto([2**40, 2**40])), (5, 8)],
        [(1, 1), (2, shape_proto([2**64 - 1])), (5, 8)],
        [(1, 1), (2, shape_proto([1] * 100)), (5, 4)],
        [(1, 1), (2, shape_proto([2])), (4, 2**60), (5, 8)],
        [(1, 1), (2, shape_proto([2])), (3, 7), (5, 8)],
        [(1, 1), (2, shape_proto([2])), (5, 9)],
        [(1, 1), (2, 5)],
        [(1, b"x")],
        [(1, 1), (2, proto((3, 1)))],
        [(1, 1), (2, shape_proto([2])), (7, b"")],
        [(1, 1), (2, shape_proto([2])), (7, proto((1, proto((1, 0), (2, 1)))))],
    ],
)
def test_an_entry_that_cannot_be_is_refused(tmp_path, fields):
    path = write_bundle(tmp_path / "m", {b"x": proto(*fields)}, [bytes(100)])
    with pytest.raises(CheckpointError):
        open_checkpoint(path)


def test_keys_that_grow_without_end_are_refused(tmp_path):
    long = b"k" * 100_000
    body = varint(0) + varint(len(long)) + varint(0) + long
    for k in range(5000):
        body += varint(len(long) + k) + varint(1) + varint(0) + b"k"
    body += struct.pack("<2I", 0, 1) + b"\0"
    data = body + struct.pack("<I", crc_of(body))
    index = block([(b"\xff", varint(0) + varint(len(data) - 5))])
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    (tmp_path / "m.index").write_bytes(data + index + footer.ljust(40, b"\0") + magic)
    with pytest.raises(CheckpointError, match="absurd lengths"):
        open_checkpoint(tmp_path / "m")


@given(at=st.integers(0, 1825), flip=st.integers(1, 255), repair=st.booleans())
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_flipped_byte_of_the_index_never_raises_anything_else(
    tmp_path, at, flip, repair
):
    """Also with the block's CRC made right again, as a hostile file would have it."""
    data = bytearray((ENCODER.parent / "bert_model.ckpt.index").read_bytes())
    data[at] ^= flip
    if repair:
        end = 1741  # of the data block with its compression byte; the CRC follows
        data[end : end + 4] = struct.pack("<I", crc_of(bytes(data[:end])))
    for file in ENCODER.parent.glob("*.data-*"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / "bert_model.ckpt.index").write_bytes(data)
    try:
        dict(TFBundle(tmp_path / "bert_model.ckpt"))
    except KewenError:
        pass
