"""What every test stands on."""

# Before any test file imports Keras, which would else choose the backend by itself.
import kewen  # noqa: F401
