"""`kewen evaluate`: how good a saved classifier is on labelled texts."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import say
from kewen.cli.options import (
    BadRow,
    Classifier,
    Encoding,
    LabelColumn,
    OnBadRow,
    Overwrite,
    PairColumn,
    TextColumn,
)
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file

EXAMPLES = """
kewen evaluate clf test.tsv
kewen evaluate clf test.csv --text 1 --label 0 --report test.html
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

    classifier = load_task(folder)
    judged = judge(classifier, examples, str(file))
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
