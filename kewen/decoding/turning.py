"""Kernels turned for a loop over few rows, and kept while they are the model's.

They take the memory of the kernels once more, so they are made where a quarter of what
is free is enough for them.
"""

import math
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from kewen.decoding.step import Step
from kewen.ops import MOST_ROWS, on_jax_cpu

Tensor = Any
MEMORY = Path("/proc/meminfo")


def turned_for(step: Step, rows: int) -> dict[int, Tensor]:
    """`id` of a kernel -> float32, (O, I); none where it gains nothing.

    One row is as fast without. In bfloat16 XLA packs nothing.

    Args:
        step: whose kernels; it keeps what was turned.
        rows: that it is called with.
    """
    if not 1 < rows <= MOST_ROWS or not on_jax_cpu():
        return {}
    kept = vars(step).setdefault("_turned", {})
    kernels = [each for each in step.kernels() if each[0].dtype == "float32"]
    new = [each for each in kernels if not _is_of(kept, each[0])]
    if 4 * sum(4 * math.prod(kernel.shape) for kernel, _ in new) > _free_bytes():
        kept.clear()
        return {}
    for kernel, summed in new:
        values = np.asarray(kernel.value)
        matrix = values.reshape(math.prod(values.shape[:summed]), -1)
        turned = ops.convert_to_tensor(np.ascontiguousarray(matrix.T))
        kept[id(kernel)] = weakref.ref(kernel.value), turned
    return {id(kernel): kept[id(kernel)][1] for kernel, _ in kernels}


def _is_of(kept: dict[int, Any], kernel: Any) -> bool:
    """Whether its turned copy is there, and holds the values of now."""
    source, _ = kept.get(id(kernel), (lambda: None, None))
    return source() is kernel.value


def _free_bytes() -> float:
    try:
        lines = MEMORY.read_text("utf-8").splitlines()
    except OSError:  # not on Linux
        return math.inf
    sizes = {name: rest.split() for name, _, rest in (x.partition(":") for x in lines)}
    return 1024.0 * int(sizes.get("MemAvailable", ["0"])[0])
