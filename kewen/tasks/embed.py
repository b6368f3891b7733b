"""One vector for a text."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from kewen.data import Batches
from kewen.errors import ConfigError
from kewen.layers import Pooling
from kewen.models.pretrained import Pretrained
from kewen.tasks.examples import listed
from kewen.training import predict_rows


class Embedder:
    """A pretrained encoder whose tokens are pooled into one vector.

    Args:
        pretrained: from `kewen.load`.
        pooling: "mean" over the tokens (sentence-transformers' usual one), "cls" (the
            first token) or "max".
        normalize: whether vectors have length 1, so that a product is a cosine.
        max_length: tokens of a text, special ones included; longer ones are cut.
        batch_size: texts at a time.

    Raises:
        ConfigError: if there is no tokenizer, no such pooling, or `max_length` is more
            than the model takes.
    """

    def __init__(
        self,
        pretrained: Pretrained,
        *,
        pooling: str = "mean",
        normalize: bool = False,
        max_length: int | None = None,
        batch_size: int = 64,
    ) -> None:
        if pretrained.tokenizer is None:
            raise ConfigError(
                "Embedding needs the model's tokenizer. Received: a model without one. "
                "Put tokenizer.json or vocab.txt into its folder."
            )
        longest = pretrained.config.longest_text
        if max_length is not None and not 3 <= max_length <= longest:
            raise ConfigError(
                f"max_length must be from 3 to {longest}, the positions that the model "
                f"has. Received: {max_length}."
            )
        self.tokenizer = pretrained.tokenizer
        self.normalize = normalize
        self.max_length = max_length or longest
        self.batch_size = batch_size
        self.pad_id = pretrained.config.pad_id
        backbone = pretrained.backbone
        inputs = backbone.inputs_by_name
        pooled = Pooling(pooling, name="pooling")(
            backbone.output, inputs["padding_mask"]
        )
        self.model = keras.Model(inputs, pooled)

    def embed(
        self, texts: Iterable[str], pairs: Iterable[str] | None = None
    ) -> np.ndarray:
        """Float32, (N, C), in the order of the texts."""
        output: Any = self.model.output
        width = output.shape[-1]
        texts = listed(texts, "embed")
        if not texts:
            return np.empty((0, width), "float32")
        pairs = None if pairs is None else listed(pairs, "embed")
        rows = self.tokenizer.encode_many(texts, pairs, max_length=self.max_length)
        batches = Batches(
            rows, batch_size=self.batch_size, pad_ids={"token_ids": self.pad_id}
        )
        vectors = predict_rows(self.model, batches).astype("float32")
        if not self.normalize:
            return vectors
        norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
        return vectors / np.maximum(norms, 1e-12)
