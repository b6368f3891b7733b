"""A corpus as documents, each its words: what `cooccurrence` takes."""

from collections.abc import Iterator

from kewen.errors import KewenError, WorkerError
from kewen.mining.corpus import Corpus, Progress, chunks_of
from kewen.mining.word_cutters import Words, cutter


def documents(
    corpus: Corpus,
    words: Words = "rjieba",
    *,
    punctuation: bool = True,
    text: str | int = "text",
    encoding: str = "utf-8",
    on_progress: Progress | None = None,
) -> Iterator[list[str]]:
    """The words of each text, in order, read as they are asked for.

    Args:
        corpus: a file, a folder, or texts, as for `WordCounter`.
        words: "rjieba", "jieba", "characters", "spaces", or a function from a text to
            its words.
        punctuation: whether words without a letter or digit stay.
        text: column of the text, in files that have columns.
        encoding: of the files.
        on_progress: is told how many bytes were read, and of how many; None where files
            are inflated or have cells, and of texts.

    Raises:
        ConfigError, MissingExtraError: at once, if the words cannot be cut so.
        NotFoundError: at once, if there is no such file or folder.
        DataError: while reading, for a file that is not what its name says.
        WorkerError: if the function for words fails, on a text that it names.
    """
    cut = cutter(words)
    chunks = chunks_of(corpus, text=text, encoding=encoding, on_progress=on_progress)

    def read() -> Iterator[list[str]]:
        for chunk in chunks:
            for index, each in enumerate(chunk.texts()):
                try:
                    tokens = [word for word in cut(each) if not word.isspace()]
                except KewenError:
                    raise
                except Exception as error:
                    raise WorkerError(
                        f"The function for words failed on {chunk.place(index)}: "
                        f"{each[:100]!r}. Received: {type(error).__name__}: {error}. "
                        "Correct it, or take the text out."
                    ) from error
                if not punctuation:
                    tokens = [word for word in tokens if any(map(str.isalnum, word))]
                yield tokens

    return read()
