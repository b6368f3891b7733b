"""Position ids that are counted from the tokens themselves."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class PositionsAfterPadding(keras.layers.Layer):
    """RoBERTa's numbering: tokens count up from `pad_id + 1`, padding gets `pad_id`.

    Therefore left padding moves nothing, and the first `pad_id + 1` rows of the
    position table are never used for tokens.

    Args:
        pad_id: the id that marks padding.

    Call arguments:
        token_ids: int, (B, T).

    Returns:
        int32, (B, T).

    Source: fairseq's RoBERTa (Liu et al., 2019, arXiv 1907.11692).
    """

    def __init__(self, pad_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pad_id = pad_id

    def call(self, token_ids: Tensor) -> Tensor:
        is_token = ops.cast(ops.not_equal(token_ids, self.pad_id), "int32")
        return ops.cumsum(is_token, axis=1) * is_token + self.pad_id

    def compute_output_spec(self, token_ids: Any) -> keras.KerasTensor:
        return keras.KerasTensor(token_ids.shape, dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pad_id": self.pad_id}
