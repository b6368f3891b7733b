"""What every test stands on."""

# Before any test file imports Keras, which would else choose the backend by itself.
import kewen  # noqa: F401

# Warnings are errors; these are of other libraries, and nothing of ours can avoid them.
_NOT_OURS = [
    # Keras' Variable.__array__ lacks the keyword that NumPy 2 asks for.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
]


def pytest_configure(config):
    for warning in _NOT_OURS:
        config.addinivalue_line("filterwarnings", warning)
