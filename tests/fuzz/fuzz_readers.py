"""The table of everything that reads a file which may come from a stranger.

A new reader is one row: sound files, which of them are spoiled and how, and a function
that opens the folder and reads all of it. Rooms that need Keras are imported late.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import fuzz_formats as formats
import numpy as np
from fuzz_bytes import spoil_bytes
from fuzz_sound_files import (
    ARRAYS,
    CONFIG,
    CSV,
    JSONL,
    MANIFEST,
    TRACED,
    TSV,
    VOCABULARY,
    gguf,
    golden,
    keras_archive,
    npz,
    small_model,
    tokenizer_json,
)
from fuzz_tokenizers import byte_pairs, sentence_piece

from kewen.checkpoints import NpzFile, TFBundle, open_checkpoint
from kewen.checkpoints.checkpoint import TEXT, Checkpoint
from kewen.data.readers import read_examples
from kewen.files import Rotation
from kewen.text import Tokenizer

Spoil = Callable[[Random, bytes], bytes]
Values = dict[str, tuple[Any, ...]]  # tensor -> shape, dtype, checksum of its bytes


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One row.

    Attributes:
        name: of the row; a case is a name and a number.
        files: a sound folder, name -> content.
        read: opens and reads everything; checkpoints give their values.
        spoil: names of files -> how to spoil them besides byte by byte.
        share: cases of this row, of a thousand in all.
        checksums: whether the format can tell that any byte of a value is another.
        seconds: processor time that a case may take.
    """

    name: str
    files: Mapping[str, bytes]
    read: Callable[[Path], Values | None]
    spoil: Mapping[str, tuple[Spoil, ...]]
    share: int
    checksums: bool = False
    seconds: float = 5.0


def case(reader: Reader, number: int) -> tuple[str, bytes, bool]:
    """The file that a case spoils, its content, and whether checksums tell of it."""
    rng = Random(f"{reader.name}:{number}")
    target = rng.choice(list(reader.spoil))
    others = reader.spoil[target]
    data = reader.files[target]
    if others and rng.random() < 0.6:
        return target, rng.choice(others)(rng, data), False
    return target, spoil_bytes(rng, data), True


def values(checkpoint: Checkpoint) -> Values:
    found: Values = {}
    for name in checkpoint:
        info = checkpoint.info(name)
        if info.dtype == TEXT:
            continue
        array = checkpoint[name]
        assert array.shape == info.shape and array.dtype == info.dtype
        crc = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        found[name] = (array.shape, str(array.dtype), crc)
    return found


def weights(name: str = "") -> Callable[[Path], Values]:
    def read(folder: Path) -> Values:
        with open_checkpoint(folder / name) as checkpoint:
            return values(checkpoint)

    return read


def read_npz(folder: Path) -> Values:
    with NpzFile(folder / "x.npz") as checkpoint:
        return values(checkpoint)


def read_bundle(folder: Path) -> Values:
    with TFBundle(folder / "bert_model.ckpt") as checkpoint:
        return values(checkpoint)


def tokenize(folder: Path) -> None:
    tokenizer = Tokenizer.from_folder(folder)
    row = tokenizer("今天天气真不错 Hello, wörld!", "b" * 300, max_length=32)
    tokenizer.decode(row["token_ids"])
    tokenizer.encode_many(["", "𝔘 ﬁ ẞ\u0301"], max_length=8)


def edit_vocabulary(folder: Path) -> None:
    tokenizer = Tokenizer.from_folder(folder)
    cut, sources = tokenizer.trim("reachable")
    assert len(sources) == cut.vocabulary_size
    cut.compound({"今天": None})


def examples(name: str, **columns: Any) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        for example in read_examples(folder / name, on_bad_row="skip", **columns):
            assert example.text.strip()

    return read


def read_manifest(folder: Path) -> None:
    rotation = Rotation(folder, keep=2)
    assert rotation.latest is None or rotation.latest.parent == folder
    for name in rotation.names:
        assert (folder / name).parent == folder


def load_model(folder: Path) -> None:
    import kewen

    kewen.load(folder)


def load_keras(folder: Path) -> None:
    import kewen

    kewen.load(folder / "model.keras")


def load_task(folder: Path) -> None:
    import kewen

    kewen.load_task(folder)


def read_trace_inputs(folder: Path) -> None:
    from kewen.cli.arrays import read_arrays
    from kewen.models.trace import _checked

    _checked(read_arrays("--inputs", folder / "in.npz"))


JSON = (formats.spoil_json,)
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
INDEX = "model.safetensors.index.json"
CKPT_INDEX, CKPT_DATA = "bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001"
KEWEN = {"family": "bert", "application": "encoder", "task": "classify"}
KEWEN |= {"labels": ["a", "b", "c"], "max_length": 32, "config": {"num_labels": 3}}


def light_rows() -> list[Reader]:
    """Readers that know NumPy and no Keras."""
    return [
        Reader(
            name="safetensors",
            files=golden("huggingface/bert_model", "model.safetensors"),
            read=weights("model.safetensors"),
            spoil={"model.safetensors": (formats.spoil_safetensors,)},
            share=90,
        ),
        Reader(
            name="sharded index",
            files=golden("huggingface/bert_sharded", INDEX, *SHARDS),
            read=weights(),
            spoil={INDEX: JSON, SHARDS[1]: (formats.spoil_safetensors,)},
            share=70,
        ),
        Reader(
            name="GGUF",
            files={"x.gguf": gguf()},
            read=weights("x.gguf"),
            spoil={"x.gguf": ()},
            share=60,
        ),
        Reader(
            name="torch zip",
            files=golden("huggingface/bert_bin_zip", "pytorch_model.bin"),
            read=weights("pytorch_model.bin"),
            spoil={"pytorch_model.bin": (formats.spoil_torch_zip,)},
            share=110,
            checksums=True,
        ),
        Reader(
            name="torch legacy",
            files=golden("huggingface/bert_bin_legacy", "pytorch_model.bin"),
            read=weights("pytorch_model.bin"),
            spoil={"pytorch_model.bin": (formats.spoil_torch_legacy,)},
            share=110,
        ),
        Reader(
            name="TensorFlow bundle",
            files=golden("bert4keras/bert_plain", CKPT_INDEX, CKPT_DATA),
            read=read_bundle,
            spoil={CKPT_INDEX: (formats.spoil_table,), CKPT_DATA: ()},
            share=110,
            checksums=True,
        ),
        Reader(
            name="npz",
            files={"x.npz": npz(**ARRAYS)},
            read=read_npz,
            spoil={"x.npz": (formats.spoil_zip,)},
            share=70,
            checksums=True,
        ),
        Reader(
            name="npz, compressed",
            files={"x.npz": npz(compressed=True, **ARRAYS)},
            read=read_npz,
            spoil={"x.npz": (formats.spoil_zip,)},
            share=60,
            checksums=True,
        ),
        Reader(
            name="a weight file of any kind",
            files=golden("huggingface/bert_bin_zip", "pytorch_model.bin"),
            read=weights("pytorch_model.bin"),
            spoil={
                "pytorch_model.bin": (
                    lambda rng, _: rng.randbytes(rng.choice((0, 7, 8, 40, 999))),
                )
            },
            share=10,
        ),
        Reader(
            name="vocab.txt",
            files={"vocab.txt": VOCABULARY, "tokenizer_config.json": CONFIG},
            read=tokenize,
            spoil={"vocab.txt": (), "tokenizer_config.json": JSON},
            share=60,
        ),
        Reader(
            name="tokenizer.json",
            files={
                "tokenizer.json": tokenizer_json(),
                "special_tokens_map.json": CONFIG,
                "vocab.txt": VOCABULARY,
            },
            read=tokenize,
            spoil={"tokenizer.json": JSON, "special_tokens_map.json": JSON},
            share=70,
        ),
        Reader(
            name="byte-level BPE",
            files=byte_pairs(),
            read=tokenize,
            spoil={
                "vocab.json": JSON,
                "merges.txt": (formats.spoil_lines,),
                "added_tokens.json": JSON,
                "tokenizer_config.json": JSON,
            },
            share=60,
        ),
        *(
            Reader(
                name=f"SentencePiece, {name}",
                files={"spiece.model": sentence_piece(algorithm)},
                read=tokenize,
                spoil={"spiece.model": (formats.spoil_message,)},
                share=30,
            )
            for name, algorithm in (("Unigram", 1), ("BPE", 2))
        ),
        Reader(
            name="SentencePiece, ALBERT",
            files={
                "spiece.model": sentence_piece(1),
                "tokenizer_config.json": (
                    b'{"tokenizer_class": "AlbertTokenizer", "keep_accents": true}'
                ),
            },
            read=tokenize,
            spoil={
                "spiece.model": (formats.spoil_message,),
                "tokenizer_config.json": JSON,
            },
            share=30,
        ),
        Reader(
            name="an edited vocabulary",
            files=byte_pairs(),
            read=edit_vocabulary,
            spoil={"vocab.json": JSON, "merges.txt": (formats.spoil_lines,)},
            share=30,
        ),
        *(
            Reader(
                name=name,
                files={name: content.encode()},
                read=examples(name),
                spoil={name: extra},
                share=25,
            )
            for name, content, extra in (
                ("x.tsv", TSV, ()),
                ("x.csv", CSV, ()),
                ("x.jsonl", JSONL, (formats.spoil_json_lines,)),
            )
        ),
        Reader(
            name="x.jsonl.gz",
            files={"x.jsonl.gz": gzip.compress(JSONL.encode(), mtime=0)},
            read=examples("x.jsonl.gz"),
            spoil={"x.jsonl.gz": (formats.spoil_gzip,)},
            share=30,
        ),
        Reader(
            name="manifest",
            files={"rotation.json": MANIFEST},
            read=read_manifest,
            spoil={"rotation.json": JSON},
            share=30,
        ),
        Reader(
            name="trace inputs",
            files={"in.npz": npz(**TRACED)},
            read=read_trace_inputs,
            spoil={"in.npz": (formats.spoil_zip,)},
            share=20,
            checksums=True,
        ),
    ]


def heavy_rows() -> list[Reader]:
    """Readers that build Keras models."""
    model = small_model()
    return [
        Reader(
            name="model folder",
            files=model,
            read=load_model,
            spoil={
                "config.json": JSON,
                "model.safetensors": (formats.spoil_safetensors,),
                "vocab.txt": (),
                "tokenizer_config.json": JSON,
            },
            share=10,
            seconds=30,
        ),
        Reader(
            name="task folder",
            files=model | {"kewen.json": json.dumps(KEWEN).encode()},
            read=load_task,
            spoil={"kewen.json": JSON, "config.json": JSON},
            share=10,
            seconds=30,
        ),
        Reader(
            name=".keras archive",
            files={"model.keras": keras_archive()},
            read=load_keras,
            spoil={"model.keras": (formats.spoil_zip,)},
            share=5,
            seconds=30,
        ),
    ]


def planted_rows() -> list[Reader]:
    """Readers that are wrong on purpose, so that one sees what is noticed."""
    import ctypes

    def hang(folder: Path) -> None:
        while _spoiled(folder):
            pass

    def crash(folder: Path) -> None:
        if _spoiled(folder):
            ctypes.string_at(0)

    def grow(folder: Path) -> None:
        if _spoiled(folder):
            np.ones(1 << 25)

    def demand(folder: Path) -> None:
        if _spoiled(folder):
            np.empty(1 << 40)

    def raise_another(folder: Path) -> None:
        if _spoiled(folder):
            raise ValueError("none of ours")

    def believe(folder: Path) -> Values:
        return {"x": ((1,), "u1", zlib.crc32((folder / "x").read_bytes()))}

    faults = (hang, crash, grow, demand, raise_another, believe)
    return [
        Reader(
            name=fault.__name__,
            files={"x": b"sound"},
            read=fault,
            spoil={"x": ()},
            share=1,
            checksums=True,
            seconds=0.5,
        )
        for fault in faults
    ]


def _spoiled(folder: Path) -> bool:
    return (folder / "x").read_bytes() != b"sound"


def all_light_rows() -> list[Reader]:
    """Those above and those of the room that counts, which stand in another file."""
    from fuzz_mining import mining_rows

    return [*light_rows(), *mining_rows()]


ROWS = {"light": all_light_rows, "heavy": heavy_rows, "planted": planted_rows}
