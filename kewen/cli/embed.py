"""`kewen embed`: one vector for each text."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kewen.cli.guard import tell_engine
from kewen.cli.json_lines import json_lines
from kewen.cli.options import (
    BadRow,
    ComputedIn,
    Encoding,
    Engine,
    Folder,
    OnBadRow,
    Overwrite,
    RunBy,
    Source,
    TextColumn,
    Texts,
    TextsATime,
    computing,
)
from kewen.cli.progress import in_chunks
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.errors import ConfigError
from kewen.files import atomic_write

if TYPE_CHECKING:
    import numpy as np

    from kewen.data import Example

EXAMPLES = """
kewen embed DIR --input texts.txt --normalize --out vectors.npz
kewen embed DIR --input texts.csv --text body --pooling cls --out vectors.jsonl
kewen embed DIR --input texts.txt --engine openvino --out vectors.npz
kewen embed DIR "今天天气不错" "明天下雨"
"""


class Pooling(StrEnum):
    """How the tokens of a text become one vector."""

    MEAN = "mean"
    CLS = "cls"
    MAX = "max"


def embed(
    folder: Folder,
    texts: Texts = None,
    source: Source = None,
    text: TextColumn = "text",
    out: Annotated[
        Path | None,
        typer.Option(help=".npz (array 'embeddings') or .jsonl; else lines to stdout."),
    ] = None,
    pooling: Annotated[
        Pooling, typer.Option(help="Over the tokens of a text.")
    ] = Pooling.MEAN,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Vectors of length 1.")
    ] = False,
    max_length: Annotated[
        int | None, typer.Option(min=3, help="Tokens a text; what the model takes.")
    ] = None,
    batch_size: TextsATime = 64,
    engine: RunBy = Engine.KERAS,
    dtype: ComputedIn = None,
    on_bad_row: BadRow = OnBadRow.ERROR,
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Turn texts into vectors with a pretrained encoder."""
    from kewen.cli.texts import examples_from

    if out is not None:
        _check_ending(out)
        check_file(out, overwrite)
    examples = examples_from(
        texts or (),
        source,
        text=text,
        on_bad_row=on_bad_row.value,
        encoding=encoding,
    )
    prepare()
    import numpy as np

    from kewen.models import load
    from kewen.tasks import Embedder

    policy, engine_dtype = computing(engine, dtype)
    embedder = Embedder(
        load(folder, dtype=policy),
        pooling=pooling.value,
        normalize=normalize,
        max_length=max_length,
        batch_size=batch_size,
        engine=engine.value,
        engine_dtype=engine_dtype,
    )
    parts: list[np.ndarray] = []
    for chunk in in_chunks(examples, "embedded"):
        parts.append(embedder.embed([example.text for example in chunk]))
    vectors = np.concatenate(parts)
    tell_engine(embedder.engine.report)
    if out is not None and out.suffix == ".npz":
        with atomic_write(out, overwrite=overwrite) as file:
            np.savez(file, embeddings=vectors)
        return
    _write_lines(out, examples, vectors, overwrite)


def _check_ending(out: Path) -> None:
    if out.suffix not in (".npz", ".jsonl"):
        raise ConfigError(
            f"--out must end in .npz (NumPy) or .jsonl (JSON Lines). Received: {out}."
        )


def _write_lines(
    out: Path | None, examples: "list[Example]", vectors: "np.ndarray", overwrite: bool
) -> None:
    with json_lines(out, overwrite=overwrite) as write:
        for example, vector in zip(examples, vectors, strict=True):
            # Nine digits are what it takes to get the same float32 back.
            numbers = [float(f"{value:.9g}") for value in vector.tolist()]
            write({"text": example.text, "embedding": numbers})
