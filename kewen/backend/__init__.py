"""Which of Keras' backends runs the models, and whether it is there.

`kewen.backend.found` is imported for what it does: it asks for the backend.
"""

from kewen.backend.choosing import BACKENDS, DRAWS, choose_backend, require_backend

__all__ = ["BACKENDS", "DRAWS", "choose_backend", "require_backend"]
