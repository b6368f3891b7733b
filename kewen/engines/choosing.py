"""Which engine answers: what `engine=` and `engine_dtype=` mean everywhere."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from kewen.engines.keras_engine import KerasEngine
from kewen.errors import ConfigError, MissingExtraError, installing

ENGINES = ("keras", "openvino")
DTYPES = ("float32", "bfloat16")
Row = Mapping[str, Any]


class Engine(Protocol):
    """What runs a model over rows."""

    def predict(
        self, rows: Sequence[Row], *, batch_size: int, pad_id: int
    ) -> np.ndarray:
        """One result for each row, (N, ...), in the order of the rows."""
        ...

    @property
    def report(self) -> str:
        """One line on what ran, or nothing."""
        ...


def check_engine(engine: str, dtype: str | None) -> None:
    """See early that an engine is known and installed.

    Raises:
        ConfigError: if there is no such engine or dtype.
        MissingExtraError: if it is not installed.
    """
    if engine not in ENGINES:
        raise ConfigError(f"An engine must be one of {ENGINES}. Received: {engine!r}.")
    if dtype is not None and (engine == "keras" or dtype not in DTYPES):
        raise ConfigError(
            f"engine_dtype must be one of {DTYPES}, with engine='openvino'; Keras "
            "computes as the model was loaded: kewen.load(..., dtype=...). Received: "
            f"{dtype!r} with engine={engine!r}."
        )
    if engine == "openvino" and find_spec("openvino") is None:
        raise MissingExtraError(
            "engine='openvino' needs OpenVINO. Received: it is not installed. Run, "
            f"{installing('export')}."
        )


def engine_for(
    engine: str,
    model: keras.Model,
    *,
    probe: Callable[[], Sequence[Row]],
    pad_id: int,
    folder: Path | None = None,
    dtype: str | None = None,
) -> Engine:
    """The engine of that name for one model; an export happens at its first use.

    Args:
        engine: one of `ENGINES`.
        model: inputs by name to one array (B, ...).
        probe: gives a few rows, by which an export is compared with the model.
        pad_id: what fills up the rows of the probe.
        folder: where the model came from; its export is kept there.
        dtype: what the engine computes in; see `check_engine`.

    Raises:
        ConfigError, MissingExtraError: as `check_engine`.
    """
    check_engine(engine, dtype)
    if engine == "keras":
        return KerasEngine(model)
    from kewen.engines.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(model, probe, pad_id=pad_id, folder=folder, dtype=dtype)
