"""A Keras model exported for OpenVINO, and where the export is kept.

An export is a folder of three files: model.xml (the graph), model.bin (the weights, in
float32) and probe.npz (a few rows, and what Keras answers to them). The folder's name
is a digest of everything that it was made from, so that it cannot be stale.
"""

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kewen.engines.elsewhere import draw_elsewhere
from kewen.engines.weights_state import graph_digest, weights_digest
from kewen.errors import ConfigError, EngineError, FileError, KewenError
from kewen.files import atomic_folder
from kewen.files.home import default_cache

FORMAT = 1  # of the files, and of what is drawn
GRAPH, WEIGHTS, PROBE = "model.xml", "model.bin", "probe.npz"
MOST_KEPT = 4  # exports beside a model; the oldest goes
PREFIX = "openvino-"
DRAWING = "kewen.engines.openvino_drawing"

Inputs = Mapping[str, np.ndarray]
Array = np.ndarray


def digest(model: keras.Model, probe: Inputs) -> str:
    """32 hex digits of all that an export depends on."""
    total = hashlib.sha256()
    versions = [f"{name} {version(name)}" for name in ("keras", "openvino")]
    total.update("\n".join([f"format {FORMAT}", *versions]).encode())
    total.update(f"\n{graph_digest(model)} {weights_digest(model)}\n".encode())
    for name in sorted(probe):
        total.update(f"{name} {probe[name].shape} ".encode() + probe[name].tobytes())
    return total.hexdigest()[:32]


@contextmanager
def exported(
    model: keras.Model, probe: Inputs, folder: Path | None, sound: Callable[[Path], Any]
) -> Iterator[tuple[Any, str]]:
    """What `sound` makes of the model's export, and a word on where that is.

    An export that is kept is used if `sound` raises nothing about it. Else a new one is
    made and kept beside the model, in the user's cache folder where that cannot be
    written to, and nowhere if neither can be, or if the model came from no folder.

    Args:
        model: in float32; inputs by name to one array.
        probe: a batch of its inputs.
        folder: where the model came from.
        sound: takes the export's folder, and raises EngineError or RuntimeError if it
            is not good.

    Raises:
        ConfigError: if the model computes in another dtype.
        EngineError: if the model cannot be exported, or its export is not sound.
    """
    _check_float32(model)
    name = PREFIX + digest(model, probe)
    places = _places(folder)
    for place in places:
        if (place / name / GRAPH).is_file():
            try:
                found = sound(place / name)
            except (KewenError, RuntimeError, OSError, ValueError, KeyError):
                continue  # damaged; a new one takes its place
            yield found, f"kept in {place / name}"
            return
    for place in places:
        try:
            with atomic_folder(place / name, overwrite=True, known_by=None) as new:
                _write_export(model, probe, new)
        except FileError:
            continue
        _forget_oldest(place)
        yield sound(place / name), f"exported to {place / name}"
        return
    with tempfile.TemporaryDirectory(prefix="kewen-") as temporary:
        _write_export(model, probe, Path(temporary))
        yield sound(Path(temporary)), "exported, kept in memory only"


def _check_float32(model: keras.Model) -> None:
    others = {layer.compute_dtype for layer in model.layers} - {"float32"}
    if others:
        raise ConfigError(
            "OpenVINO takes a model that was loaded in float32, and computes in what "
            f"engine_dtype says. Received: layers in {', '.join(sorted(others))}. Load "
            'it with dtype="float32".'
        )


def _places(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    try:
        return [folder, default_cache() / "exports"]
    except ConfigError:  # no home
        return [folder]


def _write_export(model: keras.Model, probe: Inputs, folder: Path) -> None:
    answer = np.asarray(model.predict_on_batch(dict(probe)))
    arrays: dict[str, Any] = {"__answer__": answer, **probe}
    np.savez(folder / PROBE, **arrays)
    with tempfile.TemporaryDirectory(prefix="kewen-", dir=folder) as temporary:
        saved = Path(temporary) / "model.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras' own, about what is not compiled
            model.save(saved)
        try:
            draw_elsewhere("openvino", DRAWING, saved, folder / GRAPH)
        except EngineError as error:
            raise EngineError(f"{error} Use engine='keras'.") from error


def _forget_oldest(place: Path) -> None:
    """Of the exports in a folder only the latest stay: training makes one a run."""
    kept = [each for each in place.glob(f"{PREFIX}*") if (each / PROBE).is_file()]
    kept.sort(key=lambda each: (each / PROBE).stat().st_mtime)
    for old in kept[:-MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
