"""Tokenizing Chinese text: kewen's fast path and the `tokenizers` library.

The texts are those of a file, one a line: reviews, say. They are tokenized as they are,
in one batch, and joined to documents of 100,000 characters, one by one. The vocabulary
has the file's own characters, as a BERT for that language would. Both sides give ids
and offsets, and these are compared.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Subject, common_arguments, measure, publish, speed_table

DOCUMENT = 100_000  # characters
MOST_DOCUMENTS = 5
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LATIN = "abcdefghijklmnopqrstuvwxyz0123456789"


def texts_of(path: str, form: str) -> list[str]:
    """The file's lines, or "documents" of them."""
    lines = [line for line in Path(path).read_text("utf-8").splitlines() if line]
    if form == "lines":
        return lines
    joined = "".join(lines)
    starts = range(0, min(len(joined), MOST_DOCUMENTS * DOCUMENT), DOCUMENT)
    return [joined[start : start + DOCUMENT] for start in starts]


def vocabulary_of(texts: list[str]) -> list[str]:
    """Special tokens, every character, and Latin ones within words."""
    characters = sorted({each for text in texts for each in text.lower()} - {" "})
    pieces = [*SPECIAL, *characters, *LATIN, *(f"##{each}" for each in LATIN)]
    return list(dict.fromkeys(piece for piece in pieces if piece.strip()))


def library_run(path: str, form: str) -> Callable[[], Any]:
    """BERT's tokenizer as the library ships it."""
    import tokenizers
    from tokenizers import models, normalizers, pre_tokenizers

    texts = texts_of(path, form)
    rows = {token: number for number, token in enumerate(vocabulary_of(texts))}
    library = tokenizers.Tokenizer(models.WordPiece(rows, unk_token="[UNK]"))
    library.normalizer = normalizers.BertNormalizer()
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def run() -> str:
        if form == "lines":
            encodings = library.encode_batch(texts)
        else:
            encodings = [library.encode(text) for text in texts]
        return digest([(each.ids, each.offsets) for each in encodings])

    return run


def kewen_run(path: str, form: str) -> Callable[[], Any]:
    """The tokenizer that kewen makes of the same vocabulary."""
    import tempfile

    from kewen.text import Tokenizer

    texts = texts_of(path, form)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "vocab.txt")
        file.write_text("\n".join(vocabulary_of(texts)) + "\n", "utf-8")
        tokenizer = Tokenizer.from_file(file)

    def run() -> str:
        if form == "lines":
            rows = tokenizer.encode_many(texts)
        else:
            rows = [tokenizer(text) for text in texts]
        # Without [CLS] and [SEP], which the library's side does not add.
        return digest([(r["token_ids"][1:-1], r["offsets"][1:-1]) for r in rows])

    return run


def digest(rows: list[tuple[Any, Any]]) -> str:
    """Of the last row only: comparing all would be most of the time."""
    ids, offsets = (np.asarray(each, np.int32) for each in rows[-1])
    return hashlib.sha256(ids.tobytes() + offsets.tobytes()).hexdigest()


def main() -> None:
    """Measure and publish."""
    parser = common_arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("texts", help="UTF-8 file, a text a line")
    options = parser.parse_args()
    tables = []
    for form, name in (("documents", "one by one"), ("lines", "in one batch")):
        texts = texts_of(options.texts, form)
        size = sum(len(text.encode()) for text in texts) / 1e6
        timings = measure(
            [
                Subject("kewen", kewen_run, (options.texts, form)),
                Subject("tokenizers", library_run, (options.texts, form)),
            ],
            repeats=options.repeats,
            warmup=options.warmup,
        )
        if len({timing.answer for timing in timings}) > 1:
            raise SystemExit("The two sides gave different tokens.")
        tables.append(f"{len(texts)} {form}, {size:.2f} MB, {name}")
        tables.append(speed_table(timings, size, "MB"))
    publish(
        "chinese_tokenizing",
        "Tokenizing Chinese text",
        "\n".join(tables),
        write=options.write,
    )


if __name__ == "__main__":
    main()
