"""Importing this asks for the chosen backend, before Keras does in words of its own.

Rooms that need Keras import it first (`ops` lies too low to); `kewen.load` and its like
ask by themselves. Only the rooms of text, data and files do without a backend.
"""

from kewen.backend.choosing import require_backend

require_backend()
