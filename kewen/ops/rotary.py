"""Rotation of pairs of features, the arithmetic under rotary positions."""

from typing import Any

from keras import ops

from kewen.errors import ConfigError

Tensor = Any
LAYOUTS = ("interleaved", "halves")


def rotate(x: Tensor, cos: Tensor, sin: Tensor, layout: str = "interleaved") -> Tensor:
    """Rotate feature pairs of `x` by given angles.

    Args:
        x: float, (B, T, H, D), D even.
        cos: float, (B or 1, T, D / 2). One angle a pair, by cosine ...
        sin: float, (B or 1, T, D / 2). ... and sine.
        layout: which features are a pair. "interleaved": 2i and 2i + 1, as in RoFormer
            and GPT-J; "halves": i and i + D / 2, as in GPT-NeoX and LLaMA.

    Returns:
        Float, (B, T, H, D). Its norm over D is that of `x`.

    Raises:
        ConfigError: if `layout` is neither.

    Source: Su et al., 2021, section 3.2.2 (arXiv 2104.09864).
    """
    if layout not in LAYOUTS:
        raise ConfigError(
            f"A rotary layout must be one of {LAYOUTS}. Received: {layout!r}."
        )
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
