"""What is said of a poem, its row of ids, and how well a writer foresees it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

import kewen  # noqa: F401  (it chooses Keras' backend)
from examples.poems.corpus import Poem
from kewen.data import Batches
from kewen.models import Backbone
from kewen.poems import Layout, Rhymes

TOKENS = 4096  # a step

Tensor = Any
Row = dict[str, np.ndarray]


class ForeseenLoss(keras.layers.Layer):
    """Mean of `-log p(token)` over the target tokens of each row.

    Call arguments:
        logits: float, (B, T, V), after each token.
        token_ids: int, (B, T).
        target_mask: int, (B, T): which tokens are to be foreseen.

    Returns:
        float32, (B,).
    """

    def call(self, logits: Tensor, token_ids: Tensor, target_mask: Tensor) -> Tensor:
        logits = ops.cast(logits[:, :-1], "float32")
        ids, mask = token_ids[:, 1:], ops.cast(target_mask[:, 1:], "float32")
        own = ops.take_along_axis(logits, ids[:, :, None], axis=-1)[:, :, 0]
        losses = ops.logsumexp(logits, axis=-1) - own
        return ops.sum(losses * mask, axis=-1) / ops.sum(mask, axis=-1)


class Given(keras.losses.Loss):
    """The output itself is the loss: float (B,), weighted by tokens."""

    def __init__(self) -> None:
        super().__init__(reduction="mean_with_sample_weight", name="given")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred


def losses_model(writer: Backbone) -> keras.Model:
    """Rows to their mean losses; weights are the writer's own."""
    inputs = {tensor.name: tensor for tensor in writer.inputs}
    logits = writer(inputs)["lm_logits"]
    inputs["target_mask"] = keras.Input((None,), dtype="int32", name="target_mask")
    loss = ForeseenLoss(dtype="float32")
    return keras.Model(inputs, loss(logits, inputs["token_ids"], inputs["target_mask"]))


def spoken(poem: Poem, rhymes: Rhymes) -> dict[str, str]:
    """All that can be said of a poem; its rhyme is that of its even lines, if any."""
    common = rhymes.common(line[-1] for line in poem.lines[1::2])
    return {
        "title": poem.title,
        "rhyme": common[0] if common else "",
        "heads": "".join(line[0] for line in poem.lines),
    }


def row_of(poem: Poem, layout: Layout, **said: str) -> Row:
    """A poem behind what is said of it; its own tokens are to be foreseen."""
    before, own = layout.prompt(poem.form, **said), layout.body(poem.lines)
    return {
        "token_ids": np.array([*before, *own], "int32"),
        "padding_mask": np.ones(len(before) + len(own), bool),
        "target_mask": np.repeat([0, 1], [len(before), len(own)]).astype("int32"),
    }


def batches_of(rows: Sequence[Row], **options: Any) -> Batches:
    """Rows in batches of equal cost; each counts by the tokens to be foreseen."""
    return Batches(
        rows,
        labels=np.zeros(len(rows)),
        weights=np.array([row["target_mask"].sum() for row in rows]),
        tokens_per_batch=TOKENS,
        pad_ids={"target_mask": 0},
        multiple=4,
        **options,
    )
