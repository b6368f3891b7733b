"""The float32 matrix product of each framework: what no model on it can go beyond.

The shape is that of BERT-base's feed-forward layer at 8 x 128: (1024, 768) by
(768, 3072). How far apart frameworks are differs from processor to processor, and with
it what a comparison of models on them can show.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Subject, common_arguments, measure, publish, speed_table

Array = np.ndarray[Any, Any]
ROWS, INNER, COLUMNS = 1024, 768, 3072
GIGA_OPERATIONS = 2 * ROWS * INNER * COLUMNS / 1e9


def factors() -> tuple[Array, Array]:
    """The two matrices, the same in every process."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((ROWS, INNER), "float32")
    return left, rng.standard_normal((INNER, COLUMNS), "float32")


def jax_product() -> Callable[[], Any]:
    """Compiled."""
    import jax

    product = jax.jit(lambda left, right: left @ right)
    left, right = map(jax.numpy.asarray, factors())
    return lambda: product(left, right).block_until_ready()


def torch_product() -> Callable[[], Any]:
    """On all cores, like the others."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    left, right = map(torch.from_numpy, factors())
    return lambda: left @ right


def numpy_product() -> Callable[[], Any]:
    """With the BLAS that NumPy brings."""
    left, right = factors()
    return lambda: left @ right


def main() -> None:
    """Measure and publish."""
    options = common_arguments((__doc__ or "").splitlines()[0]).parse_args()
    subjects = [
        Subject("jax", jax_product),
        Subject("torch", torch_product),
        Subject("numpy", numpy_product),
    ]
    timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    best = "\n".join(
        f"{timing.name}: {GIGA_OPERATIONS / timing.best_s:.0f} GFLOP/s at best"
        for timing in timings
    )
    publish(
        "matmul_ceiling",
        f"Matrix product ({ROWS}, {INNER}) by ({INNER}, {COLUMNS}), float32",
        f"{speed_table(timings, 1, 'products')}\n{best}",
        write=options.write,
    )


if __name__ == "__main__":
    main()
