"""Options that every `kewen fit ...` has, said once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dtype(StrEnum):
    """Keras' dtype policies that suit training."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


StartModel = Annotated[
    str, typer.Option("--model", help="Model folder or hub id to start from.")
]
Dev = Annotated[
    Path | None,
    typer.Option("--dev", help="Measured each epoch; the best one is kept."),
]
Test = Annotated[Path | None, typer.Option("--test", help="Measured once, at the end.")]
Epochs = Annotated[int, typer.Option("--epochs", min=1, help="Passes over the file.")]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Texts a step.")]
LearningRate = Annotated[
    float, typer.Option("--learning-rate", help="The highest one.")
]
Warmup = Annotated[
    float,
    typer.Option("--warmup", min=0, max=1, help="Share of steps in which it rises."),
]
LabelSmoothing = Annotated[float, typer.Option("--label-smoothing", min=0, max=1)]
Accumulate = Annotated[
    int,
    typer.Option("--accumulate", min=1, help="Batches to a step of the optimizer."),
]
Freeze = Annotated[
    list[str] | None,
    typer.Option(
        "--freeze", metavar="PATTERN", help="Layers that do not learn; repeatable."
    ),
]
LearningRates = Annotated[
    str | None,
    typer.Option(
        "--learning-rates", metavar="JSON", help="Factor on the rate by layer pattern."
    ),
]
Patience = Annotated[
    int | None,
    typer.Option("--patience", min=1, help="Epochs without a better one, then stop."),
]
Precision = Annotated[Dtype, typer.Option("--dtype", help="Precision.")]
Seed = Annotated[
    int, typer.Option("--seed", help="Of shuffling, dropout, new weights.")
]
Stream = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream",
        help="Leave the training file on the disk, or read it into memory; by its "
        "size (100 MB), if not given.",
    ),
]
TensorBoard = Annotated[
    Path | None,
    typer.Option("--tensorboard", help="Folder for TensorBoard's event files."),
]
Checkpoint = Annotated[
    bool,
    typer.Option(
        "--checkpoint/--no-checkpoint",
        help="Keep the state of the training in OUT.training meanwhile.",
    ),
]
CheckpointSteps = Annotated[
    int | None,
    typer.Option(
        "--checkpoint-steps",
        min=1,
        help="Steps between two states; ten minutes, if not given.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume/--no-resume",
        help="Go on where the same command was killed, or begin anew.",
    ),
]
