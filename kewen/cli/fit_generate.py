"""`kewen fit generate`: from texts, or prompts and answers, to a model that writes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.fit_options import (
    Accumulate,
    BatchSize,
    Checkpoint,
    CheckpointSteps,
    Dev,
    Dtype,
    Epochs,
    Freeze,
    LabelSmoothing,
    LearningRate,
    LearningRates,
    Patience,
    Precision,
    Resume,
    Seed,
    StartModel,
    Stream,
    TensorBoard,
    Test,
    Warmup,
)
from kewen.cli.fit_steps import (
    HELD_OUT,
    check_held_out,
    pointing_at,
    read_sets,
    saved,
    state_of,
)
from kewen.cli.json_option import numbers_option
from kewen.cli.options import AsApplication, BadRow, Encoding, OnBadRow, Overwrite
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_folder, check_outside

EXAMPLES = """
kewen fit generate texts.txt --model gpt2 --out writer
kewen fit generate train.jsonl --dev dev.jsonl --model gpt2 --out writer
kewen fit generate pairs.tsv --text 0 --target 1 --model t5 --out titles
kewen fit generate train.jsonl --model bert --application unilm --out titles
kewen fit generate train.jsonl --model gpt2 --out writer    # killed? goes on
"""


def generate(
    train: Annotated[Path, typer.Argument(help="TSV, CSV, JSONL or TXT (gz too).")],
    model: StartModel,
    out: Annotated[Path, typer.Option(help="Folder to save the writer in.")],
    dev: Dev = None,
    test: Test = None,
    text: Annotated[
        str | None,
        typer.Option(
            help="Column of the text, prompt or source: name, or position from 0."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="Column of the answer. Without both: prompt and answer, source and "
            "target, text and target, or text alone."
        ),
    ] = None,
    application: AsApplication = None,
    epochs: Epochs = 3,
    batch_size: BatchSize = 16,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=3, help="Tokens a row; 256 if not given and the model has so many."
        ),
    ] = None,
    learning_rate: LearningRate = 5e-5,
    warmup: Warmup = 0.1,
    label_smoothing: LabelSmoothing = 0.0,
    accumulate: Accumulate = 1,
    freeze: Freeze = None,
    learning_rates: LearningRates = None,
    patience: Patience = None,
    dtype: Precision = Dtype.FLOAT32,
    seed: Seed = 0,
    encoding: Encoding = "utf-8",
    on_bad_row: BadRow = OnBadRow.ERROR,
    stream: Stream = None,
    tensorboard: TensorBoard = None,
    checkpoint: Checkpoint = True,
    checkpoint_steps: CheckpointSteps = None,
    resume: Resume = True,
    overwrite: Overwrite = False,
) -> None:
    """Fine-tune a model that writes on texts, or on prompts and their answers.

    A decoder learns every token of a text; of prompts and answers the answers alone. An
    encoder-decoder, or an encoder with --application unilm, learns to answer sources.
    """
    factors = numbers_option("--learning-rates", learning_rates)
    files = {"train": train, "dev": dev, "test": test}
    check_held_out(files, patience=patience)
    check_folder(out, overwrite)
    if tensorboard is not None:
        check_outside("--tensorboard", tensorboard, out)
    from kewen.data.writing import writing_columns

    columns = {
        name: writing_columns(path, text, target, encoding)
        for name, path in files.items()
        if path is not None
    }
    sets = read_sets(files, columns, stream, on_bad_row)

    prepare()
    from kewen.models import load
    from kewen.tasks import Generator
    from kewen.training import remove_state

    state = state_of(out, checkpoint, resume)
    writer = Generator(
        load(
            model,
            dtype=dtype.value,
            application=application and application.value,
        ),
        max_length=max_length,
    )
    with pointing_at(state):
        history = writer.fit(
            sets["train"],
            sets.get("dev"),
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            warmup=warmup,
            label_smoothing=label_smoothing,
            accumulate=accumulate,
            freeze=freeze or (),
            learning_rates=factors,
            patience=patience,
            seed=seed,
            tensorboard=None if tensorboard is None else str(tensorboard),
            checkpoint=state,
            checkpoint_steps=checkpoint_steps if checkpoint else None,
        )
    saved(writer, out, overwrite, history)
    for name in [name for name in HELD_OUT if name in sets]:
        scores = writer.evaluate(sets[name], write=name == "test")
        sys.stdout.write(scores.summary(str(files[name])))
    if state is not None:  # last: whatever fails before this can be tried again
        remove_state(state)
