"""Loading a model takes the memory of its weights, once."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from kewen.checkpoints import open_checkpoint, write_safetensors
from kewen.models import Backbone, Pretrained
from kewen.models.bert import BertConfig

MEASURE = """
import json, re, sys
from pathlib import Path
import kewen
from kewen.models import load
load(sys.argv[1])
def kib(key):
    status = Path("/proc/self/status").read_text()
    return int(re.search(key + r":\\s+(\\d+) kB", status).group(1))
before = kib("VmRSS")
model = load(sys.argv[2])
print(json.dumps(kib("VmHWM") - before))
"""
WIDE = {"vocabulary_size": 60_000, "hidden_dim": 512, "max_length": 16}
SMALL = {"num_layers": 1, "num_heads": 8, "intermediate_dim": 1024}


def saved(folder, **sizes):
    config = BertConfig(**{**SMALL, **sizes})
    Pretrained(model=Backbone(config)).save(folder)
    return folder


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX keeps the memory")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_peak_of_loading_is_little_more_than_the_weights(tmp_path, dtype):
    wide = saved(tmp_path / "wide", **WIDE)
    path = wide / "model.safetensors"
    with open_checkpoint(path) as checkpoint:
        tensors = {name: checkpoint[name].astype(dtype) for name in checkpoint}
        ours = sum(array.size * 4 for array in tensors.values())
    write_safetensors(path, tensors, overwrite=True)
    first = saved(tmp_path / "first", vocabulary_size=50, hidden_dim=64)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(first), str(wide)],
        capture_output=True,
        text=True,
        check=True,
    )
    taken = 1024 * json.loads(done.stdout)
    # In half precision the largest tensor is there twice for a moment.
    file_too = max(a.nbytes for a in tensors.values()) if dtype == "float16" else 0
    assert ours < taken < 1.2 * ours + file_too


def test_a_weight_that_no_file_sets_is_zero_and_can_be_set():
    model = Backbone(BertConfig(**SMALL, vocabulary_size=50, hidden_dim=64), unset=True)
    weights = model.weights_by_path()
    for weight in weights.values():
        assert not keras.ops.convert_to_numpy(weight.value).any()
        weight.assign(np.ones(weight.shape))
    assert all(
        keras.ops.convert_to_numpy(weight.value).all() for weight in weights.values()
    )
