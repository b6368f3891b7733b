"""Arrays in memory that a framework can keep as it is."""

import numpy as np
import pytest

from kewen.checkpoints.aligned import ALIGNMENT, aligned, aligned_bytes
from kewen.checkpoints.source_file import SourceFile

SOURCE = np.linspace(0, 9, 200 * 6 * 70, dtype="float32").reshape(200, 6 * 70)
VIEWS = {
    "as it is": SOURCE,
    "transposed": SOURCE.T,
    "heads split": SOURCE.T.reshape(6 * 70, 20, 10),
    "heads merged": SOURCE.T.reshape(6, 70, 200),
    "backwards": SOURCE[::-1, ::-1],
    "every third": SOURCE[::3, 1::2],
    "three axes turned": SOURCE.reshape(10, 20, 420).transpose(2, 0, 1),
    "broadcast": np.broadcast_to(SOURCE[0], (3, 420)),
    "nothing": np.empty((0, 4), "float32").T,
    "one number": np.array(3, "float32"),
}


def begins_at_a_line(array):
    return array.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("count", [1, 63, 64, 1000])
def test_fresh_bytes_begin_at_a_cache_line(count):
    memory = aligned_bytes(count)
    assert memory.shape == (count,)
    assert begins_at_a_line(memory)


@pytest.mark.parametrize("dtype", [None, "float16"])
@pytest.mark.parametrize("name", VIEWS)
def test_any_view_comes_out_with_its_values_in_order(name, dtype):
    view = VIEWS[name]
    copy = aligned(view, dtype)
    assert begins_at_a_line(copy) or not copy.size
    assert copy.flags.c_contiguous
    np.testing.assert_array_equal(copy, view.astype(dtype or view.dtype))


def test_what_is_aligned_already_is_not_copied():
    array = aligned_bytes(64).view("float32")
    assert aligned(array) is array


def test_an_array_elsewhere_is_copied():
    array = aligned_bytes(68)[4:].view("float32")
    assert aligned(array) is not array


def test_files_are_read_into_aligned_memory(tmp_path):
    (tmp_path / "f").write_bytes(bytes(range(200)))
    read = SourceFile(tmp_path / "f").read(3, 100)
    assert begins_at_a_line(read)
    assert read.tolist() == list(range(3, 103))
