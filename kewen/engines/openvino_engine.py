"""A model run by OpenVINO on the CPU."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import openvino

from kewen.checkpoints import NpzFile
from kewen.data import Batches
from kewen.engines.openvino_export import GRAPH, PROBE, exported
from kewen.engines.weights_state import WeightsState
from kewen.errors import EngineError

# How far the probe's answers may be from Keras', as a share of the largest.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.2}
MOST_STREAMS = 4
# No shape is compiled here, so batches need not have few: hardly anything is padded.
MAX_SHAPES = 64
Row = Mapping[str, Any]


class OpenVinoEngine:
    """See `kewen.engines.Engine`; exports at the first use, and after each training.

    Args:
        model: inputs by name to one array (B, ...), in float32.
        probe: a few rows; what Keras answers to them is kept with the export, and
            compared with what OpenVINO answers, in every process.
        pad_id: what fills up the probe's rows.
        folder: where the model came from; its export is kept there.
        dtype: "float32" or "bfloat16"; if None, the second where the processor has
            instructions for it.

    Attributes:
        difference: the largest one between the probe's answers in `dtype` and those of
            Keras in float32; None before the first use.
    """

    def __init__(
        self,
        model: keras.Model,
        probe: Callable[[], Sequence[Row]],
        *,
        pad_id: int,
        folder: Path | None = None,
        dtype: str | None = None,
    ) -> None:
        self.model = model
        self.probe = probe
        self.pad_id = pad_id
        self.folder = folder
        self.dtype = dtype
        self.difference: float | None = None
        self.report = ""
        self._ready: tuple[WeightsState, _Compiled] | None = None
        self._lock = threading.Lock()

    def predict(
        self, rows: Sequence[Row], *, batch_size: int, pad_id: int
    ) -> np.ndarray:
        """See `kewen.engines.Engine.predict`; exports first if need be."""
        if not len(rows):
            return np.empty((0,), "float32")
        compiled = self._compiled()
        batches = Batches(
            rows,
            batch_size=batch_size,
            pad_ids={"token_ids": pad_id},
            max_shapes=MAX_SHAPES,
        )
        return compiled.run(batches)

    def _compiled(self) -> "_Compiled":
        with self._lock:
            if self._ready is None or self._ready[0].changed():
                self._ready = None  # the old one's memory first
                state = WeightsState(self.model)
                self._ready = state, self._made()
            return self._ready[1]

    def _made(self) -> "_Compiled":
        rows = self.probe()
        [batch] = Batches(
            rows, batch_size=len(rows), max_shapes=1, pad_ids={"token_ids": self.pad_id}
        ).epoch()
        names = [tensor.name for tensor in self.model.inputs]
        probe = {name: batch.inputs[name] for name in names}
        with exported(self.model, probe, self.folder, self._open) as (found, where):
            compiled, self.difference, largest = found
        self.dtype = compiled.dtype
        self.report = (
            f"OpenVINO {version('openvino')}, {compiled.dtype}: answers to "
            f"{len(rows)} probe texts differ from float32 by at most "
            f"{self.difference:.2g}, where the largest number is {largest:.2g}; {where}"
        )
        return compiled

    def _open(self, folder: Path) -> "tuple[_Compiled, float, float]":
        """The export, compiled, its difference to Keras, and Keras' largest number."""
        compiled = _Compiled(folder / GRAPH, self.dtype)
        with NpzFile(folder / PROBE) as saved:
            expected = saved["__answer__"]
            probe = {name: saved[name] for name in compiled.names}
        answer = compiled.answer(probe)
        if answer.shape != expected.shape:
            raise EngineError(
                f"An export must answer in the shape of its model, {expected.shape}. "
                f"Received: {answer.shape}. Use engine='keras', and report it."
            )
        difference = float(np.abs(answer - expected).max())
        largest = float(np.abs(expected).max())
        if not difference <= TOLERANCE[compiled.dtype] * max(largest, 1e-6):
            raise EngineError(
                f"OpenVINO in {compiled.dtype} must answer nearly as Keras does in "
                f"float32. Received: a difference of {difference:.3g}, where the "
                f"largest number is {largest:.3g}. Use engine_dtype='float32', or "
                "engine='keras', and report it."
            )
        return compiled, difference, largest


class _Compiled:
    """An export, ready to run; several batches at a time, a stream each."""

    def __init__(self, graph: Path, dtype: str | None) -> None:
        core = openvino.Core()
        fast = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.dtype = dtype or ("bfloat16" if "BF16" in fast else "float32")
        # Streams of one thread gain more than threads in one stream: a sentence is too
        # small to be divided, and batches do not wait for one another.
        streams = min(_usable_cores(), MOST_STREAMS)
        self._model = core.compile_model(
            # Read into memory: the file may be gone or replaced while this runs.
            core.read_model(graph, config={"ENABLE_MMAP": False}),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[
                    self.dtype
                ],
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": _usable_cores(),
            },
        )
        self.names = [node.get_any_name() for node in self._model.inputs]
        self._requests = [self._model.create_infer_request() for _ in range(streams)]

    def answer(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """One batch, (B, ...)."""
        found = self._requests[0].infer({name: inputs[name] for name in self.names})
        return np.array(found[0])

    def run(self, batches: Batches) -> np.ndarray:
        """All rows, (N, ...), in their order."""
        results: np.ndarray | None = None
        waiting: list[tuple[Any, np.ndarray]] = []
        free = list(self._requests)

        def take() -> None:
            nonlocal results
            request, indices = waiting.pop(0)
            request.wait()
            output = request.get_output_tensor(0).data
            if results is None:
                results = np.empty((batches.num_rows, *output.shape[1:]), output.dtype)
            results[indices] = output
            free.append(request)

        for batch in batches.epoch(0):
            if not free:
                take()
            real = batch.indices >= 0  # a filler need not be computed here
            request = free.pop()
            request.start_async(
                {name: batch.inputs[name][real] for name in self.names},
                share_inputs=True,
            )
            waiting.append((request, batch.indices[real]))
        while waiting:
            take()
        return results if results is not None else np.empty((0,), "float32")


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
