"""TensorFlow bundles that kewen writes: to the byte those that TensorFlow wrote."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.checkpoints import TFBundle, write_tf_bundle
from kewen.checkpoints.tf_bundle import DTYPES, STRING
from kewen.checkpoints.tf_table import read_table
from kewen.checkpoints.tf_table_writing import BLOCK_BYTES, table_bytes
from kewen.errors import CheckpointError, FileError

BERT4KERAS = Path(__file__).parent.parent / "golden" / "bert4keras"
BUNDLES = sorted(path.with_suffix("") for path in BERT4KERAS.glob("*/*.index"))
SHARD = "a.data-00000-of-00001"


def files_of(prefix: Path) -> list[bytes]:
    names = (f"{prefix.name}.index", f"{prefix.name}.data-00000-of-00001")
    return [prefix.with_name(name).read_bytes() for name in names]


@pytest.mark.parametrize("golden", BUNDLES, ids=lambda path: path.parent.name)
def test_a_bundle_of_tensorflows_is_written_again_to_the_byte(golden, tmp_path):
    write_tf_bundle(tmp_path / "again", dict(TFBundle(golden)))
    assert files_of(tmp_path / "again") == files_of(golden)


def test_every_dtype_and_shape_comes_back(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {
        f"{dtype}/{len(shape)}": (8 * rng.random(shape)).astype(dtype)
        for number, dtype in DTYPES.items()
        if number != STRING
        for shape in ((), (0, 3), (5,), (2, 3, 4))
    }
    write_tf_bundle(tmp_path / "a", tensors)
    again = TFBundle(tmp_path / "a")
    assert sorted(again) == sorted(tensors)
    for name, tensor in tensors.items():
        assert again[name].dtype == tensor.dtype
        np.testing.assert_array_equal(again[name], tensor)


def test_tensorflow_opens_every_dtype_and_shape(tmp_path):
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    tensors = {
        f"{dtype}/{len(shape)}": (8 * rng.random(shape)).astype(dtype)
        for number, dtype in DTYPES.items()
        if number != STRING
        for shape in ((), (0, 3), (5,), (2, 3, 4))
    }
    # More than a block of the index, so that it is searched and not only read.
    tensors |= {f"layer_{n:06d}" + "x" * 200: np.float32([n]) for n in range(3000)}
    write_tf_bundle(tmp_path / "a", tensors)
    reader = tf.train.load_checkpoint(str(tmp_path / "a"))
    shapes = reader.get_variable_to_shape_map()
    assert shapes == {name: list(each.shape) for name, each in tensors.items()}
    for name, tensor in tensors.items():
        theirs = np.asarray(reader.get_tensor(name))
        assert theirs.dtype == tensor.dtype
        np.testing.assert_array_equal(theirs, tensor)


def test_views_and_other_byte_orders_are_written_as_what_they_mean(tmp_path):
    square = np.arange(6, dtype=">f4").reshape(2, 3)
    write_tf_bundle(tmp_path / "a", {"turned": square.T, "every_other": square[:, ::2]})
    again = TFBundle(tmp_path / "a")
    np.testing.assert_array_equal(again["turned"], square.T)
    np.testing.assert_array_equal(again["every_other"], square[:, ::2])


@settings(deadline=None)
@given(st.dictionaries(st.binary(max_size=6), st.binary(max_size=4), max_size=40))
def test_any_table_is_read_as_it_was_written(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("table") / "a.index"
    path.write_bytes(table_bytes(table))
    assert read_table(path) == table


def test_a_table_of_several_blocks_is_read_whole_and_found_by_its_borders(tmp_path):
    long = {f"layer_{n:06d}".encode(): bytes(300) for n in range(3000)}
    assert sum(map(len, long.values())) > 3 * BLOCK_BYTES
    (tmp_path / "a.index").write_bytes(table_bytes(long))
    assert read_table(tmp_path / "a.index") == long


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("text", np.array([b"a"])),
        ("object", np.array([None])),
        ("day", np.array(["2026-01-01"], "datetime64[D]")),
        ("four_bits", np.array([1], ml_dtypes.int4)),
        ("", np.zeros(1)),
        (1, np.zeros(1)),
        ("\udc80", np.zeros(1)),
        ("ragged", [[1], [1, 2]]),
        ("\0slice", np.zeros(1)),
    ],
)
def test_what_the_format_cannot_hold_is_refused_by_name(tmp_path, name, tensor):
    with pytest.raises(CheckpointError, match="holds tensors of") as refused:
        write_tf_bundle(tmp_path / "a", {"sound": np.zeros(1), name: tensor})
    assert repr(name) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_checkpoint_is_replaced_only_when_asked(tmp_path):
    write_tf_bundle(tmp_path / "a", {"x": np.zeros(3)})
    before = files_of(tmp_path / "a")
    with pytest.raises(FileError, match="overwrite=True"):
        write_tf_bundle(tmp_path / "a", {"x": np.ones(3)})
    assert files_of(tmp_path / "a") == before
    write_tf_bundle(tmp_path / "a", {"x": np.ones(3)}, overwrite=True)
    assert TFBundle(tmp_path / "a")["x"].tolist() == [1, 1, 1]


def test_a_shard_without_its_index_is_no_checkpoint(tmp_path, monkeypatch):
    from kewen.checkpoints import tf_bundle_writing

    def killed(table):
        raise KeyboardInterrupt

    monkeypatch.setattr(tf_bundle_writing, "table_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        write_tf_bundle(tmp_path / "a", {"x": np.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == [SHARD]
