"""Pure tensor functions that `keras.ops` lacks; they run on every backend."""

from kewen.ops.rotary import rotate
from kewen.ops.softmax import masked_softmax

__all__ = ["masked_softmax", "rotate"]
