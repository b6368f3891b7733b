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

    One row is as fast without.

    Args:
        step: whose kernels; it keeps what was turned.
        rows: that it is called with.
    """
    if not 1 < rows <= MOST_ROWS or not on_jax_cpu():
        return {}
    kernels = step.kernels()
    old = vars(step).pop("_turned", {})
    # Training gives variables new values, and quantising a model new variables.
    kept = {id(kernel): old.get(id(kernel)) for kernel, _ in kernels}
    kept = {key: pair for key, pair in kept.items() if pair is not None}
    new = [
        (kernel, summed)
        for kernel, summed in kernels
        if id(kernel) not in kept or kept[id(kernel)][0]() is not kernel.value
    ]
    if new and 4 * sum(4 * math.prod(each.shape) for each, _ in new) > _free_bytes():
        return {}
    for kernel, summed in new:
        values = np.asarray(kernel.value)
        matrix = values.reshape(math.prod(values.shape[:summed]), -1)
        turned = ops.convert_to_tensor(np.ascontiguousarray(matrix.T))
        kept[id(kernel)] = weakref.ref(kernel.value), turned
    vars(step)["_turned"] = kept
    return {key: turned for key, (_, turned) in kept.items()}


def _free_bytes() -> float:
    try:
        lines = MEMORY.read_text("utf-8").splitlines()
    except OSError:  # not on Linux
        return math.inf
    sizes = {name: rest.split() for name, _, rest in (x.partition(":") for x in lines)}
    return 1024.0 * int(sizes.get("MemAvailable", ["0"])[0])
