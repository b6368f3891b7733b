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

from kewen.data import BadRow, Example
from kewen.data.blocks import has_blocks
from kewen.data.lines import (
    MAX_LINE_CHARS,
    known,
    numbered_lines,
    opened,
    raw_lines,
    refuse_wide,
    wrong_encoding,
)
from kewen.data.readers import columns_of, form_of
from kewen.data.rows import EMPTY, Columns, jsonl_rows
from kewen.errors import DataError, NotFoundError

# Large chunks share their words: fewer counts to add up. Small ones, towards the end,
# keep all workers busy until it. Both depend on the corpus only.
MOST_BYTES, FEWEST_BYTES = 1 << 23, 1 << 19
SHARE = 4  # of what is left is a chunk
STREAM_BYTES = 1 << 22  # of a chunk of what has no size
TABLES, JSON_LINES = (".tsv", ".tab", ".csv"), (".jsonl", ".ndjson")
ENDINGS = (".txt", *JSON_LINES, *TABLES)  # that are read in a folder, also with .gz
_MARK = b"\xef\xbb\xbf"
_MOST_TEXTS = 1 << 15  # of an iterable that travel together


class Chunk(Protocol):
    """Some texts of a corpus; travels by pickle."""

    @property
    def size(self) -> int:
        """About how many bytes."""
        ...

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
        rows = jsonl_rows(numbered, Columns(column, None, None))
        return list(_filled(self.path, rows, self._before))

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

    @property
    def size(self) -> int:
        """About how many bytes."""
        return sum(part.size for part in self.parts)

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
Progress = Callable[[int, int | None], object]


def chunks_of(
    corpus: Corpus,
    *,
    text: str | int = "text",
    encoding: str = "utf-8",
    chunk_bytes: int | None = None,
    most_bytes: int = MOST_BYTES,
    on_progress: Progress | None = None,
) -> Iterator[Chunk]:
    """All texts of a corpus, in order, as chunks that do not depend on who reads them.

    Args:
        corpus: a file (.jsonl, .tsv and .csv have columns, all others a text a line;
            .gz is inflated), a folder, or an iterable of texts. Blank ones are none.
        text: the column of the text: a name, or a position from 0 where there is no
            header.
        encoding: of the files.
        chunk_bytes: about how large a chunk is, which ends with a line; None chooses.
        most_bytes: how large a chunk is that was chosen, at most.
        on_progress: is told how many bytes were taken when the next chunk is asked for,
            and of how many; None where files are inflated or have cells, and of texts.

    Raises:
        NotFoundError: at once, if there is no such file or folder.
        ConfigError: at once, for an encoding that Python does not know.
        DataError: while reading, if a file cannot be read as what its name says.
    """
    if isinstance(corpus, str | os.PathLike):
        known(encoding)
        files = files_of(Path(corpus))
        chunks = _of_files(files, text, encoding, chunk_bytes, most_bytes)
        total = _bytes_of_lines(files, encoding)
    elif not isinstance(corpus, Iterable):
        raise DataError(
            "A corpus must be a file, a folder or texts. Received: "
            f"{corpus!r:.100}. Pass a path, or a list of strings."
        )
    else:
        chunks = _of_texts(enumerate(corpus), "text", chunk_bytes or STREAM_BYTES)
        total = None
    return chunks if on_progress is None else _told(chunks, total, on_progress)


def _told(
    chunks: Iterator[Chunk], total: int | None, on_progress: Progress
) -> Iterator[Chunk]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += chunk.size
        on_progress(done, total)


def _bytes_of_lines(paths: Sequence[Path], encoding: str) -> int | None:
    """Of all files together, if chunks are places in them."""
    otherwise = (".gz", *TABLES)
    if not has_blocks(encoding) or any(p.suffix.lower() in otherwise for p in paths):
        return None
    return sum(path.stat().st_size for path in paths)


def files_of(path: Path) -> list[Path]:
    """The file, or those below a folder whose endings are known, in order of names.

    Links are followed, each folder is gone into once.

    Raises:
        NotFoundError: if nothing is there.
        DataError: if the folder holds no such file, or one that cannot be read.
    """
    if not path.exists():
        raise NotFoundError(
            f"There is no file or folder {path}. Looked in {path.absolute().parent}; "
            "check the spelling and the folder you are in."
        )
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(
            f"{path} must be a file or a folder, for several processes read it in "
            "several places. Received: a pipe or a device. Write it to a file first."
        )
    found = sorted(
        Path(folder, name)
        for folder, names in _folders(path)
        for name in names
        if name.lower().removesuffix(".gz").endswith(ENDINGS)
        and not name.startswith(".")
    )
    for each in found:
        if not each.is_file():  # what is left out in silence would be missing
            raise DataError(
                f"{each} must be a file. Received: a link to nothing, a pipe or a "
                "device. Remove it, or name it differently."
            )
    if not found:
        raise DataError(
            f"The folder {path} must hold files that end in {', '.join(ENDINGS)}, or "
            "the same with .gz. Received: none. Rename them, or name one file."
        )
    return found


def _folders(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder and the names of its files; one that two links lead to once only."""
    seen: set[str] = set()
    for folder, below, names in os.walk(path, onerror=_unlisted, followlinks=True):
        below.sort()  # so that the same link is followed each time
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        yield folder, names


def _unlisted(error: OSError) -> None:
    raise DataError(
        f"The folder {error.filename} cannot be read. Received from the system: "
        f"{error.strerror}. Check your rights on it, or move it out of the corpus."
    ) from error


def _of_files(
    paths: Sequence[Path],
    text: str | int,
    encoding: str,
    chunk_bytes: int | None,
    most_bytes: int,
) -> Iterator[Chunk]:
    left = sum(path.stat().st_size for path in paths)

    def aim() -> int:
        return chunk_bytes or max(FEWEST_BYTES, min(most_bytes, left // SHARE))

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
    is_json = ending in JSON_LINES
    if has_blocks(encoding) and ending not in TABLES:
        return _of_lines(path, str(text) if is_json else None, encoding, aim)
    rows = numbered_lines(path, encoding)
    if is_json:
        columns = Columns(str(text), None, None)
        rows = _filled(path, jsonl_rows(rows, columns))
    elif ending in TABLES:
        columns = columns_of(text, None, None)
        form = form_of(path, columns, None)
        lines = raw_lines if form.ending == ".csv" else numbered_lines
        rows = _filled(path, form.rows(lines(path, encoding)))
    return _of_texts(rows, f"{path}, line", min(aim(), STREAM_BYTES))


def _filled(
    path: Path, rows: Iterable[Example | BadRow], before: Callable[[], int] = int
) -> Iterator[tuple[int, str]]:
    """Line numbers and texts of the rows that have one.

    Args:
        path: of the file.
        rows: of a part of it.
        before: how many lines come before that part.
    """
    for row in rows:
        if isinstance(row, Example):
            yield row.line, row.text
        elif row.reason != EMPTY:
            line = before() + int(row.place.removeprefix("line "))
            raise DataError(
                f"{path} must hold a text in each row. Received: line {line}: "
                f"{row.reason}. Correct the line, or name the column of the text "
                "(text=..., --text)."
            )


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
        try:
            size += len(text.encode())
        except UnicodeEncodeError as error:
            raise DataError(
                f"A text must be whole characters. Received: half of a surrogate pair "
                f"at {error.start} of {source} {number}. Mend the text."
            ) from error
        numbers.append(number)
        content.append(text)
        if size >= chunk_bytes or len(content) == _MOST_TEXTS:
            yield Texts(source, numbers, content, size)
            numbers, content, size = [], [], 0
    if content:
        yield Texts(source, numbers, content, size)
