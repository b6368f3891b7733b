"""Options of the commands that go over a corpus and write what they found."""

from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.targets import check_file
from kewen.errors import ConfigError

Corpus = Annotated[
    Path,
    typer.Argument(
        help="A folder, or a file: JSONL, TSV, CSV, else a text a line; gz too."
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes; as many as cores if not given.")
]
Rows = Annotated[int, typer.Option(min=1, help="Rows of the table.")]
Page = Annotated[Path | None, typer.Option(help="HTML page to write.")]


def check_outputs(
    source: Path, out: Path | None, report: Path | None, overwrite: bool
) -> None:
    """Refuse, before the work, what could not be written after it.

    Raises:
        ConfigError: if `out` is no JSON Lines file, or one place has two uses.
        FileError: as `check_file`.
    """
    if out is not None:
        if out.suffix != ".jsonl":
            raise ConfigError(f"--out must end in .jsonl. Received: {out}.")
        check_file(out, overwrite)
    if report is not None:
        check_file(report, overwrite)
    given = [each.resolve() for each in (source, out, report) if each is not None]
    if len({*given}) < len(given):
        raise ConfigError(
            "What is read, --out and --report must be files of their own. Received: "
            f"{max(given, key=given.count)} more than once."
        )
