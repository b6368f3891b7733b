"""`kewen fit classify`: from a file of labelled texts to a saved classifier."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

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
from kewen.cli.options import (
    BadRow,
    Encoding,
    LabelColumn,
    OnBadRow,
    Overwrite,
    PairColumn,
    TextColumn,
)
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file, check_folder, check_outside

EXAMPLES = """
kewen fit classify train.tsv --dev dev.tsv --model bert-base-chinese --out clf
kewen fit classify train.csv --text 1 --label 0 --model DIR --out clf --epochs 5
kewen fit classify pairs.jsonl --text query --pair answer --model DIR --out clf
kewen fit classify train.tsv --dev dev.tsv --model DIR --out clf --patience 1 --report
kewen fit classify train.tsv --model DIR --out clf    # killed? the same line goes on
"""


class Pooling(StrEnum):
    """What the classifier sees of a text."""

    POOLER = "pooler"
    CLS = "cls"
    MEAN = "mean"


def classify(
    train: Annotated[
        Path, typer.Argument(help="TSV, CSV or JSONL (gz too), or class folders.")
    ],
    model: StartModel,
    out: Annotated[Path, typer.Option(help="Folder to save the classifier in.")],
    dev: Dev = None,
    test: Test = None,
    text: TextColumn = "text",
    label: LabelColumn = "label",
    pair: PairColumn = None,
    epochs: Epochs = 3,
    batch_size: BatchSize = 16,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=3, help="Tokens a text; 128 if not given and the model has so many."
        ),
    ] = None,
    learning_rate: LearningRate = 5e-5,
    warmup: Warmup = 0.1,
    label_smoothing: LabelSmoothing = 0.0,
    class_weights: Annotated[
        str | None,
        typer.Option(metavar="balanced|JSON", help="Factor for each label."),
    ] = None,
    accumulate: Accumulate = 1,
    freeze: Freeze = None,
    learning_rates: LearningRates = None,
    patience: Patience = None,
    monitor: Annotated[
        str | None,
        typer.Option(
            help="What makes an epoch the best: val_loss, val_accuracy, val_macro_f1."
        ),
    ] = None,
    dtype: Precision = Dtype.FLOAT32,
    pooling: Annotated[
        Pooling, typer.Option(help="pooler opens in transformers with equal logits.")
    ] = Pooling.POOLER,
    seed: Seed = 0,
    encoding: Encoding = "utf-8",
    on_bad_row: BadRow = OnBadRow.ERROR,
    stream: Stream = None,
    tensorboard: TensorBoard = None,
    checkpoint: Checkpoint = True,
    checkpoint_steps: CheckpointSteps = None,
    resume: Resume = True,
    report: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="HTML page; OUT/report.html if no FILE."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Fine-tune a pretrained encoder to sort texts, or pairs of texts, into classes."""
    weights = _class_weights(class_weights)
    factors = numbers_option("--learning-rates", learning_rates)
    page = _report_path(report, out)
    files = {"train": train, "dev": dev, "test": test}
    check_held_out(files, patience=patience, monitor=monitor, report=report)
    check_folder(out, overwrite)
    if page is not None and page.resolve().parent != out.resolve():
        check_outside("--report", page, out)
        check_file(page, overwrite)
    if tensorboard is not None:
        check_outside("--tensorboard", tensorboard, out)
    columns = {"text": text, "label": label, "pair": pair, "encoding": encoding}
    sets = read_sets(files, dict.fromkeys(files, columns), stream, on_bad_row)
    _check_labels(sets, files)

    prepare()
    from kewen.models import load
    from kewen.tasks import TextClassifier
    from kewen.tasks.judging import judge, write_report
    from kewen.training import remove_state

    state = state_of(out, checkpoint, resume)
    classifier = TextClassifier(
        load(model, dtype=dtype.value),
        pooling=pooling.value,
        max_length=max_length,
        seed=seed,
    )
    with pointing_at(state):
        history = classifier.fit(
            sets["train"],
            sets.get("dev"),
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            warmup=warmup,
            label_smoothing=label_smoothing,
            class_weights=weights,
            accumulate=accumulate,
            freeze=freeze or (),
            learning_rates=factors,
            patience=patience,
            monitor=monitor,
            tensorboard=None if tensorboard is None else str(tensorboard),
            checkpoint=state,
            checkpoint_steps=checkpoint_steps if checkpoint else None,
        )
    inside = page is not None and page.parent == out
    out = saved(classifier, out, overwrite, history)
    page = out / page.name if page is not None and inside else page
    judged = {
        name: judge(classifier, sets[name], str(files[name]))
        for name in HELD_OUT
        if name in sets
    }
    tables = [found.summary(name) for name, found in judged.items()]
    sys.stdout.write("\n".join(tables))
    if page is not None:
        *_, shown = judged
        write_report(
            page,
            classifier,
            judged[shown],
            title=f"{out.resolve().name}: {files[shown]}",
            history=history.as_dict(),
            facts={
                "model": model,
                "files": ", ".join(f"{k} {v}" for k, v in files.items() if v),
                "seed": str(seed),
                "epochs": f"{len(history.epochs)}, the best is {history.best_epoch}",
                "batch size": str(batch_size),
                "max length": str(classifier.max_length),
                "learning rate": str(learning_rate),
                "pooling": pooling.value,
                "dtype": dtype.value,
            },
            overwrite=overwrite,
        )
    if state is not None:  # last: whatever fails before this can be tried again
        remove_state(state)


def _class_weights(value: str | None) -> str | dict[str, float] | None:
    return value if value == "balanced" else numbers_option("--class-weights", value)


def _report_path(report: str | None, out: Path) -> Path | None:
    if report is None:
        return None
    return Path(report) if report else out / "report.html"


def _check_labels(sets: Mapping[str, Any], files: Mapping[str, Path | None]) -> None:
    """Held-out texts must have labels that training has."""
    from kewen.data import LabelSet, StreamedExamples

    known = sets["train"]
    labels = LabelSet.from_examples(
        known.one_of_each if isinstance(known, StreamedExamples) else known
    )
    for name in [name for name in HELD_OUT if name in sets]:
        labels.encode(sets[name], str(files[name]))
