"""How fast an encoder runs and learns here, for each backend and dtype.

Each is measured in a process of its own: a process has one backend, and two frameworks
in one would share the cores. `python -m kewen.cli.speed DTYPE SIZES` is that process;
it measures on `KERAS_BACKEND` and prints one line of JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kewen.cli.surroundings import prepare

DTYPES = ("float32", "mixed_bfloat16")
CHILD_S = 600.0  # longer than this nobody waits for one line


@dataclass(frozen=True)
class Sizes:
    """What is measured: MiniLM with a Chinese vocabulary, on one batch of texts."""

    vocabulary_size: int = 21128
    hidden_dim: int = 384
    num_layers: int = 6
    num_heads: int = 12
    intermediate_dim: int = 1536
    texts: int = 16
    tokens: int = 64  # each
    seconds: float = 2.0  # of repetition, for each of the two numbers


@dataclass(frozen=True)
class Speed:
    """Seconds for one batch, at the fastest of several calls."""

    backend: str
    dtype: str
    forward_s: float
    step_s: float

    def __str__(self) -> str:
        return (
            f"{self.backend} in {self.dtype}: forward {1000 * self.forward_s:.1f} ms, "
            f"training step {1000 * self.step_s:.1f} ms"
        )


def verdict(found: Sequence[Speed]) -> str:
    """What to take for inference and for training, as it is typed."""
    inference = min(found, key=lambda each: each.forward_s)
    training = min(found, key=lambda each: each.step_s)
    return (
        f"for inference KERAS_BACKEND={inference.backend} and "
        f'kewen.load(..., dtype="{inference.dtype}"); for training '
        f"KERAS_BACKEND={training.backend} and kewen fit --dtype {training.dtype}"
    )


def speeds(backend: str, sizes: Sizes) -> Iterator[Speed | str]:
    """For each dtype the speed, or one line that says why there is none."""
    for dtype in DTYPES:
        yield _in_child(backend, dtype, sizes)


def _in_child(backend: str, dtype: str, sizes: Sizes) -> Speed | str:
    line = [sys.executable, "-m", __name__, dtype, json.dumps(asdict(sizes))]
    try:
        done = subprocess.run(
            line,
            env={**os.environ, "KERAS_BACKEND": backend},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=CHILD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{backend} in {dtype}: given up after {CHILD_S:.0f} s"
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return f"{backend} in {dtype}: DOES NOT RUN: {complaint}"
    return Speed(backend, dtype, **json.loads(done.stdout.splitlines()[-1]))


def measured(dtype: str, sizes: Sizes) -> Mapping[str, float]:
    """Forward and training step on this process' backend, in seconds a batch."""
    # Late: all this needs Keras, and the parent does not.
    import keras
    import numpy as np

    from kewen.losses import CrossEntropy
    from kewen.models import Backbone
    from kewen.models.bert import BertConfig
    from kewen.optimizers import LayerwiseAdamW

    config = BertConfig(
        vocabulary_size=sizes.vocabulary_size,
        hidden_dim=sizes.hidden_dim,
        num_layers=sizes.num_layers,
        num_heads=sizes.num_heads,
        intermediate_dim=sizes.intermediate_dim,
        max_length=sizes.tokens,
        num_labels=2,
    )
    whole = Backbone(config, heads=["sequence_classification"], dtype=dtype)
    outputs: Any = whole.output
    model = keras.Model(whole.inputs_by_name, outputs["class_logits"])
    model.compile(LayerwiseAdamW(1e-5, global_clipnorm=1.0), CrossEntropy())
    rng = np.random.default_rng(0)
    shape = (sizes.texts, sizes.tokens)
    inputs = {
        "token_ids": rng.integers(0, sizes.vocabulary_size, shape, "int32"),
        "segment_ids": np.zeros(shape, "int32"),
        "padding_mask": np.ones(shape, bool),
    }
    labels = rng.integers(0, 2, sizes.texts, "int32")
    weights = np.ones(sizes.texts, "float32")
    return {
        "forward_s": _best(lambda: model.predict_on_batch(inputs), sizes.seconds),
        # The loss as a number: JAX gives it, and any complaint, when it is asked for.
        "step_s": _best(
            lambda: float(model.train_on_batch(inputs, labels, weights)), sizes.seconds
        ),
    }


def _best(call: Callable[[], Any], seconds: float) -> float:
    """The fastest call: a machine that does other things too only ever adds to it."""
    call()  # compiles
    taken: list[float] = []
    while len(taken) < 2 or sum(taken) < seconds:
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _main() -> None:
    dtype, sizes = sys.argv[1:]
    prepare()
    found = measured(dtype, Sizes(**json.loads(sizes)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _main()
