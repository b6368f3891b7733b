"""What Keras' LoRA and int8 cost in accuracy on BBC news, and what RematScope saves.

The classifier of the demo is trained whole, quantised, and trained with adapters only.
What a forward keeps for its gradient is counted without running it, at 8 x 512 tokens
of a BERT-base.
"""

import argparse
import contextlib
from typing import Any

import numpy as np

from benchmarks.harness import publish
from kewen.data.demo_assets import BBC_NEWS, MINILM, bring
from kewen.metrics import text_table
from kewen.models import Backbone, enable_lora, load
from kewen.models.bert import BertConfig
from kewen.tasks import TextClassifier
from kewen.tasks.news_demo import (
    EPOCHS,
    FROZEN,
    LEARNING_RATE,
    MAX_LENGTH,
    POOLING,
    split_news,
)

BATCH, LENGTH = 8, 512
PRODUCTS = "^(query|key|value|output|inner|outer)$"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--lora-learning-rate", type=float, default=2e-3)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    train, dev, test = split_news(bring(BBC_NEWS))
    whole = classifier()
    whole.fit(train, dev, epochs=EPOCHS, learning_rate=LEARNING_RATE, freeze=FROZEN)
    rows = [row("float32, all layers that the demo trains", whole, test)]
    whole.pretrained.model.quantize("int8", filters=PRODUCTS)
    rows.append(row("the same in int8", whole, test))
    adapted = classifier()
    enable_lora(adapted.pretrained.model, arguments.rank)
    learning = adapted.pretrained.model.trainable_weights
    learns = sum(int(np.prod(weight.shape)) for weight in learning)
    adapted.fit(train, dev, epochs=EPOCHS, learning_rate=arguments.lora_learning_rate)
    rows.append(
        row(f"LoRA of rank {arguments.rank}: {learns:,} numbers", adapted, test)
    )
    accuracy = text_table(["classifier", "test accuracy", "weights, MB"], rows)
    kept = [[str(mode), f"{kept_by(mode) / 2**20:,.0f}"] for mode in (None, "full")]
    memory = text_table(["RematScope", "kept for the gradient, MiB"], kept)
    publish(
        "keras_powers",
        "LoRA, int8 and RematScope",
        f"{accuracy}\n\n{memory}",
        write=arguments.write,
    )


def classifier() -> TextClassifier:
    return TextClassifier(
        load(bring(MINILM)), max_length=MAX_LENGTH, pooling=POOLING, seed=0
    )


def row(name: str, classifier: TextClassifier, test: Any) -> list[str]:
    """Accuracy, and the bytes of the weights."""
    scores = classifier.evaluate(test)
    held = sum(
        int(np.prod(weight.shape)) * np.dtype(weight.dtype).itemsize
        for weight in classifier.pretrained.model.weights
    )
    return [name, f"{scores.accuracy:.4f}", f"{held / 1e6:.1f}"]


def kept_by(mode: str | None) -> int:
    """Bytes that a forward in training keeps, the weights left aside."""
    import jax  # late, because kewen chooses Keras' backend when it is imported
    import keras

    scope = keras.RematScope(mode=mode) if mode else contextlib.nullcontext()
    with scope:
        model = Backbone(BertConfig(), unset=True)
    values = [weight.value for weight in model.trainable_variables]
    fixed = [weight.value for weight in model.non_trainable_variables]
    inputs = {
        "token_ids": np.ones((BATCH, LENGTH), "int32"),
        "segment_ids": np.zeros((BATCH, LENGTH), "int32"),
        "padding_mask": np.ones((BATCH, LENGTH), bool),
    }

    def loss(values: Any) -> Any:
        made = model.stateless_call(values, fixed, inputs, training=True)
        return (made[0] ** 2).mean()

    kept = jax.eval_shape(lambda values: jax.vjp(loss, values)[1], values)
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kept))
    return size - sum(value.nbytes for value in values)


if __name__ == "__main__":
    main()
