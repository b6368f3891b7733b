"""Kernels are turned for loops over few rows, and never outlive their values."""

import keras
import numpy as np
import pytest
from keras import ops

from kewen.decoding import Decoder, Paths
from kewen.decoding import turning as turning_room
from kewen.decoding.step import Rescoring
from kewen.decoding.turning import turned_for
from kewen.layers.dense import Dense
from kewen.models import Backbone, decoding_step, family
from kewen.ops import turned_kernel

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="done on JAX only"
)
V = 11


class OneKernel(Rescoring):
    """The newest token's row of a kernel is what is scored."""

    def __init__(self):
        self.layer = Dense(V)
        self.layer.build((None, V))
        self.used = []
        super().__init__(self._predict_one, lambda: self.layer.weights)

    def _predict_one(self, ids, mask):
        self.used.append(turned_kernel(self.layer.kernel) is not None)
        return self.layer(ops.one_hot(ids[:, -1], V))

    def kernels(self):
        return [(self.layer.kernel, 1)]

    def set(self, seed):
        values = np.random.default_rng(seed).normal(size=(V, V)).astype("float32")
        self.layer.kernel.assign(values)
        return values


@pytest.fixture
def step():
    return OneKernel()


def test_a_few_rows_have_them_turned_and_one_or_many_do_not(step):
    values = step.set(0)
    (turned,) = turned_for(step, 4).values()
    np.testing.assert_array_equal(turned, values.T)
    assert turned_for(step, 4)[id(step.layer.kernel)] is turned
    assert turned_for(step, 1) == turned_for(step, 33) == {}


def test_new_values_are_turned_anew_and_old_ones_are_let_go(step):
    step.set(0)
    turned_for(step, 2)
    values = step.set(1)
    (turned,) = turned_for(step, 2).values()
    np.testing.assert_array_equal(turned, values.T)
    assert len(step._turned) == 1


def test_where_memory_is_short_nothing_is_turned(step, monkeypatch, tmp_path):
    monkeypatch.setattr(turning_room, "MEMORY", tmp_path / "meminfo")
    for free, expected in ((4 * V * V * 4 // 1024, {}), (10**6, None)):
        text = f"MemTotal: 9 kB\nMemAvailable: {free} kB\n"
        (tmp_path / "meminfo").write_text(text)
        assert (turned_for(step, 2) == {}) == (expected == {})


def test_decoding_uses_them_and_follows_new_weights(step):
    decoder = Decoder(step, Paths())
    for seed in (0, 1):
        values = step.set(seed)
        found = decoder([[3], [4], [5]], 4)
        for first, (text,) in zip((3, 4, 5), found, strict=True):
            wanted, last = [], first
            for _ in range(4):
                last = int(values[last].argmax())
                wanted.append(last)
            assert text.ids.tolist() == wanted
    assert any(step.used) and not all(step.used)  # the loop, and not the prompts


@pytest.mark.parametrize(
    ("dtype", "int8", "expected"),
    [("float32", False, 6), ("mixed_bfloat16", False, 0), ("float32", True, 0)],
)
def test_kernels_of_a_model_are_those_that_compute_in_float32(dtype, int8, expected):
    config = family("gpt2").config.from_dict(
        {"vocabulary_size": 20, "num_layers": 1, "num_heads": 2, "hidden_dim": 8}
    )
    model = Backbone(config, heads=["language_model"], dtype=dtype)
    if int8:
        model.quantize("int8")
    step = decoding_step(model)
    assert len(step.kernels()) == expected
    assert len(turned_for(step, 2)) == expected
    step.kernels = list  # as after quantising
    assert turned_for(step, 2) == {} == step._turned
