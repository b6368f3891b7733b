"""The mask of `kewen.masks` as a named layer of a functional model."""

from typing import Any

import keras
from keras import ops

from kewen import masks
from kewen.errors import ConfigError
from kewen.layers.moment import Moment

Tensor = Any
KINDS = ("bidirectional", "causal", "unilm", "permuted")


@keras.saving.register_keras_serializable("kewen")
class AttentionMask(keras.layers.Layer):
    """Who may look at whom, from the model's inputs.

    Args:
        kind: "bidirectional": everybody at every token. "causal": at no later one.
            "unilm": within the source freely, in the target backwards. "permuted": at
            none that is generated later.
        window: (before, after): at no further positions than these many before and
            after one's own; None for any. See `kewen.masks.band`.

    Call arguments:
        padding_mask: bool, (B, T). True where a token is.
        segment_ids: int, (B, T); needed by "unilm" only.
        order: int, (B, T), the positions as they are generated; by "permuted" only.

    Returns:
        bool, (B, 1 or T, T).
    """

    def __init__(
        self,
        kind: str = "bidirectional",
        window: tuple[int, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if kind not in KINDS:
            raise ConfigError(
                f"A mask kind must be one of {KINDS}. Received: {kind!r}."
            )
        self.kind = kind
        self.window = None if window is None else tuple(window)

    def call(
        self,
        padding_mask: Tensor,
        segment_ids: Tensor | None = None,
        order: Tensor | None = None,
    ) -> Tensor:
        length: Any = ops.shape(padding_mask)[1]
        near = None if self.window is None else masks.band(length, *self.window)
        if self.kind == "unilm":
            return masks.all_of(masks.unilm(segment_ids, padding_mask), near)
        if self.kind == "permuted":
            earlier = masks.permuted(order)
            return masks.all_of(earlier, near, masks.padding(padding_mask))
        past = masks.causal(length) if self.kind == "causal" else None
        return masks.all_of(past, near, masks.padding(padding_mask))

    def at_moment(
        self,
        moment: Moment,
        padding_mask: Tensor,
        segment_ids: Tensor | None = None,
        order: Tensor | None = None,
    ) -> Tensor:
        """The same while a text grows: over what is remembered, bool, (N, T, R).

        New tokens look backwards, whatever the kind; "bidirectional" masks are those
        of a text that does not grow.

        Raises:
            ConfigError: of kind "permuted", whose texts do not grow at the end.
        """
        if self.kind == "permuted":
            raise ConfigError(
                "A model is decoded under a mask whose texts grow at the end: causal "
                "or unilm. Received: permuted. Draw it with another application."
            )
        if moment.is_prompt or self.kind == "bidirectional":
            return self.call(padding_mask, segment_ids)
        window = None if self.window is None else self.window[0] + 1
        return moment.visible(padding_mask.shape[1], window)

    def compute_output_spec(
        self, padding_mask: Any, segment_ids: Any = None, order: Any = None
    ) -> keras.KerasTensor:
        batch, length = padding_mask.shape
        one_for_all = self.kind == "bidirectional" and self.window is None
        rows = 1 if one_for_all else length
        return keras.KerasTensor((batch, rows, length), dtype="bool")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "window": self.window}
