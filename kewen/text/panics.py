"""Where the `tokenizers` library gives up on a text, the error is one of ours.

It is written in Rust, and what stops it there (a rule of tokenizer.json that takes for
ever, say) arrives as an exception that not even `except Exception` catches.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kewen.errors import KewenError, VocabularyError


@contextmanager
def no_panics() -> Generator[None]:
    """Around every call that runs what a tokenizer.json says.

    Raises:
        VocabularyError: if the library gives up.
    """
    try:
        yield
    except (VocabularyError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise VocabularyError(
            "A tokenizer must be able to cut every text. Received from the tokenizers "
            f"library: {error!s:.300}. Check the rules in tokenizer.json, or take it "
            "from where you trust it."
        ) from error


@contextmanager
def building_from(path: Path) -> Generator[None]:
    """Around making a tokenizer of the library from what a file says.

    Raises:
        VocabularyError: if the library refuses: an id beyond 32 bits, half a character,
            a score that is no number.
    """
    try:
        yield
    except (KewenError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise VocabularyError(
            f"{path} must hold what makes a tokenizer. Received from the tokenizers "
            f"library: {error!s:.200}. Check that the download is complete."
        ) from error
