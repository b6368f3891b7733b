"""Reading the text and JSON files that lie beside a tokenizer."""

import json
from pathlib import Path
from typing import Any, cast

from kewen.errors import NotFoundError, VocabularyError
from kewen.files import read_regular

MAX_BYTES = 1 << 28  # the largest published tokenizer.json has some 30 million


def read_utf8(path: Path) -> str:
    """The content of a UTF-8 file, without its byte order mark.

    Raises:
        NotFoundError: if there is no such file.
        VocabularyError: if it cannot be read as UTF-8.
    """
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"A tokenizer file was expected at {path}. Received: nothing is there. "
            "Pass vocab.txt, tokenizer.json or the folder that holds one of them."
        ) from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise VocabularyError(
            f"{path} must be UTF-8 text. Received: byte 0x{byte:02x} at position "
            f"{error.start}. Convert it first, for example with "
            "`iconv -f gb18030 -t utf-8`."
        ) from error
    except OSError as error:
        raise VocabularyError(
            f"{path} must be a readable file. Received: {error.strerror}. "
            "Copy the file itself to this place."
        ) from error


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or {} if there is no such file.

    Raises:
        VocabularyError: if the file holds anything but one JSON object.
    """
    if not path.exists():
        return {}
    try:
        value: object = json.loads(read_utf8(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, VocabularyError):
            raise
        raise VocabularyError(
            f"{path} must be JSON. Received: {error!s:.200}."
        ) from error
    if not isinstance(value, dict):
        raise VocabularyError(
            f"{path} must hold a JSON object. Received: a {type(value).__name__}."
        )
    return cast("dict[str, Any]", value)
