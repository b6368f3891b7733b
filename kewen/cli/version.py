"""kewen's version, as the front door states it."""

import sys


def kewen_version() -> str:
    """Such as "0.1.0".

    No room imports the front door; but whenever this file runs, it has been opened.
    """
    return str(sys.modules["kewen"].__version__)
