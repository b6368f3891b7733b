"""A corpus as chunks of some megabytes, each of which another process can read alone.

A corpus is a file, a folder of files, or any iterable of texts. A text is a line that
is not blank, the field `text` of a line of JSON, or a cell of a table. Of plain files
a chunk is only a place: whoever counts it reads it.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from kewen.data import BadRow, read_examples
from kewen.data.blocks import has_blocks
from kewen.data.lines import (
    MAX_LINE_CHARS,
    known,
    opened,
    refuse_wide,
    wrong_encoding,
)
from kewen.data.rows import Columns, jsonl_rows
from kewen.errors import ConfigError, DataError, NotFoundError

CHUNK_BYTES = 1 << 22
ENDINGS = (".txt", ".jsonl", ".tsv", ".csv")  # that are read in a folder, also with .gz
_MARK = b"\xef\xbb\xbf"
_MOST_TEXTS = 1 << 15  # of an iterable that travel together


class Chunk(Protocol):
    """Some texts of a corpus; travels by pickle."""

    def texts(self) -> Sequence[str]:
        """The texts, none blank, without line ends."""
        ...

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        ...


@dataclass(frozen=True)
class Lines:
    """Whole lines of a file."""

    path: Path
    offset: int  # of the first byte, in the inflated file
    size: int
    encoding: str
    column: str | None  # of JSON Lines
    content: bytes | None = None  # where the file cannot be read from the offset on

    @cached_property
    def _rows(self) -> tuple[list[int], list[str]]:
        """Line numbers from 1 within the chunk, and texts."""
        content = self.content
        if content is None:
            with opened(self.path) as file:
                file.seek(self.offset)
                content = file.read(self.size)
        try:
            lines = content.decode(self.encoding).split("\n")
        except UnicodeDecodeError as error:
            raise wrong_encoding(self.path, known(self.encoding)) from error
        numbered = (
            (number, text)
            for number, line in enumerate(lines, 1)
            if not (text := line.rstrip("\r")).isspace() and text
        )
        if self.column is None:
            rows = list(numbered)
            return [number for number, _ in rows], [text for _, text in rows]
        numbers: list[int] = []
        texts: list[str] = []
        for row in jsonl_rows(numbered, Columns(self.column, None, None)):
            if isinstance(row, BadRow):
                line = self._before() + int(row.place.removeprefix("line "))
                raise DataError(
                    f"{self.path} must hold a JSON object with a text in each line. "
                    f"Received: line {line}: {row.reason}. Correct the line, or name "
                    "the field of the text (text=..., --text)."
                )
            numbers.append(row.line or 0)
            texts.append(row.text)
        return numbers, texts

    def texts(self) -> Sequence[str]:
        """The texts, none blank, without line ends."""
        return self._rows[1]

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        return f"{self.path}, line {self._before() + self._rows[0][index]}"

    def _before(self) -> int:
        """How many lines come before; counted only when something is wrong."""
        count, left = 0, self.offset
        with opened(self.path) as file:
            while left and (some := file.read(min(left, CHUNK_BYTES))):
                count += some.count(b"\n")
                left -= len(some)
        return count


@dataclass(frozen=True)
class Texts:
    """Texts that came one by one."""

    source: str  # such as "cell of corpus.csv"
    numbers: Sequence[int]
    content: Sequence[str]

    def texts(self) -> Sequence[str]:
        """The texts, none blank."""
        return self.content

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        return f"{self.source} {self.numbers[index]}"


Corpus = str | os.PathLike[str] | Iterable[str]


def chunks_of(
    corpus: Corpus,
    *,
    text: str | int = "text",
    encoding: str = "utf-8",
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    """All texts of a corpus, in order, as chunks that do not depend on who reads them.

    Args:
        corpus: a file (.jsonl, .tsv and .csv have columns, all others a text a line;
            .gz is inflated), a folder, or an iterable of texts.
        text: the column of the text: a name, or a position from 0 where there is no
            header.
        encoding: of the files.
        chunk_bytes: about how large a chunk is; it ends with a line.

    Raises:
        NotFoundError: at once, if there is no such file or folder.
        ConfigError: at once, for an encoding that Python does not know.
        DataError: while reading, if a file cannot be read as what its name says.
    """
    if isinstance(corpus, str | os.PathLike):
        known(encoding)
        paths = files_of(Path(corpus))
        return (
            chunk
            for path in paths
            for chunk in _of_file(path, text, encoding, chunk_bytes)
        )
    return _of_texts(enumerate(corpus), "text", chunk_bytes)


def files_of(path: Path) -> list[Path]:
    """The file, or those below a folder whose endings are known, in order of names.

    Raises:
        NotFoundError: if nothing is there.
        DataError: if the folder holds no such file.
    """
    if not path.exists():
        raise NotFoundError(
            f"There is no file or folder {path}. Looked in {path.absolute().parent}; "
            "check the spelling and the folder you are in."
        )
    if not path.is_dir():
        return [path]
    found = sorted(
        each
        for each in path.rglob("*")
        if each.name.lower().removesuffix(".gz").endswith(ENDINGS)
        and each.is_file()
        and not each.name.startswith(".")
    )
    if not found:
        raise DataError(
            f"The folder {path} must hold files that end in {', '.join(ENDINGS)}, or "
            "the same with .gz. Received: none. Rename them, or name one file."
        )
    return found


def _of_file(
    path: Path, text: str | int, encoding: str, chunk_bytes: int
) -> Iterator[Chunk]:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending in (".tsv", ".csv"):
        examples = read_examples(path, text=text, label=None, encoding=encoding)
        rows = ((each.line or 0, each.text) for each in examples)
        return _of_texts(rows, f"{path}, line", chunk_bytes)
    if not has_blocks(encoding):
        raise ConfigError(
            f"A corpus of lines must be in an encoding in which each line can be read "
            f"by itself. Received: {encoding} for {path}. Convert it to UTF-8 (iconv)."
        )
    column = str(text) if ending == ".jsonl" else None
    return _of_lines(path, column, encoding, chunk_bytes)


def _of_lines(
    path: Path, column: str | None, encoding: str, chunk_bytes: int
) -> Iterator[Lines]:
    packed = path.suffix.lower() == ".gz"
    try:
        with opened(path) as file:
            refuse_wide(path, file, known(encoding))
            offset = 0
            if known(encoding) == "utf-8-sig" and file.read(len(_MARK)) == _MARK:
                offset = len(_MARK)
            file.seek(offset)
            while True:
                content = None
                if packed:
                    content = file.read(chunk_bytes) + _rest_of_line(path, file)
                    size = len(content)
                else:
                    size = _size(path, file, offset, chunk_bytes)
                if not size:
                    break
                yield Lines(path, offset, size, encoding, column, content)
                offset += size
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} must be a sound gzip file. Received: {error}. Copy or compress it "
            "again."
        ) from error


def _size(path: Path, file: BinaryIO, offset: int, chunk_bytes: int) -> int:
    """How many bytes from the offset on are whole lines, about as many as asked for."""
    end = file.seek(0, os.SEEK_END)
    if end - offset <= chunk_bytes:
        return end - offset
    start = file.seek(offset + chunk_bytes - 1)
    return start - offset + len(_rest_of_line(path, file))


def _rest_of_line(path: Path, file: BinaryIO) -> bytes:
    # No character of these encodings has more than four bytes.
    rest = file.readline(4 * MAX_LINE_CHARS)
    if len(rest) == 4 * MAX_LINE_CHARS:
        raise DataError(
            f"{path} must have lines, a text each. Received: one of more than "
            f"{MAX_LINE_CHARS} characters. Break it into lines."
        )
    return rest


def _of_texts(
    texts: Iterable[tuple[int, str]], source: str, chunk_bytes: int
) -> Iterator[Texts]:
    numbers: list[int] = []
    content: list[str] = []
    size = 0
    for number, text in texts:
        if not isinstance(text, str):
            raise DataError(
                f"A corpus must be a file, a folder or texts. Received: {text!r:.100} "
                f"as {source} {number}. Pass strings."
            )
        if not text or text.isspace():
            continue
        numbers.append(number)
        content.append(text)
        size += 3 * len(text)
        if size >= chunk_bytes or len(content) == _MOST_TEXTS:
            yield Texts(source, numbers, content)
            numbers, content, size = [], [], 0
    if content:
        yield Texts(source, numbers, content)
