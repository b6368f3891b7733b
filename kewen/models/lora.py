"""Fine-tuning few weights: Keras' LoRA on chosen layers of a model, and its files.

    layers = enable_lora(classifier.pretrained.model, rank=8)
    classifier.fit(...)
    save_lora(classifier.pretrained.model, "adapters.safetensors")

A model that is saved as "hf" or "tf1" has its adapters merged; other libraries need not
know of them.
"""

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kewen.checkpoints import SafetensorsFile, write_safetensors
from kewen.errors import ConfigError, WeightsError
from kewen.layers.ties import copies_of, ties_of
from kewen.models.base import Backbone

QUERIES_AND_VALUES = (
    "*block_*attention/query",
    "*block_*attention/value",
    "*block_*gated_attention/inner",  # a gated unit's: one product makes both
)
_PARTS = ("a", "b")


def enable_lora(
    model: Backbone,
    rank: int,
    *,
    on: Iterable[str] = QUERIES_AND_VALUES,
    alpha: float | None = None,
) -> list[str]:
    """Give layers a product of two small matrices to learn; freeze the backbone.

    Outputs are the same until something is learned. Heads go on learning as they did.

    Args:
        model: changed in place; every model that shares its layers changes with it.
        rank: of the products.
        on: paths of dense or embedding layers; `*` stands for anything.
        alpha: the product is multiplied by alpha / rank; `rank` if None.

    Returns:
        Paths of the layers that have adapters now.

    Raises:
        ConfigError: if no layer that can has such a path, or one has adapters already;
            or if a number cannot be.

    Source: Hu et al., 2021, section 4.1 (arXiv 2106.09685). Their r is `rank`; their A
    and B are swapped in Keras: B begins at zero in both.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise ConfigError(
            f"rank must be a whole number of at least 1. Received: {rank!r}."
        )
    if alpha is not None and not 0 < alpha < math.inf:
        raise ConfigError(f"alpha must be a positive number. Received: {alpha!r}.")
    patterns = [on] if isinstance(on, str) else list(on)
    able = _able(model)
    chosen = [
        path for path in able if any(fnmatchcase(path, each) for each in patterns)
    ]
    twice = [path for path in chosen if able[path].lora_enabled]
    if not chosen or twice:
        received = f"adapters already at {twice}" if twice else f"on={patterns}"
        raise ConfigError(
            "LoRA needs layers that can have it and do not yet. Received: "
            f"{received}. Layers that can: {', '.join(able)}."
        )
    for layer in model.redrawn(heads=(), collect=()).layers:
        for weight in layer.weights:
            weight.trainable = False
    for path in chosen:
        able[path].enable_lora(rank, lora_alpha=alpha)
    return chosen


def save_lora(model: Backbone, path: str | Path, overwrite: bool = False) -> None:
    """Write the adapters alone: a few megabytes beside the model they belong to.

    Args:
        model: with adapters.
        path: its name must end in `.safetensors`.
        overwrite: whether a file that is there may be replaced.

    Raises:
        ConfigError: if the model has none, or the name ends otherwise.
        FileError: if the file is there and `overwrite` is False.
    """
    if Path(path).suffix != ".safetensors":
        raise ConfigError(
            "A file of adapters must be called *.safetensors, by which programs know "
            f"its kind. Received: {path}. Call it {Path(path).stem}.safetensors."
        )
    tensors = {
        f"{layer}/lora_{name}": np.asarray(value)
        for layer, held in _adapters(model).items()
        for name, value in held.items()
    }
    if not tensors:
        raise ConfigError(
            "A model without adapters has none to save. Call enable_lora first."
        )
    write_safetensors(path, tensors, overwrite=overwrite)


def load_lora(model: Backbone, path: str | Path) -> list[str]:
    """Give a model the adapters of a file; it gets as many as there are.

    Args:
        model: without adapters in the layers that the file names.
        path: what `save_lora` wrote.

    Returns:
        Paths of the layers that have adapters now.

    Raises:
        WeightsError: if a layer is not in the model, or has another shape.
        CheckpointError: if the file is corrupt.
    """
    with SafetensorsFile(Path(path)) as file:
        held = {name: np.asarray(file[name]) for name in file}
    wanted: dict[str, dict[str, np.ndarray]] = {}
    for name, value in held.items():
        layer, _, part = name.rpartition("/lora_")
        wanted.setdefault(layer, {})[part] = value
    able = _able(model)
    strange = [
        layer
        for layer, parts in wanted.items()
        if layer not in able or set(parts) != {*_PARTS, "alpha"}
    ]
    if strange or not wanted:
        raise WeightsError(
            f"{path} must hold adapters of this model's layers. Received: "
            f"{strange or 'no adapters'}. Take the model that they were trained on."
        )
    for layer, parts in wanted.items():
        _check_shapes(path, able[layer], layer, parts)
    for layer, parts in wanted.items():
        rank = parts["a"].shape[-1]
        enable_lora(model, rank, on=[layer], alpha=float(parts["alpha"]))
        for name, weight in _pair(able[layer]).items():
            weight.assign(parts[name])
    return list(wanted)


def merged_lora(model: Backbone) -> Backbone:
    """A copy whose weights hold what the adapters have learned, without adapters."""
    copy = Backbone.from_config(model.get_config())
    values = plain_values(model)
    for path, weight in copy.weights_by_path().items():
        weight.assign(np.asarray(values[path]))
    return copy


def plain_values(
    model: Backbone, held: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Every weight by its path, adapters merged: what weight maps know.

    A tied weight stands at both of its paths.

    Args:
        model: whose weights.
        held: path -> value, if it is not the model that holds them.

    Raises:
        ConfigError: if the model is quantised; other libraries' layouts hold no such
            weights.
    """
    quantised = [path for path, each in _able(model).items() if each.quantization_mode]
    if quantised:
        raise ConfigError(
            f"A quantised model has a place in Keras' format only. Received: "
            f"{quantised[0]} in {_able(model)[quantised[0]].quantization_mode}, and "
            f"{len(quantised) - 1} more. Save it before it is quantised, or by "
            "kewen.Pretrained.save(folder, format='keras')."
        )
    values: dict[str, Any] = dict(model.weights_by_path() if held is None else held)
    for path, held in _adapters(model).items():
        layer = _able(model)[path]
        base = layer._embeddings if hasattr(layer, "_embeddings") else layer._kernel
        for weight in _pair(layer).values():
            del values[weight.path]
        a, b = (np.asarray(held[name], "float32") for name in _PARTS)
        learned = a @ b * (float(held["alpha"]) / a.shape[-1])
        before = np.asarray(base)
        values[base.path] = (before + learned).astype(before.dtype)
    if ties_of(model):
        untied = Backbone(
            model.config, heads=model.heads, application=model.application, unset=True
        )
        for path, other in copies_of(model, untied).items():
            values[path] = values[other]
    return values


def _able(model: Backbone) -> Mapping[str, Any]:
    """Layers that Keras can give adapters, by path, inner ones too."""
    return {
        layer.path: layer
        for layer in model._flatten_layers(include_self=False)
        if hasattr(layer, "enable_lora") and layer.built
    }


def _adapters(model: Backbone) -> dict[str, dict[str, Any]]:
    """Layer -> its two matrices, "a" and "b", and "alpha"."""
    return {
        path: {**_pair(layer), "alpha": np.float32(layer.lora_alpha)}
        for path, layer in _able(model).items()
        if layer.lora_enabled
    }


def _pair(layer: keras.layers.Layer) -> dict[str, Any]:
    found = {weight.name.rpartition("_")[2]: weight for weight in layer.weights}
    return {
        name: found[name]
        for name in _PARTS
        if name in found and "lora" in found[name].name
    }


def _check_shapes(
    path: str | Path, layer: Any, name: str, parts: Mapping[str, np.ndarray]
) -> None:
    base = layer._embeddings if hasattr(layer, "_embeddings") else layer._kernel
    *outer, inner = base.shape
    a, b = parts["a"].shape, parts["b"].shape
    if a[:-1] != tuple(outer) or b[1:] != (inner,) or a[-1:] != b[:1]:
        raise WeightsError(
            f"{path}: the adapters of {name} must multiply to {tuple(base.shape)}. "
            f"Received: {a} and {b}. Take the model that they were trained on."
        )
