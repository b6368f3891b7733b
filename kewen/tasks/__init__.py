"""The whole way, in one file each: from a file of examples to a model that answers."""

import kewen.backend.found  # noqa: F401
from kewen.tasks.classify import Prediction, TextClassifier
from kewen.tasks.embed import Embedder
from kewen.tasks.generate import GeneratedText, Generator
from kewen.tasks.load import load_task
from kewen.tasks.poem import Poem, PoemWriter

__all__ = [
    "Embedder",
    "GeneratedText",
    "Generator",
    "Poem",
    "PoemWriter",
    "Prediction",
    "TextClassifier",
    "load_task",
]
