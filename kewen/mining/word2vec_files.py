"""word2vec's two formats, which gensim, fastText and most releases of vectors use.

Both begin with a line `V C`. In the text format a line is a word and C numbers; in the
binary one a word ends with a space and C little-endian float32 follow. A word with a
space in it can be read from a text file, since the numbers are counted from the right;
in a binary file nothing could tell it from two.

A file is a stranger's: what its first line says is compared with its size before any
memory is taken, and a word has at most `WORD_BYTES`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError, NotFoundError
from kewen.files import atomic_write, open_regular
from kewen.mining.stored_words import half_character
from kewen.mining.word_vectors import WordVectors
from kewen.visible import visible

WORD_BYTES = 1 << 12
HEADER_BYTES = 64
NUMBER_BYTES = 64  # of one number in a text file, at most
FLOAT_BYTES = 4
FASTTEXT = (793_712_314).to_bytes(4, "little")  # how its models begin
SPACES = " \t\n\v\f\r\u0085\u2028\u2029\u3000\xa0"


def read_word2vec(
    path: str | os.PathLike[str], *, binary: bool | None = None, errors: str = "strict"
) -> WordVectors:
    """Read vectors from a file in word2vec's text or binary format.

    Args:
        path: the file.
        binary: the format; None takes it from the name, binary where it ends in `.bin`.
        errors: what to do with bytes that are not UTF-8 (some old files cut words in
            the middle of a character) and with words that occur again: "strict" refuses
            the file, "replace" puts U+FFFD for bytes and keeps the first of each word.

    Raises:
        NotFoundError: if there is no such file.
        DataError: for a file that is truncated, goes on, repeats words, or whose
            header, words or numbers cannot be, or that memory does not hold.
    """
    if errors not in ("strict", "replace"):
        raise ConfigError(f'errors is "strict" or "replace". Received: {errors!r}.')
    path = Path(path)
    if binary is None:
        binary = path.suffix == ".bin"
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        number, dim = _header(path, file)
        least = dim * FLOAT_BYTES + 2 if binary else 2 * dim + 2
        # The last line of a text may lack its end.
        if number * least - 1 > size - file.tell():
            raise DataError(
                f"{path} must hold {number} vectors of {dim} numbers, as its first "
                f"line says, in at least {number * least} bytes. Received: "
                f"{size - file.tell()} bytes. It is truncated, or its format is the "
                f"other one (binary={not binary})."
            )
        vectors = _room(path, number, dim)
        read = _read_binary if binary else _read_text
        words = read(path, file, vectors)
        if file.read(HEADER_BYTES).strip():
            raise DataError(
                f"{path} must end after {number} vectors, as its first line says. "
                "Received: more. The file is corrupt, or its format is the other one."
            )
    decoded = [_decoded(path, word, errors) for word in words]
    first = {word: n for n, word in reversed([*enumerate(decoded)])}
    if len(first) == len(decoded):
        return WordVectors(decoded, vectors)
    if errors == "strict":
        twice = next(word for n, word in enumerate(decoded) if first[word] < n)
        raise DataError(
            f"The words of {path} must differ. Received: {twice!r} more than once. "
            'errors="replace" keeps the first of each.'
        )
    rows = sorted(first.values())
    return WordVectors([decoded[row] for row in rows], vectors[rows])


def write_word2vec(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    *,
    binary: bool | None = None,
    replace_spaces: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write vectors as float32 in word2vec's text or binary format.

    Args:
        vectors: to write; text keeps the nine digits that give float32 back.
        path: the file.
        binary: the format; None takes it from the name, binary where it ends in `.bin`.
        replace_spaces: written in place of a space in a word, such as "_". Without it a
            word with one is a DataError, since other programs could not read it.
        overwrite: whether the file may exist already.
    """
    path = Path(path)
    if binary is None:
        binary = path.suffix == ".bin"
    if replace_spaces is not None and (not replace_spaces or _spaced(replace_spaces)):
        raise ConfigError(
            "replace_spaces must be characters other than spaces. "
            f"Received: {replace_spaces!r}."
        )
    words = writable(vectors.words, replace_spaces)
    table = vectors.vectors.astype("<f4")
    with atomic_write(path, overwrite=overwrite) as file:
        file.write(f"{len(words)} {vectors.dim}\n".encode())
        for word, row in zip(words, table, strict=True):
            if binary:
                file.write(word.encode() + b" " + row.tobytes() + b"\n")
            else:
                numbers = " ".join(f"{number:.9g}" for number in row.tolist())
                file.write(f"{word} {numbers}\n".encode())


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no file {path}. Looked in {path.absolute().parent}."
        ) from error
    except OSError as error:
        raise DataError(
            f"{path} must be a file of word vectors. Received from the system: "
            f"{error.strerror}."
        ) from error


def _header(path: Path, file: BinaryIO) -> tuple[int, int]:
    line = file.readline(HEADER_BYTES)
    if line.startswith(FASTTEXT):
        raise DataError(
            f"{path} must be in word2vec's format. Received: a model of fastText, "
            "which holds more than vectors. Take its file that ends in .vec."
        )
    parts = line.split()
    sound = line.endswith(b"\n") and len(parts) == 2 and all(map(bytes.isdigit, parts))
    if not sound or int(parts[0]) == 0 or int(parts[1]) == 0:
        raise DataError(
            f"The first line of {path} must be how many words there are and of how "
            f"many numbers, such as `1000 128`. Received: {_shown(line)}. GloVe's own "
            "files lack that line: add it."
        )
    return int(parts[0]), int(parts[1])


def _room(path: Path, number: int, dim: int) -> NDArray[np.float32]:
    """Where the vectors go. A file with holes can be larger than its disk."""
    try:
        return np.empty((number, dim), np.float32)
    except MemoryError as error:
        raise DataError(
            f"The {number} vectors of {dim} numbers of {path} must fit in memory. "
            f"Received: {number * dim * FLOAT_BYTES} bytes."
        ) from error


def _read_binary(
    path: Path, file: BinaryIO, vectors: NDArray[np.float32]
) -> list[bytes]:
    row_bytes = vectors.shape[1] * FLOAT_BYTES
    words: list[bytes] = []
    for number in range(len(vectors)):
        start = file.tell()
        # A line end behind a vector is usual and not always there.
        found = file.read(WORD_BYTES)
        word, space, _ = found.lstrip(b"\n").partition(b" ")
        if not space or not word:
            raise DataError(
                f"Word {number + 1} of {path} must have 1 to {WORD_BYTES} bytes and "
                f"end with a space. Received: {_shown(found)}. The file is truncated, "
                "corrupt, or in the text format (binary=False)."
            )
        words.append(word)
        file.seek(start + found.index(word) + len(word) + 1)
        data = file.read(row_bytes)
        if len(data) < row_bytes:
            raise DataError(
                f"The vector of word {number + 1} of {path} must take {row_bytes} "
                f"bytes. Received: {len(data)}. The file is truncated."
            )
        vectors[number] = np.frombuffer(data, "<f4")
    return words


def _read_text(path: Path, file: BinaryIO, vectors: NDArray[np.float32]) -> list[bytes]:
    dim = vectors.shape[1]
    longest = WORD_BYTES + dim * NUMBER_BYTES
    words: list[bytes] = []
    for number in range(len(vectors)):
        line = file.readline(longest)
        word, *numbers = line.rstrip(b"\r\n ").rsplit(b" ", dim)
        try:
            if len(numbers) != dim or not word or len(word) > WORD_BYTES:
                raise ValueError(f"{len(numbers)} numbers behind a word")
            with np.errstate(over="ignore"):  # infinite ones are refused later
                vectors[number] = [float(each) for each in numbers]
        except ValueError as error:
            raise DataError(
                f"Line {number + 2} of {path} must be a word and {dim} numbers. "
                f"Received: {_shown(line)} ({visible(str(error))[:80]}). The file is "
                "truncated, corrupt, or in the binary format (binary=True)."
            ) from error
        words.append(word)
    return words


def _decoded(path: Path, word: bytes, errors: str) -> str:
    try:
        return word.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise DataError(
            f"The words of {path} must be UTF-8. Received: {_shown(word)}. "
            'errors="replace" reads it nevertheless.'
        ) from error


def writable(words: Sequence[str], replace_spaces: str | None) -> list[str]:
    """The words as word2vec's formats write them.

    Raises:
        DataError: if one cannot be written, or two are the same then.
    """
    written = [_writable(word, replace_spaces) for word in words]
    if len(set(written)) < len(written):
        raise DataError(
            "Words must still differ when their spaces are replaced. Received: two "
            f"that do not. Choose something else than {replace_spaces!r}."
        )
    return written


def _writable(word: str, replacement: str | None) -> str:
    if replacement is not None:
        for space in SPACES:
            word = word.replace(space, replacement)
    if not word or _spaced(word):
        raise DataError(
            f"A word of word2vec's formats must not be empty or hold spaces. Received: "
            f"{word!r}. Give replace_spaces, or save as .npz or .safetensors."
        )
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise half_character(error) from error
    return word


def _spaced(word: str) -> bool:
    return any(space in word for space in SPACES)


def _shown(data: bytes) -> str:
    return visible(repr(data[:40]))
