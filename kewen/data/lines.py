"""A text file, plain or gzipped, as numbered lines: streamed, and in one encoding only.

Guessing an encoding spoils data in silence, so anything that is not what was named is
refused, with the command that converts it.
"""

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from kewen.errors import ConfigError, DataError, NotFoundError

# No line of a training file is this long; a file without line ends would fill memory.
MAX_LINE_CHARS = 1 << 24

# A .gz may inflate to this, and beyond it by this factor: text shrinks to a fifth, logs
# to a fiftieth, and only what repeats itself for ever to less.
MAX_INFLATED_CHARS = 1 << 28
MAX_RATIO = 250

_HEAD_BYTES = 4096  # by which a file is looked at
# What Chinese text is made of: ASCII, its own punctuation and full-width forms, and its
# characters; and how much of a text that must be.
_CHINESE_TEXT = re.compile(
    "[\t\n\r -~\u2010-\u2026\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
)
_MOST = 0.9
_GZIP = b"\x1f\x8b"
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def numbered_lines(
    path: str | os.PathLike[str], encoding: str = "utf-8"
) -> Iterator[tuple[int, str]]:
    r"""Every line with its number from 1, without its line end, blank lines left out.

    Lines end at `\n` or `\r\n` and nowhere else: a lone `\r` or U+2028 is text. A
    byte-order mark of UTF-8 is dropped. Memory is bounded by the longest line.

    Raises:
        NotFoundError: if there is no such file.
        ConfigError: if Python knows no such encoding.
        DataError: if the bytes are not in the encoding, or a .gz is damaged.
    """
    for number, line in raw_lines(path, encoding):
        text = line.rstrip("\r\n")
        if text:
            yield number, text


def raw_lines(
    path: str | os.PathLike[str], encoding: str = "utf-8"
) -> Iterator[tuple[int, str]]:
    """Every line with its number from 1 and its line end, as the csv module likes."""
    path = Path(path)
    encoding = known(encoding)
    number = 0
    try:
        with opened(path) as file:
            refuse_wide(path, file, encoding)
            left = _most_chars(path)
            text = io.TextIOWrapper(file, encoding=encoding, newline="\n")
            while line := text.readline(MAX_LINE_CHARS):
                number += 1
                if len(line) == MAX_LINE_CHARS:
                    raise DataError(
                        f"{path}, line {number} is longer than {MAX_LINE_CHARS} "
                        "characters, so this seems to be no file of one example a line."
                    )
                left -= len(line)
                if left < 0:
                    raise DataError(
                        f"{path} must not inflate to more than {MAX_RATIO} times its "
                        f"size. Received: more than that by line {number}: a bomb, or "
                        "one line over and over. Inflate it with gunzip if it is meant."
                    )
                yield number, line
    except UnicodeDecodeError as error:
        raise wrong_encoding(path, encoding) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} must be a sound gzip file. Received: {error}, after line "
            f"{number}. Copy or compress it again."
        ) from error


def known(encoding: str) -> str:
    """Python's own name of the encoding; UTF-8 may begin with a byte-order mark.

    Raises:
        ConfigError: if it is no encoding of text.
    """
    try:
        name = codecs.lookup(encoding).name
        io.TextIOWrapper(io.BytesIO(), name)  # refuses codecs that are not of text
    except LookupError as error:
        raise ConfigError(
            f"encoding must be one of text that Python knows. Received: {encoding!r}. "
            'Name another, such as "gb18030".'
        ) from error
    return "utf-8-sig" if name == "utf-8" else name


def _most_chars(path: Path) -> float:
    if path.suffix.lower() != ".gz":
        return float("inf")
    return max(MAX_INFLATED_CHARS, MAX_RATIO * path.stat().st_size)


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, inflated if its name ends in .gz."""
    try:
        if path.suffix.lower() == ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no file {path}. Looked in {path.absolute().parent}; check the "
            "spelling and the folder you are in."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read. Received: {error}.") from error


def refuse_wide(path: Path, file: BinaryIO, encoding: str) -> None:
    """Refuse gzip, UTF-16 and UTF-32 by their marks, or by UTF-16's zero bytes."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if head.startswith(_GZIP):
        raise DataError(
            f"{path} must be text. By its first bytes it is gzipped. Call it "
            f"{path.name}.gz, and it is read as it is."
        )
    if encoding != "utf-8-sig":
        return
    for mark, name in _BOMS.items():
        if head.startswith(mark):
            raise _refusal(path, "its first bytes", name)
    if head.count(0) > len(head) // 4:
        little = head[1::2].count(0) >= head[::2].count(0)
        name = "UTF-16LE" if little else "UTF-16BE"
        raise _refusal(path, "its many zero bytes", name)


def wrong_encoding(path: Path, encoding: str) -> DataError:
    """Find the first line that does not decode and say what it looks like."""
    if encoding != "utf-8-sig":
        return DataError(
            f"{path} is not in {encoding}, the encoding that was named. Name another."
        )
    with opened(path) as file:
        wide = _looks_utf_16(file.read(_HEAD_BYTES))
    if wide is not None:
        return _refusal(path, "its first bytes", wide)
    number, line = _first_undecodable(path)
    looks = "GB18030" if _looks_gb18030(line) else "WINDOWS-1252"
    return _refusal(path, f"line {number}", looks)


def _first_undecodable(path: Path) -> tuple[int, bytes]:
    number = 0
    with opened(path) as file:
        while line := file.readline(MAX_LINE_CHARS):
            number += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number, line
    return number, b""


def _looks_utf_16(head: bytes) -> str | None:
    """UTF-16 without its mark, in Chinese: UTF-16LE, UTF-16BE, or None.

    Two letters of Latin text are a Chinese character in UTF-16, so it takes a byte too
    that no text has: the half of a line end, or of one character in nine.
    """
    if not any(byte < 0x20 and byte not in b"\t\n\r" for byte in head):
        return None
    shares: dict[str, float] = {}
    for name in ("UTF-16LE", "UTF-16BE"):
        try:
            text = codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        shares[name] = len(_CHINESE_TEXT.findall(text)) / max(len(text), 1)
    name = max(shares, key=shares.__getitem__, default=None)
    return name if name is not None and shares[name] > _MOST else None


def _looks_gb18030(line: bytes) -> bool:
    """Chinese, told from accented Latin letters that GB18030 happens to decode too."""
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    chinese = sum("一" <= char <= "鿿" for char in text)
    high_bytes = sum(byte >= 0x80 for byte in line)
    # Both bytes of common Chinese characters are high; "é" before a letter has one.
    return 0 < 3 * chinese <= 2 * high_bytes


def _refusal(path: Path, evidence: str, name: str) -> DataError:
    return DataError(
        f"{path} must be UTF-8. By {evidence} it is not; it looks like {name}. Convert "
        f"it with: iconv -f {name} -t UTF-8 {path.name} > utf8-{path.name}"
        f"{' (after gunzip)' if path.suffix.lower() == '.gz' else ''}, or name its "
        f'encoding, encoding="{name.lower()}" (--encoding {name.lower()} on the '
        "command line)."
    )
