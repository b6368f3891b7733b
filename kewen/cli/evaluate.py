"""`kewen evaluate`: how good a saved classifier is on labelled texts."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import say, tell_engine
from kewen.cli.options import (
    BadRow,
    Classifier,
    ComputedIn,
    Encoding,
    Engine,
    LabelColumn,
    OnBadRow,
    Overwrite,
    PairColumn,
    RunBy,
    TextColumn,
    computing,
)
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file

EXAMPLES = """
kewen evaluate clf test.tsv
kewen evaluate clf test.csv --text 1 --label 0 --report test.html
kewen evaluate clf test.tsv --engine openvino --dtype float32
kewen evaluate clf test.tsv --json > scores.json
"""


def evaluate(
    folder: Classifier,
    file: Annotated[Path, typer.Argument(help="TSV, CSV or JSONL (gz too).")],
    text: TextColumn = "text",
    label: LabelColumn = "label",
    pair: PairColumn = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    encoding: Encoding = "utf-8",
    on_bad_row: BadRow = OnBadRow.ERROR,
    engine: RunBy = Engine.KERAS,
    dtype: ComputedIn = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare a saved classifier's answers with the labels of a file."""
    from kewen.data import BadRows, read_examples

    if report is not None:
        check_file(report, overwrite)
    bad_rows = BadRows()
    rows = read_examples(
        file,
        text=text,
        label=label,
        pair=pair,
        encoding=encoding,
        on_bad_row=on_bad_row.value,
        bad_rows=bad_rows,
    )
    examples = list(rows)
    if bad_rows.count:
        say(f"{file}: {bad_rows.summary()}")
    prepare()
    from kewen.tasks import load_task
    from kewen.tasks.judging import judge, write_report

    policy, engine_dtype = computing(engine, dtype)
    classifier = load_task(
        folder, dtype=policy, engine=engine.value, engine_dtype=engine_dtype
    )
    judged = judge(classifier, examples, str(file))
    tell_engine(classifier.engine.report)
    sys.stdout.write(judged.json() if as_json else judged.summary(str(file)))
    if report is not None:
        facts = {"model": folder, "file": str(file)}
        write_report(
            report,
            classifier,
            judged,
            title=f"{Path(folder).name}: {file.name}",
            facts=facts,
            overwrite=overwrite,
        )
