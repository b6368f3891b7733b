"""`kewen recover`: lost text, found again on a disk or in its image."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import say
from kewen.cli.json_lines import json_lines
from kewen.cli.options import Overwrite
from kewen.cli.progress import bytes_done
from kewen.cli.targets import check_file
from kewen.errors import FileError
from kewen.files import recover_text
from kewen.files.recovery import refuse_writing_onto

EXAMPLES = """
kewen recover "白切鸡的做法" --source disk.img --out /mnt/other/found.jsonl
kewen recover "def attention(" --source notes.img --before 200 --after 20000
sudo kewen recover "the third chapter" --source /dev/sdb1 --out found.jsonl
"""


def recover(
    fragment: Annotated[str, typer.Argument(help="A remembered piece of the text.")],
    source: Annotated[
        Path, typer.Option(help="File, disk image or disk; only read, never written.")
    ],
    before: Annotated[
        int, typer.Option(min=0, help="Bytes of context before the fragment.")
    ] = 1024,
    after: Annotated[int, typer.Option(min=0, help="Likewise after it.")] = 4096,
    encoding: Annotated[str, typer.Option(help="Of the lost text.")] = "utf-8",
    out: Annotated[
        Path | None, typer.Option(help="JSON Lines file; stdout without it.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Find every place where a piece of lost text still stands; a JSON object each.

    Deleted text stays on a disk until something else is written over it: stop using the
    disk, make an image of it on another one, and search that. Drives that clear deleted
    blocks by themselves (most SSDs: TRIM) keep nothing.
    """
    if out is not None:
        _refuse_source(source, out)
        check_file(out, overwrite)
    else:
        _refuse_redirection(source)
    ended_by: BaseException | None = None
    found = False
    with json_lines(out, overwrite=overwrite) as write, bytes_done("searched") as show:
        try:
            for hit in recover_text(
                source,
                fragment,
                before=before,
                after=after,
                encoding=encoding,
                on_progress=show,
            ):
                write({"offset": hit.offset, "start": hit.start, "text": hit.text})
                found = True
        except (FileError, KeyboardInterrupt) as error:
            ended_by = error  # what was found in hours must not go with it
    if ended_by:
        raise ended_by
    if not found:
        say(
            f"The fragment was found nowhere in {source}. Try a shorter one, without "
            "line ends, or another --encoding, such as gb18030 or utf-16-le."
        )


def _refuse_source(source: Path, out: Path) -> None:
    """Neither the source itself, also under another name, nor the disk that it is."""
    folder = next(each for each in out.absolute().parents if each.exists())
    for place in (out, folder):
        if place.exists():
            refuse_writing_onto(source, place.stat())


def _refuse_redirection(source: Path) -> None:
    """`kewen recover ... >> disk.img` would find its own results without end."""
    try:
        stdout = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # a stand-in for stdout is no file
        return
    refuse_writing_onto(source, stdout)
