"""Optimizers and schedules that Keras lacks; the rest is Keras' own."""

from kewen.optimizers.layerwise import LayerwiseAdamW
from kewen.optimizers.warmup import WarmupLinearDecay

__all__ = ["LayerwiseAdamW", "WarmupLinearDecay"]
