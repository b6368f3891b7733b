"""What training minimises."""

from kewen.losses.cross_entropy import CrossEntropy

__all__ = ["CrossEntropy"]
