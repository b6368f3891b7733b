"""Where the `tokenizers` library gives up on a text, the error is one of ours.

It is written in Rust, and what stops it there (a rule of tokenizer.json that takes for
ever, say) arrives as an exception that not even `except Exception` catches.
"""

from collections.abc import Generator
from contextlib import contextmanager

from kewen.errors import VocabularyError


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
