"""A model of three layers and rows for it: what the tests of training train."""

import json

import keras
import numpy as np

from kewen.data import Batches, LabelSet, StreamedBatches, stream_examples
from kewen.layers import Dropout
from kewen.losses import CrossEntropy
from kewen.training import fit, seeded

WORDS, CLASSES = 12, 3


def small_model(dropout=0.0, dtype=None, seed=0):
    """Mean of word vectors to logits: (B, T) ids to (B, 3)."""
    with seeded(seed):
        ids = keras.Input((None,), dtype="int32", name="token_ids")
        hidden = keras.layers.Embedding(WORDS, 4, name="table", dtype=dtype)(ids)
        hidden = keras.layers.GlobalAveragePooling1D(name="mean", dtype=dtype)(hidden)
        if dropout:
            hidden = Dropout(dropout, name="drop", dtype=dtype)(hidden)
        logits = keras.layers.Dense(CLASSES, name="top", dtype=dtype)(hidden)
        return keras.Model({"token_ids": ids}, logits)


def rows_of(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {"token_ids": rng.integers(1, WORDS, length).astype("int32")}
        for length in lengths
    ]


def batches_of(lengths=(8,) * 8, **options):
    labels = np.arange(len(lengths)) % CLASSES
    return Batches(rows_of(lengths), labels=labels, **options)


def write_rows(path, lengths):
    """The rows and labels of `batches_of` as a file for `streamed_batches_of`."""
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows_of(lengths)):
            text = " ".join(map(str, row["token_ids"]))
            line = {"text": text, "label": str(number % CLASSES)}
            file.write(json.dumps(line) + "\n")


def streamed_batches_of(path, lengths, **options):
    """Batches over such a file."""

    def encode(examples):
        rows = (np.array(each.text.split(), "int32") for each in examples)
        return [{"token_ids": row} for row in rows]

    return StreamedBatches(
        stream_examples(path),
        encode,
        numbers=LabelSet(map(str, range(CLASSES))).encode,
        max_length=max(lengths),
        **options,
    )


def train(model, batches, **options):
    """`fit`, quick and silent; its defaults suit the tests."""
    wanted = {"epochs": 1, "learning_rate": 0.05, "warmup": 0.0, "progress": False}
    return fit(model, batches, loss=CrossEntropy(), **(wanted | options))


def weights_of(model):
    return {weight.path: np.asarray(weight).copy() for weight in model.weights}


def loss_by_hand(model, batch):
    """Weighted mean of -log p of one batch, with the weights as they are."""
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    hidden = weights["table/embeddings"][batch.inputs["token_ids"]].mean(axis=1)
    logits = hidden @ weights["top/kernel"] + weights["top/bias"]
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    losses = -log_p[np.arange(len(batch.labels)), batch.labels]
    return np.average(losses, weights=batch.weights)
