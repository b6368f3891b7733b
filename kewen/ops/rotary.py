"""Rotation of pairs of features, the arithmetic under rotary positions."""

from typing import Any

from keras import ops

from kewen.errors import ConfigError

Tensor = Any
LAYOUTS = ("interleaved", "halves")


def rotate(x: Tensor, cos: Tensor, sin: Tensor, layout: str = "interleaved") -> Tensor:
    """Rotate feature pairs of `x` by given angles.

    Args:
        x: float, (B, T, H, D).
        cos: float, (B or 1, T, R / 2), R even, at most D. One angle a pair of the first
            R features, by cosine ...
        sin: float, as `cos`. ... and sine.
        layout: which features are a pair. "interleaved": 2i and 2i + 1, as in RoFormer
            and GPT-J; "halves": i and i + R / 2, as in GPT-NeoX and LLaMA.

    Returns:
        Float, (B, T, H, D). The features beyond R are those of `x`, and so is the norm.

    Raises:
        ConfigError: if `layout` is neither.

    Source: Su et al., 2021, section 3.2.2 (arXiv 2104.09864).
    """
    if layout not in LAYOUTS:
        raise ConfigError(
            f"A rotary layout must be one of {LAYOUTS}. Received: {layout!r}."
        )
    size = 2 * cos.shape[-1]
    if size < x.shape[-1]:
        turned = rotate(x[..., :size], cos, sin, layout)
        return ops.concatenate([turned, x[..., size:]], axis=-1)
    cos = ops.cast(ops.expand_dims(cos, 2), x.dtype)
    sin = ops.cast(ops.expand_dims(sin, 2), x.dtype)
    if layout == "halves":
        half = x.shape[-1] // 2
        first, second = x[..., :half], x[..., half:]
        return ops.concatenate(
            [first * cos - second * sin, second * cos + first * sin], axis=-1
        )
    first, second = x[..., 0::2], x[..., 1::2]
    turned = ops.stack([first * cos - second * sin, second * cos + first * sin], -1)
    return ops.reshape(turned, ops.shape(x))
