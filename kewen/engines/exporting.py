"""A model as a file for other runtimes: ONNX, or OpenVINO's own."""

import shutil
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import keras

from kewen.engines.elsewhere import draw_elsewhere
from kewen.errors import ConfigError, FileError, MissingExtraError, installing
from kewen.files import atomic_write

# Suffix -> backend that draws it, module, packages that it needs, extra with them.
_KINDS = {
    ".onnx": (
        "torch",
        "kewen.engines.onnx_drawing",
        ("torch", "onnx", "onnxscript"),
        "onnx",
    ),
    ".xml": ("openvino", "kewen.engines.openvino_drawing", ("openvino",), "export"),
}
SUFFIXES = tuple(_KINDS)


def export_model(
    model: keras.Model, path: str | Path, overwrite: bool = False
) -> list[Path]:
    """Write a model for ONNX Runtime and its like, or for OpenVINO.

    Inputs and outputs keep their names; batch and length stay free.

    Args:
        model: in float32.
        path: `model.onnx`, one file of at most 2 GB; or `model.xml`, which gets
            `model.bin` beside it.
        overwrite: whether files that are there may be replaced.

    Returns:
        The files that were written.

    Raises:
        ConfigError: if the suffix is another one.
        MissingExtraError: if what draws it is not installed.
        EngineError: if a layer cannot be drawn.
        FileError: if a file is there and `overwrite` is False.
    """
    path = Path(path)
    if path.suffix not in _KINDS:
        raise ConfigError(
            f"An export must end in one of {', '.join(SUFFIXES)}. Received: {path}."
        )
    backend, module, packages, extra = _KINDS[path.suffix]
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"An export to {path.suffix} needs {', '.join(packages)}. Received: no "
            f"{', '.join(missing)}. Run, {installing(extra)}."
        )
    written = [path] if path.suffix == ".onnx" else [path, path.with_suffix(".bin")]
    there = [str(each) for each in written if each.exists()]
    if there and not overwrite:
        raise FileError(
            f"An export must not replace files. Received: {', '.join(there)}. Name "
            "another, or pass overwrite=True (--overwrite)."
        )
    with tempfile.TemporaryDirectory(prefix="kewen-") as temporary:
        saved, made = Path(temporary) / "model.keras", Path(temporary) / path.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras' own, about what is not compiled
            model.save(saved)
        draw_elsewhere(backend, module, saved, made)
        for each in reversed(written):  # the graph last: it names the weights
            with (
                (Path(temporary) / each.name).open("rb") as source,
                atomic_write(each, overwrite=overwrite) as target,
            ):
                shutil.copyfileobj(source, target)
    return written
