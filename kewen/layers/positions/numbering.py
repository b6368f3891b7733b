"""Position ids that are counted from the tokens themselves."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ShapeError
from kewen.layers.moment import Moment

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class PositionsAfterPadding(keras.layers.Layer):
    """RoBERTa's numbering: tokens count up from `pad_id + 1`, padding gets `pad_id`.

    Therefore left padding moves nothing, and the first `pad_id + 1` rows of the
    position table are never used for tokens.

    Args:
        pad_id: the id that marks padding.
        longest_text: most columns that may come, for which the table has positions.

    Call arguments:
        token_ids: int, (B, T).

    Returns:
        int32, (B, T).

    Raises:
        ShapeError: if T is more than `longest_text`.

    Source: fairseq's RoBERTa (Liu et al., 2019, arXiv 1907.11692).
    """

    def __init__(
        self, pad_id: int, longest_text: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pad_id = pad_id
        self.longest_text = longest_text

    def call(self, token_ids: Tensor) -> Tensor:
        check_length(token_ids.shape[1], self.longest_text)
        is_token = ops.cast(ops.not_equal(token_ids, self.pad_id), "int32")
        return ops.cumsum(is_token, axis=1) * is_token + self.pad_id

    def at_moment(self, moment: Moment, token_ids: Tensor) -> Tensor:
        """The same while a text grows: numbers of the new tokens, (N, T)."""
        if moment.is_prompt:
            return self.call(token_ids)
        return moment.positions(token_ids.shape[1]) + self.pad_id + 1

    def compute_output_spec(self, token_ids: Any) -> keras.KerasTensor:
        return keras.KerasTensor(token_ids.shape, dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pad_id": self.pad_id,
            "longest_text": self.longest_text,
        }


@keras.saving.register_keras_serializable("kewen")
class PositionsOfTokens(keras.layers.Layer):
    """0 for the first token of a row, and so on; padding gets the position before it.

    Therefore left padding moves nothing.

    Args:
        longest_text: most columns that may come, for which a table has positions; None
            where there is no table.
        first: number of the first token; the others follow.

    Call arguments:
        padding_mask: bool, (B, T). True where a token is.

    Returns:
        int32, (B, T).

    Raises:
        ShapeError: if T is more than `longest_text`.
    """

    def __init__(
        self, longest_text: int | None = None, first: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.longest_text = longest_text
        self.first = first

    def call(self, padding_mask: Tensor) -> Tensor:
        check_length(padding_mask.shape[1], self.longest_text)
        count = ops.cumsum(ops.cast(padding_mask, "int32"), axis=1)
        return ops.maximum(count - 1, 0) + self.first

    def at_moment(self, moment: Moment, padding_mask: Tensor) -> Tensor:
        """The same while a text grows: numbers of the new tokens, (N, T)."""
        if moment.is_prompt:
            return self.call(padding_mask)
        return moment.positions(padding_mask.shape[1]) + self.first

    def compute_output_spec(self, padding_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor(padding_mask.shape, dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "longest_text": self.longest_text,
            "first": self.first,
        }


@keras.saving.register_keras_serializable("kewen")
class PositionsInRow(keras.layers.Layer):
    """0, 1, 2 ... for the columns of a row, whatever stands in them.

    Call arguments:
        inputs: anything of shape (B, T, ...).

    Returns:
        int32, (1, T).
    """

    def call(self, inputs: Tensor) -> Tensor:
        return ops.arange(ops.shape(inputs)[1], dtype="int32")[None]

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor((1, inputs.shape[1]), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        # Keras' automatic config refuses a dtype policy that is given as an object.
        return super().get_config()


def check_length(length: Any, longest_text: int | None) -> None:
    """Refuse T where it is known and there are fewer positions.

    Raises:
        ShapeError: if `length` is more than `longest_text`.
    """
    if not isinstance(length, int) or longest_text is None:
        return
    if length > longest_text:
        raise ShapeError(
            f"A text may have at most {longest_text} tokens, the positions that the "
            f"model has. Received: {length}. Shorten it with max_length, or cut it "
            "into windows with stride."
        )
