"""A text file in blocks of lines, each of which is found again by its place.

A block begins where a line begins, so it can be read without anything before it. That
holds for encodings in which the byte of a line end is nothing else, and in which no
character depends on those of earlier lines.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kewen.data.lines import (
    MAX_LINE_CHARS,
    known,
    opened,
    refuse_wide,
    wrong_encoding,
)
from kewen.errors import DataError

# Few lines, so that many places of the file meet in a shuffle; few bytes, so that long
# texts take no more memory than short ones.
BLOCK_LINES = 128
BLOCK_BYTES = 1 << 18

_MARK = b"\xef\xbb\xbf"
_LINE_BY_LINE = re.compile(
    r"utf-8(-sig)?|ascii|iso8859-\d+|cp(125\d|437|850|852|866|874|932|949|950)|"
    r"gb18030|gbk|gb2312|big5(hkscs)?|shift_jis|euc_(jp|kr)|koi8-[ru]"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a file."""

    offset: int  # of its first byte
    size: int  # in bytes
    line: int  # the number of its first line, from 1
    crc: int  # CRC-32 of its bytes


def has_blocks(encoding: str) -> bool:
    """Whether each line of such a file can be read without those before it."""
    return _LINE_BY_LINE.fullmatch(known(encoding)) is not None


def blocks_of(
    path: Path, encoding: str, head: bool, digest: Any
) -> Iterator[tuple[Block, bytes]]:
    """The whole file, block by block.

    Args:
        path: not gzipped.
        encoding: one that `has_blocks`.
        head: whether the first line that is not blank is a block of its own.
        digest: of hashlib, told all bytes; complete when the last block was given.

    Raises:
        NotFoundError: if there is no such file.
        DataError: if it is gzipped or UTF-16 by its first bytes, or a line is too long.
    """
    encoding = known(encoding)
    with opened(path) as file:
        refuse_wide(path, file, encoding)
        offset, number = 0, 1
        if encoding == "utf-8-sig" and file.read(len(_MARK)) == _MARK:
            digest.update(_MARK)
            offset = len(_MARK)
        file.seek(offset)
        while lines := _some_lines(path, file, number, 1 if head else BLOCK_LINES):
            content = b"".join(lines)
            digest.update(content)
            yield Block(offset, len(content), number, zlib.crc32(content)), content
            offset += len(content)
            number += len(lines)
            head = head and not content.strip(b"\r\n")


def _some_lines(path: Path, file: BinaryIO, number: int, most: int) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    # No character of these encodings has more than four bytes.
    while len(lines) < most and size < BLOCK_BYTES:
        line = file.readline(4 * MAX_LINE_CHARS)
        if not line:
            break
        if len(line) == 4 * MAX_LINE_CHARS:
            raise _too_long(path, number + len(lines))
        lines.append(line)
        size += len(line)
    return lines


def lines_in(
    path: Path, block: Block, content: bytes, encoding: str
) -> Iterator[tuple[int, str]]:
    """The lines of a block as `numbered_lines` gives them: no ends, no blank ones.

    Raises:
        DataError: if the bytes are not in the encoding, or a line is too long.
    """
    encoding = known(encoding)
    try:
        # The mark of the first block is none of its bytes; a later one is text.
        text = content.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError as error:
        raise wrong_encoding(path, encoding) from error
    for number, line in enumerate(text.split("\n"), block.line):
        if len(line) >= MAX_LINE_CHARS:
            raise _too_long(path, number)
        if line := line.rstrip("\r\n"):
            yield number, line


def read_block(path: Path, block: Block) -> bytes:
    """The bytes of a block.

    Raises:
        NotFoundError: if the file is gone.
        DataError: if they are no longer what they were.
    """
    with opened(path) as file:
        file.seek(block.offset)
        content = file.read(block.size)
    if len(content) != block.size or zlib.crc32(content) != block.crc:
        raise DataError(
            f"{path} must stay as it is while it is being read. Received: other bytes "
            f"than before from line {block.line} on. Begin again with the file as it "
            "now is, or with a copy that nobody writes to."
        )
    return content


def _too_long(path: Path, number: int) -> DataError:
    return DataError(
        f"{path}, line {number} is longer than {MAX_LINE_CHARS} characters, so this "
        "seems to be no file of one example a line."
    )
