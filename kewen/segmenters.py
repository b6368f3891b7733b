"""rjieba and jieba, which cut Chinese into words: brought when they are needed."""

import logging
import warnings
from importlib import import_module
from typing import Any

from kewen.errors import MissingExtraError, installing


def segmenting_package(name: str, extra: str = "chinese") -> Any:
    """Rjieba or jieba, which tells of nothing when it starts.

    Args:
        name: of the package.
        extra: of kewen, which brings it.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba's own, about its own code
            module = import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"Cutting Chinese into words needs the package {name}. Received: it is "
            f"not installed. Run, {installing(extra)}."
        ) from error
    logging.getLogger("jieba").setLevel(logging.WARNING)
    return module
