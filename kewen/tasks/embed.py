"""One vector for a text."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from kewen.engines import Engine, engine_for
from kewen.errors import ConfigError
from kewen.layers import Pooling
from kewen.models.pretrained import Pretrained
from kewen.tasks.examples import listed
from kewen.tasks.probe import probe_rows


class Embedder:
    """A pretrained encoder whose tokens are pooled into one vector.

    Args:
        pretrained: from `kewen.load`.
        pooling: "mean" over the tokens (sentence-transformers' usual one), "cls" (the
            first token) or "max".
        normalize: whether vectors have length 1, so that a product is a cosine.
        max_length: tokens of a text, special ones included; longer ones are cut.
        batch_size: texts at a time.
        engine: what runs the model: "keras", or "openvino" (extra `[export]`), which is
            faster on Intel's and AMD's processors. It exports the model at its first
            use and keeps the export beside the model's files.
        engine_dtype: what OpenVINO computes in, "float32" or "bfloat16"; if None, the
            second where the processor has instructions for it.

    Attributes:
        engine: what runs; `engine.report` says what an export is and how far its
            answers are from float32.

    Raises:
        ConfigError: if there is no tokenizer, no such pooling or engine, or
            `max_length` is more than the model takes.
        MissingExtraError: if the engine is not installed.
    """

    def __init__(
        self,
        pretrained: Pretrained,
        *,
        pooling: str = "mean",
        normalize: bool = False,
        max_length: int | None = None,
        batch_size: int = 64,
        engine: str = "keras",
        engine_dtype: str | None = None,
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
        self.pad_id = pretrained.config.fill_id
        backbone = pretrained.backbone
        inputs = backbone.inputs_by_name
        pooled = Pooling(pooling, name="pooling")(
            backbone.output, inputs["padding_mask"]
        )
        self.model = keras.Model(inputs, pooled)
        self.engine: Engine = engine_for(
            engine,
            self.model,
            probe=lambda: probe_rows(self.tokenizer, self.max_length),
            pad_id=self.pad_id,
            folder=pretrained.folder,
            dtype=engine_dtype,
        )

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
        found = self.engine.predict(
            rows, batch_size=self.batch_size, pad_id=self.pad_id
        )
        vectors = found.astype("float32", copy=False)
        if not self.normalize:
            return vectors
        norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
        return vectors / np.maximum(norms, 1e-12)
