"""Attention in which what a token says and where it stands are compared apart."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.errors import ConfigError
from kewen.layers.attention.multi_head import MultiHeadAttention
from kewen.ops import einsum

Tensor = Any
KINDS = ("c2p", "p2c")


@keras.saving.register_keras_serializable("kewen")
class DisentangledAttention(MultiHeadAttention):
    """A query's content meets a key's content, and each meets the other's distance.

    The score of a query and a key is the sum of content to content, content to position
    ("c2p": the query and the vector of the distance) and position to content ("p2c":
    that vector and the key), over `sqrt(K * (1 + len(kinds)))`. Vectors of distances
    are rows of one table, the same for all blocks; see `relative_rows`.

    Args:
        num_heads: H.
        kinds: which of the two sums with positions there are.
        num_buckets: half the rows of the table, where far distances share rows; 0 where
            each has its own.
        max_distance: the furthest distance that is told apart.
        share_projections: whether vectors of distances are projected as tokens' keys
            and queries are; else by `position_key` and `position_query`.
        **kwargs: others of `MultiHeadAttention`'s.

    Call arguments:
        inputs: float, (B, T, C).
        distances: float, (R, C), the table, normed and dropped out as the model has it.
        attention_mask: bool, (B or 1, T or 1, T).
        return_scores: whether to give the probabilities, (B, H, T, T), as well.

    Returns:
        Float, (B, T, C); with `return_scores` a tuple of it and the probabilities.

    Source: He et al., 2021, section 3.1, equation 4 (arXiv 2006.03654), whose delta is
    our `relative_rows`; log buckets and shared projections: its code of version 2.
    """

    def __init__(
        self,
        num_heads: int,
        kinds: Sequence[str] = KINDS,
        num_buckets: int = 0,
        max_distance: int = 512,
        share_projections: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_heads, **kwargs)
        if not kinds or set(kinds) - set(KINDS):
            raise ConfigError(f"kinds must be out of {KINDS}. Received: {kinds}.")
        self.kinds = tuple(kinds)
        self.num_buckets = num_buckets
        self.max_distance = max_distance
        self.share_projections = share_projections
        self.rows = relative_rows(num_buckets, max_distance)

    def build(self, inputs_shape: Any, distances_shape: Any = None) -> None:
        super().build(inputs_shape)
        self.factor *= (1 + len(self.kinds)) ** -0.5
        size = self.key_dim or self.head_dim or inputs_shape[-1] // self.num_heads
        needed = () if self.share_projections else self.kinds
        for kind, name in (("c2p", "position_key"), ("p2c", "position_query")):
            if kind in needed:
                projection = self._projection(
                    "bsc,chd->bshd",
                    (self.num_heads, size),
                    bias_axes="hd" if self.use_bias else None,
                    name=name,
                )
                projection.build((None, None, inputs_shape[-1]))
                setattr(self, name, projection)

    def call(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Tensor,
        distances: Tensor,
        attention_mask: Tensor | None = None,
        return_scores: bool = False,
        training: bool = False,
    ) -> Any:
        query, key, value = self.query(inputs), self.key(inputs), self.value(inputs)
        bias = self._of_positions(query, key, ops.expand_dims(distances, 0))
        output, scores, _ = self._attended(
            query, key, value, attention_mask, bias, None, return_scores, training
        )
        return (output, scores) if return_scores else output

    def _of_positions(self, query: Tensor, key: Tensor, distances: Tensor) -> Tensor:
        """Both sums with positions, scaled: (B, H, T, S)."""
        length: Any = ops.shape(query)[1]
        places = ops.arange(length)
        offsets = places[:, None] - places[None, :]  # t - s
        most = self.max_distance
        rows = ops.take(
            ops.convert_to_tensor(self.rows, "int32"),
            ops.clip(offsets, -most, most) + most,
            axis=0,
        )
        total: Any = 0.0
        if "c2p" in self.kinds:
            project = self.key if self.share_projections else self.position_key
            scores = einsum("bthd,rhd->bhtr", query, project(distances)[0])
            total += ops.take_along_axis(scores, rows[None, None], axis=-1)
        if "p2c" in self.kinds:
            project = self.query if self.share_projections else self.position_query
            scores = einsum("bshd,rhd->bhsr", key, project(distances)[0])
            across = ops.transpose(rows)[None, None]
            total += ops.swapaxes(ops.take_along_axis(scores, across, axis=-1), 2, 3)
        return total * self.factor

    def compute_output_spec(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Any,
        distances: Any,
        attention_mask: Any = None,
        return_scores: bool = False,
        training: bool = False,
    ) -> Any:
        return super().compute_output_spec(inputs, return_scores=return_scores)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kinds": list(self.kinds),
            "num_buckets": self.num_buckets,
            "max_distance": self.max_distance,
            "share_projections": self.share_projections,
        }


def relative_rows(num_buckets: int, max_distance: int) -> np.ndarray:
    """The table's row for each distance from `-max_distance` to `max_distance`.

    Distances up to half of `num_buckets` have rows of their own; further ones share
    rows, more of them the further they are. The table has twice `num_buckets` rows, or
    twice `max_distance` where that is 0; its middle row is distance 0.

    Returns:
        int, (2 * max_distance + 1,).

    Source: as of `DisentangledAttention`. Computed in float32 as there, because a
    distance on the border between two buckets is rounded.
    """
    distances = np.arange(-max_distance, max_distance + 1)
    span = num_buckets or max_distance
    if num_buckets:
        middle = num_buckets // 2
        far = np.maximum(np.abs(distances), middle).astype("float32")
        ratio = np.log(far / np.float32(middle)) / np.log(
            np.float32((max_distance - 1) / middle)
        )
        bucket = np.ceil(ratio * np.float32(middle - 1)) + middle
        near = np.abs(distances) <= middle
        distances = np.where(near, distances, bucket * np.sign(distances))
    return np.clip(distances + span, 0, 2 * span - 1).astype("int32")
