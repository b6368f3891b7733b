"""What is refused before a training begins, and after it has ended."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kewen.data import BatchSource
from kewen.errors import ConfigError, TrainingError
from kewen.training.run import training_stream

ADVICE = (
    "Try a smaller learning rate, clip_norm, a longer warm-up, or float32; check the "
    "data for broken rows. The weights of earlier saves are untouched."
)


def check_whole(**counts: int | None) -> None:
    """Counts, from 1 on; None is none."""
    for name, value in counts.items():
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ConfigError(
                f"{name} must be a whole number of at least 1. Received: {value!r}."
            )


def check_from_zero(**numbers: Any) -> None:
    """Finite numbers, from 0 on; of steps, `warmup` is a share."""
    for name, value in numbers.items():
        highest = 1 if name == "warmup" else math.inf
        fits = isinstance(value, int | float | np.number) and 0 <= value <= highest
        if not fits or value == math.inf:
            limit = "1" if name == "warmup" else "any finite number"
            raise ConfigError(f"{name} must be from 0 to {limit}. Received: {value!r}.")


def check_clip_norm(clip_norm: Any) -> None:
    """A length above 0, or None for no limit."""
    if clip_norm is None:
        return
    if not (isinstance(clip_norm, int | float | np.number) and 0 < clip_norm):
        raise ConfigError(
            f"clip_norm must be a number above 0, or None. Received: {clip_norm!r}."
        )


def check_accumulate(accumulate: int, batches: int) -> None:
    """At least one step of the optimizer in all batches of all epochs."""
    if accumulate > batches:
        raise ConfigError(
            f"accumulate must be at most {batches}, the batches of all epochs, or no "
            f"step is made. Received: {accumulate}."
        )


def check_monitor(monitor: str, metrics: Sequence[str]) -> None:
    """A metric by which epochs can be compared."""
    known = [f"val_{name}" for name in metrics]
    if monitor not in known:
        raise ConfigError(
            f"monitor must be one of {known}, the metrics of the validation. "
            f"Received: {monitor!r}."
        )


def check_learns(model: keras.Model, freeze: Sequence[str]) -> None:
    """Something must be left that learns, and gradients must reach it."""
    integer = [
        layer.path
        for layer in model._flatten_layers(include_self=False)
        if getattr(layer, "quantization_mode", None)
        and not getattr(layer, "lora_enabled", False)
    ]
    if integer:
        raise ConfigError(
            "A training needs weights that are real numbers. Received: a quantised "
            f"model, {integer[0]} and {len(integer) - 1} more layers. Train it first, "
            "or load it anew; quantise what was trained."
        )
    if not model.trainable_weights:
        raise ConfigError(
            "A training needs weights that learn. Received: none, with "
            f"freeze={list(freeze)}. Freeze fewer layers."
        )


def check_weights(model: keras.Model) -> None:
    """The weights that a training left behind.

    Raises:
        TrainingError: if one of them is not finite.
    """
    for weight in model.weights:
        values: Any = keras.ops.convert_to_numpy(weight)
        if not np.isfinite(values).all():
            raise TrainingError(
                "Trained weights must be finite numbers. Received: others in "
                f"{weight.path} after the last step. {ADVICE}"
            )


def check_last_loss(model: keras.Model, train: BatchSource) -> None:
    """The loss after the last update; that of a step is the one before its update.

    Raises:
        TrainingError: if it is not finite for the first batch.
    """
    inputs, labels, weights = next(training_stream(model, train, []))
    loss = float(model.test_on_batch(inputs, labels, weights))
    if not np.isfinite(loss):
        raise TrainingError(
            f"The loss must be a finite number. Received: {loss} after the last step. "
            f"{ADVICE}"
        )
