"""Options that several commands have, said once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class OnBadRow(StrEnum):
    """What a row that is no example does."""

    ERROR = "error"
    SKIP = "skip"


class Engine(StrEnum):
    """What runs a model."""

    KERAS = "keras"
    OPENVINO = "openvino"


class Dtype(StrEnum):
    """What a model is computed in."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Application(StrEnum):
    """Who may look at whom, or which half of an encoder-decoder it is."""

    ENCODER = "encoder"
    LM = "lm"
    UNILM = "unilm"
    PERMUTED = "permuted"
    ENCODER_DECODER = "encoder_decoder"
    DECODER = "decoder"


Folder = Annotated[str, typer.Argument(metavar="DIR", help="Model folder or hub id.")]
Classifier = Annotated[
    str, typer.Argument(metavar="DIR", help="Folder of a saved classifier, or hub id.")
]
Texts = Annotated[list[str] | None, typer.Argument(help="The texts themselves.")]
Source = Annotated[
    Path | None,
    typer.Option("--input", help="TSV, CSV, JSONL or TXT (gz too); - for stdin."),
]
TextColumn = Annotated[
    str, typer.Option("--text", help="Column of the text: name, or position from 0.")
]
LabelColumn = Annotated[str, typer.Option("--label", help="Column of the label.")]
PairColumn = Annotated[
    str | None, typer.Option("--pair", help="Column of the second text, if any.")
]
Encoding = Annotated[
    str, typer.Option("--encoding", help="What the files of examples are in.")
]
BadRow = Annotated[
    OnBadRow, typer.Option("--on-bad-row", help="What a row that is no example does.")
]
TextsATime = Annotated[
    int, typer.Option("--batch-size", min=1, help="Texts at a time.")
]
AsApplication = Annotated[
    Application | None,
    typer.Option(
        "--application",
        help="Who may look at whom, or a half; without it, what the model says.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what is there already.")
]
RunBy = Annotated[
    Engine,
    typer.Option("--engine", help="What runs the model; openvino is faster on a CPU."),
]
ComputedIn = Annotated[
    Dtype | None,
    typer.Option(
        "--dtype",
        help="What it computes in: openvino's is bfloat16 where the CPU knows it.",
    ),
]


def computing(engine: Engine, dtype: Dtype | None) -> tuple[str | None, str | None]:
    """Keras' dtype policy and the engine's dtype, of which at most one is set."""
    if dtype is None:
        return None, None
    if engine is Engine.KERAS:
        return ("mixed_bfloat16" if dtype is Dtype.BFLOAT16 else dtype.value), None
    return None, dtype.value
