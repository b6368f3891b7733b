"""`kewen fit classify`: from a file of labelled texts to a saved classifier."""

import secrets
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.guard import say
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
from kewen.errors import ConfigError, FileError, TrainingError

if TYPE_CHECKING:
    from kewen.tasks import TextClassifier

HELD_OUT = ("dev", "test")
EXAMPLES = """
kewen fit classify train.tsv --dev dev.tsv --model bert-base-chinese --out clf
kewen fit classify train.csv --text 1 --label 0 --model DIR --out clf --epochs 5
kewen fit classify pairs.jsonl --text query --pair answer --model DIR --out clf
kewen fit classify train.tsv --dev dev.tsv --model DIR --out clf --patience 1 --report
kewen fit classify train.tsv --model DIR --out clf    # killed? the same line goes on
"""


class Dtype(StrEnum):
    """Keras' dtype policies that suit training."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


class Pooling(StrEnum):
    """What the classifier sees of a text."""

    POOLER = "pooler"
    CLS = "cls"
    MEAN = "mean"


def classify(
    train: Annotated[
        Path, typer.Argument(help="TSV, CSV or JSONL (gz too), or class folders.")
    ],
    model: Annotated[str, typer.Option(help="Model folder or hub id to start from.")],
    out: Annotated[Path, typer.Option(help="Folder to save the classifier in.")],
    dev: Annotated[
        Path | None, typer.Option(help="Measured each epoch; the best one is kept.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Measured once, at the end.")
    ] = None,
    text: TextColumn = "text",
    label: LabelColumn = "label",
    pair: PairColumn = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the file.")] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts a step.")] = 16,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=3, help="Tokens a text; 128 if not given and the model has so many."
        ),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="The highest one.")] = 5e-5,
    warmup: Annotated[
        float, typer.Option(min=0, max=1, help="Share of steps in which it rises.")
    ] = 0.1,
    label_smoothing: Annotated[float, typer.Option(min=0, max=1)] = 0.0,
    class_weights: Annotated[
        str | None,
        typer.Option(metavar="balanced|JSON", help="Factor for each label."),
    ] = None,
    accumulate: Annotated[
        int, typer.Option(min=1, help="Batches to a step of the optimizer.")
    ] = 1,
    freeze: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Layers that do not learn; repeatable."),
    ] = None,
    learning_rates: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Factor on the rate by layer pattern."),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Epochs without a better one, then stop.")
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option(
            help="What makes an epoch the best: val_loss, val_accuracy, val_macro_f1."
        ),
    ] = None,
    dtype: Annotated[Dtype, typer.Option(help="Precision.")] = Dtype.FLOAT32,
    pooling: Annotated[
        Pooling, typer.Option(help="pooler opens in transformers with equal logits.")
    ] = Pooling.POOLER,
    seed: Annotated[int, typer.Option(help="Of shuffling, dropout, new weights.")] = 0,
    encoding: Encoding = "utf-8",
    on_bad_row: BadRow = OnBadRow.ERROR,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Leave the training file on the disk, or read it into memory; by its "
            "size (100 MB), if not given.",
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Folder for TensorBoard's event files.")
    ] = None,
    checkpoint: Annotated[
        bool,
        typer.Option(help="Keep the state of the training in OUT.training meanwhile."),
    ] = True,
    checkpoint_steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Steps between two states; ten minutes, if not given."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(help="Go on where the same command was killed, or begin anew."),
    ] = True,
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
    _check_held_out(files, patience=patience, monitor=monitor, report=report)
    check_folder(out, overwrite)
    if page is not None and page.resolve().parent != out.resolve():
        check_outside("--report", page, out)
        check_file(page, overwrite)
    if tensorboard is not None:
        check_outside("--tensorboard", tensorboard, out)
    columns = {"text": text, "label": label, "pair": pair, "encoding": encoding}
    sets = _read(files, stream, on_bad_row, **columns)

    prepare()
    from kewen.models import load
    from kewen.tasks import TextClassifier
    from kewen.tasks.judging import judge, write_report
    from kewen.training import has_state, remove_state

    state = out.with_name(f"{out.name}.training") if checkpoint else None
    if state is not None and has_state(state):
        if resume:
            say(f"Going on from {state}, the state of a training that was killed.")
        else:
            remove_state(state)

    classifier = TextClassifier(
        load(model, dtype=dtype.value),
        pooling=pooling.value,
        max_length=max_length,
        seed=seed,
    )
    try:
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
    except TrainingError as error:
        if state is None or not has_state(state):
            raise
        raise TrainingError(
            f"{error} The state before this is in {state}: with it the same command "
            "goes on, most likely to the same end; with other settings begin anew, "
            "with --no-resume."
        ) from error
    inside = page is not None and page.parent == out
    out = _saved(classifier, out, overwrite)
    page = out / page.name if page is not None and inside else page
    say(
        f"Saved {out}: the weights of epoch {history.best_epoch}. {history.shapes} "
        f"batch shapes, {history.padding_share:.0%} padding."
    )
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


def _saved(classifier: "TextClassifier", out: Path, overwrite: bool) -> Path:
    """Save to OUT, or beside it: a training is not lost because OUT came meanwhile."""
    try:
        classifier.save(out, overwrite=overwrite)
    except FileError as refused:
        spare = out.with_name(f"{out.name}-{secrets.token_hex(4)}")
        try:
            classifier.save(spare)
        except FileError:
            raise refused from None
        say(f"Warning: {refused} The trained model is in {spare}.")
        return spare
    return out


def _class_weights(value: str | None) -> str | dict[str, float] | None:
    return value if value == "balanced" else numbers_option("--class-weights", value)


def _report_path(report: str | None, out: Path) -> Path | None:
    if report is None:
        return None
    return Path(report) if report else out / "report.html"


def _check_held_out(files: Mapping[str, Path | None], **options: object) -> None:
    """Options that look at held-out texts need some."""
    given = [name for name in options if options[name] is not None]
    if files["dev"] is None and set(given) - {"report"}:
        raise ConfigError(
            "--patience and --monitor compare epochs on held-out texts. Received: no "
            "--dev. Name a file with --dev."
        )
    if given and files["dev"] is None and files["test"] is None:
        raise ConfigError(
            "--report shows the scores of held-out texts. Received: neither --dev nor "
            "--test. Name a file with one of them."
        )


def _read(
    files: Mapping[str, Path | None],
    stream: bool | None,
    on_bad_row: OnBadRow,
    **columns: Any,
) -> dict[str, Any]:
    """All files at once: a fault of the test file must not wait for the training."""
    from kewen.data import (
        BadRows,
        LabelSet,
        StreamedExamples,
        read_examples,
        stream_examples,
    )

    sets: dict[str, Any] = {}
    for name, path in files.items():
        if path is None:
            continue
        bad_rows = BadRows()
        options = columns | {"on_bad_row": on_bad_row.value, "bad_rows": bad_rows}
        if name == "train" and _stays_on_disk(path, stream, columns["encoding"]):
            sets[name] = stream_examples(path, **options)
            say(f"{path}: {len(sets[name]):,} examples.")
        else:
            sets[name] = list(read_examples(path, **options))
        if bad_rows.count:
            say(f"{path}: {bad_rows.summary()}")
    known = sets["train"]
    labels = LabelSet.from_examples(
        known.one_of_each if isinstance(known, StreamedExamples) else known
    )
    for name in [name for name in HELD_OUT if name in sets]:
        labels.encode(sets[name], str(files[name]))
    return sets


def _stays_on_disk(path: Path, stream: bool | None, encoding: str) -> bool:
    """Whether the training file is streamed; a user is told what takes long or much."""
    from kewen.data.streaming import STREAM_BYTES, why_not_streamed

    is_large = path.is_file() and path.stat().st_size > STREAM_BYTES
    can = (is_large or stream) and why_not_streamed(path, encoding) is None
    if can and stream is not False:
        say(f"{path} stays on the disk; it is read once to find its rows.")
        return True
    if is_large and stream is None:
        say(
            f"{path} is large and is read into memory: only a plain .tsv or .jsonl can "
            "stay on the disk."
        )
    return bool(stream)  # what cannot be is refused by the reader
