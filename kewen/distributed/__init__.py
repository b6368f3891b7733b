"""The same work on many machines, by engines that exist."""

from kewen.distributed.ray_counting import count_on_ray

__all__ = ["count_on_ray"]
