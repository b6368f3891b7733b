"""A model over batches, results in the order of the rows."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Any

import keras
import numpy as np

from kewen.data import Batches, BatchSource
from kewen.data.batches import Batch
from kewen.training.forward import forward_of


def predict_rows(model: keras.Model, batches: Batches) -> np.ndarray:
    """One result for each row, in the order of the rows.

    Args:
        model: inputs by name to one array (B, ...).
        batches: N rows; filler lines are left out.

    Returns:
        Float, (N, ...).
    """
    results: np.ndarray | None = None
    for batch, output in predictions(model, batches):
        if results is None:
            results = np.empty((batches.num_rows, *output.shape[1:]), output.dtype)
        real = batch.indices >= 0
        results[batch.indices[real]] = output[real]
    return results if results is not None else np.empty((0,), "float32")


def predictions(
    model: keras.Model, batches: Batches
) -> Iterator[tuple[Batch, np.ndarray]]:
    """Each batch, and what the model gives for it, (B, ...), filler lines among it."""
    forward, in_flight = forward_of(model)
    names = [tensor.name for tensor in model.inputs]

    def answer(batch: Batch) -> tuple[Batch, np.ndarray]:
        return batch, forward({name: batch.inputs[name] for name in names})

    return _in_order(answer, batches.epoch(0), in_flight)


def _in_order(
    call: Callable[[Batch], Any], batches: Iterator[Batch], in_flight: int
) -> Iterator[Any]:
    """What `call` makes of each batch; that many are being worked at."""
    first = list(islice(batches, 2))
    if in_flight == 1 or len(first) == 1:
        yield from map(call, chain(first, batches))
        return
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(in_flight) as pool:
        for batch in chain(first, batches):
            # One more than are worked at is made ready.
            if len(waiting) > in_flight:
                yield waiting.popleft().result()
            waiting.append(pool.submit(call, batch))
        while waiting:
            yield waiting.popleft().result()


def training_stream(
    model: keras.Model,
    batches: BatchSource,
    sizes: list[int],
    epoch: int = 0,
    start_step: int = 0,
) -> Any:
    """The batches of all epochs, one after the other, as Keras' `fit` takes them.

    `sizes` is told the lines of each batch that was given away. The first batch is that
    of `epoch` after `start_step` others.
    """
    names = [tensor.name for tensor in model.inputs]
    while True:
        for batch in batches.epoch(epoch, start_step):
            inputs = {name: batch.inputs[name] for name in names}
            sizes.append(len(batch.indices))
            yield inputs, batch.labels, batch.weights
        epoch, start_step = epoch + 1, 0


def training_data(
    model: keras.Model,
    batches: BatchSource,
    sizes: list[int],
    epoch: int = 0,
    start_step: int = 0,
) -> Any:
    """`training_stream` in the form in which a backend takes lengths that change.

    On TensorFlow, Keras looks at two batches of a generator, and a length that both
    have is fixed for all.
    """
    stream = partial(training_stream, model, batches, sizes, epoch, start_step)
    if keras.backend.backend() != "tensorflow":
        return stream()
    import tensorflow as tf

    first = next(training_stream(model, batches, [], epoch, start_step))
    signature = keras.tree.map_structure(
        lambda array: tf.TensorSpec([None] * array.ndim, array.dtype), first
    )
    return tf.data.Dataset.from_generator(stream, output_signature=signature)


def log_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`-log p(label)` of each row: float (N, L) and int (N,) to float (N,)."""
    logits = logits.astype("float64")
    top = logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(axis=-1)) + top[:, 0]
    return log_sum - logits[np.arange(len(labels)), labels]
