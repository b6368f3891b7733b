"""`kewen evaluate`: how good a saved classifier or writer is on texts with answers."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.fit_steps import read_sets
from kewen.cli.guard import tell_engine
from kewen.cli.options import (
    BadRow,
    ComputedIn,
    Encoding,
    Engine,
    LabelColumn,
    OnBadRow,
    Overwrite,
    PairColumn,
    RunBy,
    computing,
)
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.errors import ConfigError

if TYPE_CHECKING:
    from kewen.tasks import TextClassifier

EXAMPLES = """
kewen evaluate clf test.tsv
kewen evaluate clf test.csv --text 1 --label 0 --report test.html
kewen evaluate clf test.tsv --engine openvino --dtype float32
kewen evaluate clf test.tsv --json > scores.json
kewen evaluate writer test.jsonl --num-beams 4 --bleu
"""


def evaluate(
    folder: Annotated[
        str,
        typer.Argument(metavar="DIR", help="Folder of a saved task, or hub id."),
    ],
    file: Annotated[Path, typer.Argument(help="TSV, CSV or JSONL (gz too).")],
    text: Annotated[
        str | None,
        typer.Option(help="Column of the text: name, or position from 0."),
    ] = None,
    label: LabelColumn = "label",
    pair: PairColumn = None,
    target: Annotated[
        str | None, typer.Option(help="Column of the answer, for a writer.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="HTML page to write, of a classifier.")
    ] = None,
    num_beams: Annotated[int, typer.Option(help="Beams, of a writer.")] = 1,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Of each answer of a writer, at most.")
    ] = None,
    bleu: Annotated[
        bool, typer.Option("--bleu", help="BLEU of a writer's answers, beside ROUGE.")
    ] = False,
    encoding: Encoding = "utf-8",
    on_bad_row: BadRow = OnBadRow.ERROR,
    engine: RunBy = Engine.KERAS,
    dtype: ComputedIn = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare a saved classifier's or writer's answers with those of a file."""
    from kewen.data.writing import writing_columns

    if report is not None:
        check_file(report, overwrite)
    columns: dict[str, Any] = {"text": text or "text", "label": label, "pair": pair}
    columns |= {"encoding": encoding}
    writes = _is_writer(folder)
    if writes:
        if report is not None:
            raise ConfigError(
                "--report is for classifiers. Received: a writer. Leave it out."
            )
        columns = writing_columns(file, text, target, encoding)
    examples = read_sets({"test": file}, {"test": columns}, False, on_bad_row)["test"]
    prepare()
    from kewen.tasks import load_task

    policy, engine_dtype = computing(engine, dtype)
    task = load_task(
        folder, dtype=policy, engine=engine.value, engine_dtype=engine_dtype
    )
    if writes:
        options = {"num_beams": num_beams, "max_new_tokens": max_new_tokens}
        options = {x: y for x, y in options.items() if y not in (None, 1)}
        scores = task.evaluate(examples, bleu=bleu, generation=options)
        sys.stdout.write(scores.json() if as_json else scores.summary(str(file)))
        return
    _evaluate_classifier(task, examples, folder, file, as_json, report, overwrite)


def _is_writer(folder: str) -> bool:
    """By its kewen.json, and before anything heavy is imported."""
    path = Path(folder) / "kewen.json"
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("task") == "generate"
    except (OSError, ValueError, AttributeError):
        return False  # a hub id, a model of transformers', or what load_task refuses


def _evaluate_classifier(
    classifier: "TextClassifier",
    examples: Any,
    folder: str,
    file: Path,
    as_json: bool,
    report: Path | None,
    overwrite: bool,
) -> None:
    from kewen.tasks.judging import judge, write_report

    judged = judge(classifier, examples, str(file))
    tell_engine(classifier.engine.report)
    sys.stdout.write(judged.json() if as_json else judged.summary(str(file)))
    if report is not None:
        write_report(
            report,
            classifier,
            judged,
            title=f"{Path(folder).name}: {file.name}",
            facts={"model": folder, "file": str(file)},
            overwrite=overwrite,
        )
