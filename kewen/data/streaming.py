"""A file of examples that stays on the disk: indexed once, then read block by block."""

import hashlib
import os
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from kewen.data.bad_rows import BadRow, BadRows
from kewen.data.blocks import Block, blocks_of, has_blocks, lines_in, read_block
from kewen.data.csv_records import Numbered
from kewen.data.example import Example
from kewen.data.readers import (
    Form,
    OnBadRow,
    check_exists,
    check_policy,
    columns_of,
    form_of,
    sift,
)
from kewen.data.rows import Parsed
from kewen.errors import ConfigError, DataError

# From here on a file is streamed unasked.
STREAM_BYTES = 100_000_000

# Beyond this a column holds no classes, and counting it would fill memory.
MOST_LABELS = 1 << 16
MOST_LABEL_CHARS = 1 << 24  # of all labels together


class StreamedExamples:
    """The N examples of a file, of which memory holds the places only.

    What `stream_examples` gives. Iterating reads the file once more, in its order.
    Some forty bytes are kept for each block of 128 lines.

    Attributes:
        path: of the file.
        digest: SHA-256 of its bytes and of how they are read.
        label_counts: how many examples have each label.
    """

    def __init__(self, path: Path, form: Form, encoding: str) -> None:
        self.path = path
        self.digest = ""
        self.label_counts: dict[str, int] = {}
        self._first_lines: dict[str, int] = {}
        self._form = form
        self._encoding = encoding
        self._head: tuple[int, str] | None = None
        self._fields = tuple(array("q") for _ in range(4))  # those of Block
        self._sizes = array("q")

    def __len__(self) -> int:
        """N, bad rows not counted."""
        return sum(self._sizes)

    def __iter__(self) -> Iterator[Example]:
        for number in range(len(self._sizes)):
            yield from self.block(number)

    @property
    def block_sizes(self) -> list[int]:
        """Examples of each block, in the order of the file; at least one."""
        return list(self._sizes)

    @property
    def has_pairs(self) -> bool:
        """Whether each example has a second text."""
        return self._form.has_pairs

    @property
    def one_of_each(self) -> list[Example]:
        """An example without its text for each label, with the line where it is first.

        For a `LabelSet`, to be made of them or to number them.
        """
        return [Example("", label, line=n) for label, n in self._first_lines.items()]

    def block(self, number: int) -> list[Example]:
        """The examples of one block.

        Raises:
            DataError: if the file was changed since it was indexed.
            NotFoundError: if it is gone.
        """
        offset, size, line, crc = (field[number] for field in self._fields)
        place = Block(offset, size, line, crc)
        rows = self._rows(place, read_block(self.path, place))
        return [row for row in rows if isinstance(row, Example)]

    def index(self, on_bad_row: OnBadRow, bad_rows: BadRows | None) -> None:
        """Read the whole file once; `stream_examples` does it."""
        digest = hashlib.sha256()
        chars = 0
        rows = sift(self._all_rows(digest), str(self.path), on_bad_row, bad_rows)
        for example in rows:
            label = example.label
            if label is None:
                continue
            self.label_counts[label] = self.label_counts.get(label, 0) + 1
            if self.label_counts[label] == 1:
                self._first_lines[label] = example.line
                chars += len(label)
                if len(self._first_lines) > MOST_LABELS or chars > MOST_LABEL_CHARS:
                    raise DataError(
                        f"{self.path} must have at most {MOST_LABELS} labels, of "
                        f"{MOST_LABEL_CHARS} characters together. Received: more by "
                        f"line {example.line}, such as {label[:40]!r}. Check that the "
                        "label column is the right one."
                    )
        self.digest = digest.hexdigest()

    def _all_rows(self, digest: Any) -> Parsed:
        wants_head = self._form.header
        for place, content in blocks_of(self.path, self._encoding, wants_head, digest):
            if wants_head:
                head = list(lines_in(self.path, place, content, self._encoding))
                if head:
                    self._head, wants_head = head[0], False
                    yield from self._parsed(iter(()))  # refuses a missing column
                continue
            count = 0
            for row in self._rows(place, content):
                count += isinstance(row, Example)
                yield row
            if count:
                self._sizes.append(count)
                values = (place.offset, place.size, place.line, place.crc)
                for field, value in zip(self._fields, values, strict=True):
                    field.append(value)

    def _rows(self, place: Block, content: bytes) -> Iterator[Example | BadRow]:
        return self._parsed(lines_in(self.path, place, content, self._encoding))

    def _parsed(self, lines: Numbered) -> Parsed:
        return self._form.rows(chain([self._head], lines) if self._head else lines)


def stream_examples(
    path: str | os.PathLike[str],
    *,
    text: str | int = "text",
    label: str | int | None = "label",
    pair: str | int | None = None,
    header: bool | None = None,
    on_bad_row: OnBadRow = "error",
    bad_rows: BadRows | None = None,
    encoding: str = "utf-8",
) -> StreamedExamples:
    """Index a TSV or JSONL file, so that its examples can stay on the disk.

    The file is read once, and each row is looked at as `read_examples` would; what that
    refuses is refused here. Arguments are the same.

    Raises:
        ConfigError: if it is no file that can be read from the middle.
        NotFoundError, DataError: as `read_examples`.
    """
    path = Path(path)
    check_policy(on_bad_row)
    check_exists(path)
    reason = why_not_streamed(path, encoding)
    if reason:
        raise ConfigError(
            "Only a plain .tsv or .jsonl can be read from the middle, as streaming "
            f"does. Received: {path}, {reason}, or read it into memory with "
            "stream=False (--no-stream on the command line)."
        )
    columns = columns_of(text, label, pair)
    streamed = StreamedExamples(path, form_of(path, columns, header), encoding)
    streamed.index(on_bad_row, bad_rows)
    # Read in another way, the same bytes are other examples.
    way = repr((columns, header, on_bad_row, encoding))
    streamed.digest = hashlib.sha256((streamed.digest + way).encode()).hexdigest()
    return streamed


def is_large(path: str | os.PathLike[str], encoding: str = "utf-8") -> bool:
    """Whether a file has more than `STREAM_BYTES`, and can be streamed."""
    path = Path(path)
    if not path.is_file() or path.stat().st_size <= STREAM_BYTES:
        return False
    return why_not_streamed(path, encoding) is None


def why_not_streamed(path: Path, encoding: str) -> str | None:
    """What stands against streaming a file, and what to do; None if nothing."""
    endings = [ending.lower() for ending in path.suffixes]
    if path.is_dir():
        return "a folder. Write its examples into one .jsonl"
    if not path.is_file():
        return "no plain file. Write it to the disk"
    if endings[-1:] == [".gz"]:
        return "which is gzipped. Inflate it with gunzip"
    if endings[-1:] == [".csv"]:
        return "whose records may go over several lines. Write it as .tsv or .jsonl"
    if endings[-1:] not in ([".tsv"], [".tab"], [".jsonl"], [".ndjson"]):
        return "of another kind. Write it as .tsv or .jsonl"
    if not has_blocks(encoding):
        return (
            f"in {encoding}, whose lines cannot be told by their bytes. Convert it "
            f"with: iconv -f {encoding} -t UTF-8"
        )
    return None
