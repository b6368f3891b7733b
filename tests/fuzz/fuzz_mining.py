"""The rows of the table for files of word vectors and of counts."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import fuzz_formats as formats
import numpy as np
from fuzz_readers import Reader

from kewen.mining import (
    Cooccurrence,
    PMIWordVectors,
    WordVectors,
    cooccurrence,
    read_word2vec,
    write_word2vec,
)

TEXTS = [["今天", "天气", "好"], ["天气", "不错", "New York"]] * 3


def written(name: str, write: Callable[[Path], None]) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return {name: path.read_bytes()}


def asked(vectors: WordVectors) -> None:
    """Every number is used."""
    word = vectors.words[0]
    assert np.isfinite(vectors.norms).all()
    for ranked in (
        vectors.most_related(word),
        vectors.most_similar(word),
        vectors.analogy([word]),
        vectors.keywords(vectors.words),
    ):
        assert all(np.isfinite(score) for _, score in ranked)


def learned(counts: Cooccurrence) -> None:
    PMIWordVectors(2, epochs=1, compiled=False).fit(counts)


def mining_rows() -> list[Reader]:
    generator = np.random.default_rng(0)
    words = [f"词{i}" for i in range(20)]
    table = generator.standard_normal((20, 5)).astype(np.float32)
    vectors = WordVectors(words, table, np.arange(20, 0, -1))
    counts = cooccurrence(TEXTS, min_count=1)
    word2vec = {
        name: written(name, lambda path: write_word2vec(vectors, path))
        for name in ("v.txt", "v.bin")
    }
    return [
        *(
            Reader(
                name=f"word2vec {name}",
                files=files,
                read=lambda folder, name=name: asked(read_word2vec(folder / name)),
                spoil={name: ()},
                share=30,
            )
            for name, files in word2vec.items()
        ),
        Reader(
            name="word vectors",
            files=written("v.npz", vectors.save),
            read=lambda folder: asked(WordVectors.load(folder / "v.npz")),
            spoil={"v.npz": (formats.spoil_zip,)},
            share=20,
        ),
        Reader(
            name="word vectors in safetensors",
            files=written("v.safetensors", vectors.save),
            read=lambda folder: asked(WordVectors.load(folder / "v.safetensors")),
            spoil={"v.safetensors": (formats.spoil_safetensors,)},
            share=20,
        ),
        Reader(
            name="counts of pairs",
            files=written("c.npz", counts.save),
            read=lambda folder: learned(Cooccurrence.load(folder / "c.npz")),
            spoil={"c.npz": (formats.spoil_zip,)},
            share=20,
        ),
    ]
