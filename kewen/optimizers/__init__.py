"""Optimizers and schedules that Keras lacks; the rest is Keras' own."""

import kewen.backend.found  # noqa: F401
from kewen.optimizers.layerwise import LayerwiseAdamW
from kewen.optimizers.warmup import WarmupLinearDecay

__all__ = ["LayerwiseAdamW", "WarmupLinearDecay"]
