"""Keras' `fit` over bucketed batches, with the habits of fine-tuning."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import keras

from kewen.data import BatchSource
from kewen.errors import ConfigError, MissingExtraError, installing
from kewen.optimizers import LayerwiseAdamW, WarmupLinearDecay
from kewen.training.checks import (
    check_accumulate,
    check_clip_norm,
    check_from_zero,
    check_last_loss,
    check_learns,
    check_monitor,
    check_weights,
    check_whole,
)
from kewen.training.history import History
from kewen.training.interruption import Interruption
from kewen.training.progress import progress_for
from kewen.training.restart import Place, Restart, digest_of_model
from kewen.training.run import training_data
from kewen.training.seeds import reseed_dropout
from kewen.training.watch import BestWeights, Recorder, Validation

# Metrics of which less is better; of all others, more is.
FALLING = ("loss", "perplexity", "error")


def fit(
    model: keras.Model,
    train: BatchSource,
    *,
    loss: Any,
    validate: Callable[[], Mapping[str, float]] | None = None,
    metrics: Sequence[str] = ("loss",),
    epochs: int = 3,
    learning_rate: float = 5e-5,
    warmup: float = 0.1,
    weight_decay: float = 0.01,
    clip_norm: float | None = 1.0,
    accumulate: int = 1,
    learning_rates: Mapping[str, float] | None = None,
    freeze: Iterable[str] = (),
    monitor: str | None = None,
    patience: int | None = None,
    seed: int = 0,
    progress: bool = True,
    tensorboard: str | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_steps: int | None = None,
    identity: Mapping[str, Any] | None = None,
) -> History:
    """Train a model; it ends with the weights of its best epoch.

    Args:
        model: inputs by name to one output.
        train: rows with labels, in buckets: `Batches` in memory, shuffled anew each
            epoch if made so, or `StreamedBatches` from a file on the disk.
        loss: a Keras loss of labels and output, such as `kewen.losses.CrossEntropy`.
        validate: gives metrics by name after each epoch; in the record they are called
            `val_...`. Without it the last epoch counts as the best.
        metrics: names that `validate` gives, one of them `monitor`'s without "val_".
        epochs: passes over the rows, at most.
        learning_rate: the highest, after the warm-up; falls in a line to 0.
        warmup: share of all steps in which it rises.
        weight_decay: AdamW's; biases and norms are spared.
        clip_norm: longest gradient, all weights together; None for no limit.
        accumulate: batches to a step of the optimizer. Batches left over at the very
            end, fewer than these, change nothing.
        learning_rates: factor on the learning rate for layers whose name matches a
            pattern, such as `{"block_[0-3]_*": 0.1}`; the first match counts.
        freeze: patterns of layers that do not learn at all; they run as at inference,
            without dropout, which has nothing to teach them.
        monitor: the metric by which epochs are compared, such as "val_accuracy";
            "val_loss" if None.
        patience: epochs without a better one after which training ends; None for never.
        seed: of dropout; shuffling has that of `train`.
        progress: whether to show it, on standard error.
        tensorboard: folder for TensorBoard's event files.
        checkpoint: folder for the state of the training. If a state is there, left by
            a run that was killed, training goes on from it and ends as that run would
            have: on a CPU, with the same bytes. A state of other data or settings is
            refused. A finished one stays; what it trained comes back at once.
        checkpoint_steps: steps of an epoch between two states; if None, ten minutes.
            One more is saved at the end of each epoch.
        identity: what else must be the same where a training goes on, by name; plain
            JSON, such as a digest of the held-out rows.

    Returns:
        The loss of every step and the metrics of every epoch.

    Raises:
        ConfigError: if a pattern matches no layer, a number cannot be, or `monitor` is
            none of `metrics`.
        TrainingError: if the loss, a metric of `validate`, or what the trained model
            gives is no longer a number.
        MissingExtraError: if TensorBoard is asked for and not installed.
    """
    check_whole(epochs=epochs, accumulate=accumulate, patience=patience)
    check_whole(checkpoint_steps=checkpoint_steps)
    if checkpoint is None and checkpoint_steps is not None:
        raise ConfigError(
            "checkpoint_steps needs a folder for the states. Received: "
            f"{checkpoint_steps} without any. Give checkpoint=."
        )
    check_from_zero(
        learning_rate=learning_rate,
        warmup=warmup,
        weight_decay=weight_decay,
        **{f"learning_rates[{k!r}]": v for k, v in (learning_rates or {}).items()},
    )
    check_clip_norm(clip_norm)
    check_accumulate(accumulate, epochs * len(train))
    if validate is None and (monitor, patience) != (None, None):
        raise ConfigError(
            "monitor and patience compare epochs on held-out rows. Received: "
            f"{monitor=}, {patience=} without any. Give them, or neither option."
        )
    monitor = monitor or "val_loss"
    freeze = list(freeze)
    history = History(shapes=len(train.shapes), padding_share=train.padding_share)
    steps = len(train)
    callbacks: list[keras.callbacks.Callback] = []
    best = None
    if validate is not None:
        check_monitor(monitor, metrics)
        best = BestWeights(monitor, _falls(monitor), patience)
        callbacks += [Validation(validate, metrics), best]
    sizes: list[int] = []
    recorder = Recorder(history, sizes)
    callbacks.append(recorder)
    shown = progress_for(epochs, steps) if progress else None
    callbacks += [shown] if shown else []
    events = _event_files(tensorboard) if tensorboard else None
    callbacks += [events] if events else []
    _names_match(model, learning_rates or (), "learning_rates")
    thaw = _freeze(model, freeze)
    reseed_dropout(model, seed)
    try:
        check_learns(model, freeze)
        total = epochs * steps // accumulate
        model.compile(
            optimizer=LayerwiseAdamW(
                WarmupLinearDecay(learning_rate, total, round(warmup * total)),
                weight_decay=weight_decay,
                # BERT's own; Keras' default of 1e-7 is no published setting.
                epsilon=1e-6,
                global_clipnorm=clip_norm,
                gradient_accumulation_steps=accumulate if accumulate > 1 else None,
                multipliers=learning_rates,
            ),
            loss=loss,
        )
        place = Place()
        if checkpoint is not None:
            model.optimizer.build(model.trainable_variables)
            settings = {
                "epochs": epochs,
                "learning_rate": float(learning_rate),
                "warmup": warmup,
                "weight_decay": weight_decay,
                "clip_norm": clip_norm,
                "accumulate": accumulate,
                "learning_rates": dict(learning_rates or {}),
                "freeze": freeze,
                "monitor": monitor if validate else None,
                "patience": patience,
                "seed": seed,
                "backend": keras.backend.backend(),
                "loss": repr(loss.get_config()) if hasattr(loss, "get_config") else "",
                "first weights": digest_of_model(model),
                "batches": train.digest_of_plan(),
                "training data": train.digest_of_data(),
            }
            restart = Restart(
                Path(checkpoint),
                settings | dict(identity or {}),
                steps=checkpoint_steps,
                epochs=epochs,
                batches=steps,
                recorder=recorder,
                best=best,
            )
            place = restart.resume(model)
            callbacks.append(restart)  # last: what the others did belongs to the state
            if events:
                events.step = len(history.loss)
            if shown:
                shown.done = place.step
        # What is left of an epoch that was begun, then the others.
        parts = [(place.epoch + 1, steps - place.step)] if place.step else []
        parts += [(epochs, steps)]
        epoch, stopped = place.epoch, place.finished
        interruption = Interruption()
        for last, count in parts:
            if stopped or epoch >= last:
                continue
            del sizes[len(history.loss) :]  # of batches that were fetched, not trained
            with interruption.watching():
                model.fit(
                    training_data(model, train, sizes, epoch, steps - count),
                    steps_per_epoch=count,
                    initial_epoch=epoch,
                    epochs=last,
                    callbacks=[*callbacks, interruption],
                    shuffle=False,  # the stream is shuffled already
                    verbose=0,  # pyright: ignore[reportArgumentType]
                )
            epoch, stopped = last, bool(model.stop_training)
        if best is not None and best.weights is not None:
            model.set_weights(best.weights)
        check_weights(model)
        if validate is None:
            check_last_loss(model, train)
    finally:
        if shown:
            shown.stop()
        if events:
            events.stop()
        thaw()
    history.best_epoch = _best_epoch(history, monitor)
    return history


def _freeze(model: keras.Model, patterns: Sequence[str]) -> Callable[[], None]:
    """Freeze the layers that match; returns what undoes exactly that."""
    _names_match(model, patterns, "freeze")
    frozen = [
        layer
        for layer in model.layers
        if any(fnmatchcase(layer.name, pattern) for pattern in patterns)
    ]
    before = [(weight, weight.trainable) for x in frozen for weight in x.weights]
    inner = [part for layer in frozen for part in layer._flatten_layers()]
    flags = [(part, part.trainable) for part in inner]
    rates = [(x, x.rate) for x in inner if isinstance(x, keras.layers.Dropout)]
    for layer in frozen:
        layer.trainable = False
    for dropout, _ in rates:
        dropout.rate = 0.0

    def thaw() -> None:
        # Outer layers first: what they say about inner ones is then corrected.
        for thing, trainable in [*flags, *before]:
            thing.trainable = trainable
        for dropout, rate in rates:
            dropout.rate = rate

    return thaw


def _names_match(model: keras.Model, patterns: Iterable[str], what: str) -> None:
    names = [layer.name for layer in model.layers if layer.weights]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"Every pattern of {what} must match a layer with weights. Received: "
                f"{pattern!r}; the layers are {names}."
            )


def _falls(monitor: str) -> bool:
    return monitor.endswith(FALLING)


def _best_epoch(history: History, monitor: str) -> int:
    if not history.epochs or monitor not in history.epochs[-1]:
        return len(history.epochs)
    pick = min if _falls(monitor) else max
    # The first of equals, as BestWeights has it.
    return pick(history.epochs, key=lambda epoch: epoch[monitor])["epoch"]


def _event_files(folder: str) -> Any:
    try:
        from kewen.training.event_files import EventFiles
    except ImportError as error:
        raise MissingExtraError(
            "Event files for TensorBoard need tensorboardX. Received: it is not "
            f"installed. Run, {installing('tensorboard')}."
        ) from error
    return EventFiles(folder)
