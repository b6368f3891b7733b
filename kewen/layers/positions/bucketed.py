"""T5's positions: a bias of the attention scores for each range of distances."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.errors import ConfigError
from kewen.layers.moment import Moment

Tensor = Any
MOST_DISTANCE = 2**20  # a table of this length is made


@keras.saving.register_keras_serializable("kewen")
class BucketedPositions(keras.layers.Layer):
    """A learned number for each head and each bucket of `key's - query's position`.

    Small distances have a bucket each; the others share buckets that grow with the
    logarithm of the distance, and from `max_distance` on all are in the last one. Only
    distances count: padding before a text moves nothing.

    Args:
        num_heads: H.
        num_buckets: of all distances together.
        max_distance: from here on no distances are told apart.
        bidirectional: whether half of the buckets are for keys behind the query. If
            not, all of these keys are in the bucket of distance 0, and are to be
            masked.
        initializer: first values.

    Call arguments:
        queries: (B, T, ...); only T counts.
        keys: (B, S, ...); only S counts. `queries` if None.
        first_query: int scalar; the position of the first query among the keys (a
            cache).

    Returns:
        Float, (1, H, T, S): a `bias` for `MultiHeadAttention`.

    Source: Raffel et al., 2020, section 2.1 (arXiv 1910.10683). The logarithm is taken
    in float32, as they do: at the ends of buckets rounding decides.
    """

    def __init__(
        self,
        num_heads: int,
        num_buckets: int = 32,
        max_distance: int = 128,
        bidirectional: bool = True,
        initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.num_buckets = num_buckets
        self.max_distance = max_distance
        self.bidirectional = bidirectional
        self.initializer = keras.initializers.get(initializer)
        one_way = num_buckets // 2 if bidirectional else num_buckets
        self.bucket_of = buckets(one_way, max_distance)

    def build(self, queries_shape: Any, keys_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.num_buckets, self.num_heads),
            initializer=self.initializer,
            name="embeddings",
        )

    def call(
        self, queries: Tensor, keys: Tensor | None = None, first_query: Any = 0
    ) -> Tensor:
        keys = queries if keys is None else keys
        positions = ops.arange(ops.shape(queries)[1], dtype="int32") + first_query
        others = ops.arange(ops.shape(keys)[1], dtype="int32")
        return self._biases(others[None, :] - positions[:, None])

    def at_moment(
        self, moment: Moment, queries: Tensor, keys: Tensor | None = None
    ) -> Tensor:
        """The same while a text grows: of new tokens and what is remembered.

        With `keys`, which do not grow, of the new tokens and these.
        """
        if moment.is_prompt:
            return self.call(queries, keys)
        if keys is not None:
            return self.call(queries, keys, moment.clock)
        return self._biases(-moment.ages(queries.shape[1], moment.capacity))

    def _biases(self, relative: Tensor) -> Tensor:
        """Of keys' positions minus queries', (T, S): (1, H, T, S)."""
        distance = ops.abs(relative) if self.bidirectional else -relative
        distance = ops.clip(distance, 0, self.max_distance)
        bucket = ops.take(ops.convert_to_tensor(self.bucket_of), distance, axis=0)
        if self.bidirectional:
            behind = ops.cast(relative > 0, bucket.dtype)
            bucket = bucket + behind * (self.num_buckets // 2)
        bias = ops.take(self.embeddings, bucket, axis=0)  # (T, S, H)
        bias = ops.cast(ops.transpose(bias, (2, 0, 1)), self.compute_dtype)
        return ops.expand_dims(bias, 0)

    def compute_output_spec(
        self, queries: Any, keys: Any = None, first_query: Any = 0
    ) -> keras.KerasTensor:
        source = queries if keys is None else keys
        shape = (1, self.num_heads, queries.shape[1], source.shape[1])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "num_buckets": self.num_buckets,
            "max_distance": self.max_distance,
            "bidirectional": self.bidirectional,
            "initializer": keras.initializers.serialize(self.initializer),
        }


def buckets(count: int, max_distance: int) -> np.ndarray:
    """int32, (max_distance + 1,): the bucket of each distance in one direction.

    Raises:
        ConfigError: if there are too few buckets, or too many for the distances.
    """
    exact = count // 2
    if exact < 1 or not exact < max_distance <= MOST_DISTANCE:
        raise ConfigError(
            "There must be at least two buckets a direction, and max_distance must be "
            f"more than half of these and at most {MOST_DISTANCE}. Received: {count} "
            f"buckets a direction, max_distance {max_distance}."
        )
    distances = np.arange(max_distance + 1)
    ratio = np.maximum(distances, exact).astype("float32") / np.float32(exact)
    share = np.log(ratio) / np.float32(math.log(max_distance / exact))
    far = exact + (share * np.float32(count - exact)).astype("int32")
    far = np.minimum(far, count - 1)
    return np.where(distances < exact, distances, far).astype("int32")
