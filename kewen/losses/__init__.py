"""What training minimises."""

import kewen.backend.found  # noqa: F401
from kewen.losses.cross_entropy import CrossEntropy

__all__ = ["CrossEntropy"]
