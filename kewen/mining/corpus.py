"""A corpus as chunks of some megabytes, each of which another process can read alone.

A corpus is a file, a folder of files, or any iterable of texts. A text is a line that
is not blank, the field `text` of a line of JSON, or a cell of a table. Of plain files
a chunk is only a place: whoever counts it reads it.
"""

import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
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

# Large chunks share their words: fewer counts to add up. Small ones, towards the end,
# keep all workers busy until it. Both depend on the corpus only.
MOST_BYTES, FEWEST_BYTES = 1 << 24, 1 << 19
SHARE = 4  # of what is left is a chunk
STREAM_BYTES = 1 << 22  # of a chunk of what has no size
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

    def texts(self) -> Sequence[str]:
        """The texts, none blank, without line ends."""
        if self.column is not None:
            return [text for _, text in self._fields(self.column)]
        # What most of all lines go through, so no function is called for each.
        return [line for line in self._lines() if line and not line.isspace()]

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        if self.column is not None:
            number = self._fields(self.column)[index][0]
        else:
            lines = enumerate(self._lines(), 1)
            kept = (number for number, line in lines if line.strip())
            number = next(islice(kept, index, None))
        return f"{self.path}, line {self._before() + number}"

    def _lines(self) -> list[str]:
        content = self.content
        if content is None:
            with opened(self.path) as file:
                file.seek(self.offset)
                content = file.read(self.size)
        try:
            lines = content.decode(self.encoding).split("\n")
        except UnicodeDecodeError as error:
            raise wrong_encoding(self.path, known(self.encoding)) from error
        if b"\r" in content:
            lines = [line.rstrip("\r") for line in lines]
        return lines

    def _fields(self, column: str) -> list[tuple[int, str]]:
        """Line numbers within the chunk, and the texts in these lines of JSON."""
        numbered = ((n, line) for n, line in enumerate(self._lines(), 1) if line)
        rows: list[tuple[int, str]] = []
        for row in jsonl_rows(numbered, Columns(column, None, None)):
            if isinstance(row, BadRow):
                line = self._before() + int(row.place.removeprefix("line "))
                raise DataError(
                    f"{self.path} must hold a JSON object with a text in each line. "
                    f"Received: line {line}: {row.reason}. Correct the line, or name "
                    "the field of the text (text=..., --text)."
                )
            rows.append((row.line or 0, row.text))
        return rows

    def _before(self) -> int:
        """How many lines come before; counted only when something is wrong."""
        count, left = 0, self.offset
        with opened(self.path) as file:
            while left and (some := file.read(min(left, STREAM_BYTES))):
                count += some.count(b"\n")
                left -= len(some)
        return count


@dataclass(frozen=True)
class Texts:
    """Texts that came one by one."""

    source: str  # such as "cell of corpus.csv"
    numbers: Sequence[int]
    content: Sequence[str]
    size: int  # about how many bytes

    def texts(self) -> Sequence[str]:
        """The texts, none blank."""
        return self.content

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        return f"{self.source} {self.numbers[index]}"


@dataclass(frozen=True)
class Several:
    """Chunks that travel together, such as small files."""

    parts: Sequence[Lines | Texts]

    def texts(self) -> Sequence[str]:
        """The texts of all."""
        return [text for part in self.parts for text in part.texts()]

    def place(self, index: int) -> str:
        """Where the text of this index stands, for a message."""
        for part in self.parts:
            if index < len(part.texts()):
                return part.place(index)
            index -= len(part.texts())
        raise IndexError(index)


Corpus = str | os.PathLike[str] | Iterable[str]


def chunks_of(
    corpus: Corpus,
    *,
    text: str | int = "text",
    encoding: str = "utf-8",
    chunk_bytes: int | None = None,
) -> Iterator[Chunk]:
    """All texts of a corpus, in order, as chunks that do not depend on who reads them.

    Args:
        corpus: a file (.jsonl, .tsv and .csv have columns, all others a text a line;
            .gz is inflated), a folder, or an iterable of texts.
        text: the column of the text: a name, or a position from 0 where there is no
            header.
        encoding: of the files.
        chunk_bytes: about how large a chunk is, which ends with a line; None chooses.

    Raises:
        NotFoundError: at once, if there is no such file or folder.
        ConfigError: at once, for an encoding that Python does not know.
        DataError: while reading, if a file cannot be read as what its name says.
    """
    if isinstance(corpus, str | os.PathLike):
        known(encoding)
        return _of_files(files_of(Path(corpus)), text, encoding, chunk_bytes)
    return _of_texts(enumerate(corpus), "text", chunk_bytes or STREAM_BYTES)


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


def _of_files(
    paths: Sequence[Path], text: str | int, encoding: str, chunk_bytes: int | None
) -> Iterator[Chunk]:
    left = sum(path.stat().st_size for path in paths)

    def aim() -> int:
        return chunk_bytes or max(FEWEST_BYTES, min(MOST_BYTES, left // SHARE))

    together: list[Lines | Texts] = []
    size = 0
    for path in paths:
        for part in _of_file(path, text, encoding, aim):
            if together and size + part.size > aim():
                yield _as_one(together)
                left -= size
                together, size = [], 0
            together.append(part)
            size += part.size
    if together:
        yield _as_one(together)


def _as_one(parts: Sequence[Lines | Texts]) -> Chunk:
    return parts[0] if len(parts) == 1 else Several(tuple(parts))


def _of_file(
    path: Path, text: str | int, encoding: str, aim: Callable[[], int]
) -> Iterator[Lines | Texts]:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending in (".tsv", ".csv"):
        examples = read_examples(path, text=text, label=None, encoding=encoding)
        rows = ((each.line or 0, each.text) for each in examples)
        return _of_texts(rows, f"{path}, line", min(aim(), STREAM_BYTES))
    if not has_blocks(encoding):
        raise ConfigError(
            f"A corpus of lines must be in an encoding in which each line can be read "
            f"by itself. Received: {encoding} for {path}. Convert it to UTF-8 (iconv)."
        )
    column = str(text) if ending == ".jsonl" else None
    return _of_lines(path, column, encoding, aim)


def _of_lines(
    path: Path, column: str | None, encoding: str, aim: Callable[[], int]
) -> Iterator[Lines]:
    packed = path.suffix.lower() == ".gz"
    try:
        with opened(path) as file:
            refuse_wide(path, file, known(encoding))
            offset = 0
            if known(encoding) == "utf-8-sig":  # a mark later on is text
                encoding = "utf-8"
                offset = len(_MARK) if file.read(len(_MARK)) == _MARK else 0
            file.seek(offset)
            while True:
                content = None
                if packed:
                    some = file.read(min(aim(), STREAM_BYTES))
                    content = some + _rest_of_line(path, file)
                    size = len(content)
                else:
                    size = _size(path, file, offset, aim())
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
            yield Texts(source, numbers, content, size)
            numbers, content, size = [], [], 0
    if content:
        yield Texts(source, numbers, content, size)
