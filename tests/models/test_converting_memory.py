"""A conversion takes the memory of its largest tensors, however many there are."""

import json
import subprocess
import sys

import keras
import ml_dtypes
import numpy as np
import pytest

from kewen.checkpoints import Deferred, SafetensorsFile, write_safetensors
from kewen.models import Backbone, Pretrained, convert
from kewen.models.bert import BertConfig

MEASURE = """
import json, re, sys
from pathlib import Path
import kewen
from kewen.models import convert
def kib(key):
    status = Path("/proc/self/status").read_text()
    return int(re.search(key + r":\\s+(\\d+) kB", status).group(1))
small, large, out, to = sys.argv[1:]
convert(small, out + "-first", to=to)
before = kib("VmRSS")
convert(large, out, to=to)
print(json.dumps(kib("VmHWM") - before))
"""
TINY = {"vocabulary_size": 50, "hidden_dim": 64, "num_heads": 8, "num_layers": 1}
DEEP = {**TINY, "hidden_dim": 512, "intermediate_dim": 2048, "num_layers": 16}


def saved(folder, dtype, **sizes):
    """Weights of one dtype; returns the bytes of all."""
    Pretrained(model=Backbone(BertConfig(**sizes), unset=True)).save(folder)
    path = folder / "model.safetensors"
    tensors = {n: a.astype(dtype) for n, a in SafetensorsFile(path).items()}
    write_safetensors(path, tensors, overwrite=True)
    return sum(array.nbytes for array in tensors.values())


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX takes promised pages")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("way", ["hf", "tf1", "keras", "keras hf"])
def test_peak_of_a_conversion_is_far_below_the_weights(tmp_path, way):
    weights = 0
    *before, to = way.split()
    for name, sizes in (("small", TINY), ("large", DEEP)):
        weights = saved(tmp_path / name, ml_dtypes.bfloat16, **sizes)
        if before:
            convert(tmp_path / name, tmp_path / f"{name}-0", to=before[0])
            (tmp_path / name).rename(tmp_path / f"{name}-source")
            (tmp_path / f"{name}-0").rename(tmp_path / name)
    folders = [str(tmp_path / name) for name in ("small", "large", "out")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *folders, to],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 1024 * json.loads(done.stdout) < weights / 3


def test_deferred_array_is_read_at_each_asking_and_never_before():
    asked = []
    array = Deferred((2, 3), "float16", lambda: asked.append(1) or np.ones((2, 3)))
    assert (array.shape, array.nbytes, asked) == ((2, 3), 12, [])
    assert np.asarray(array).sum() == np.asarray(array).sum() == 6
    assert len(asked) == 2
