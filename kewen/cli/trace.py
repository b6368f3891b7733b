"""`kewen trace`: a checkpoint run on given arrays, everything in between kept."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kewen.cli.arrays import read_arrays
from kewen.cli.guard import say
from kewen.cli.json_option import json_object
from kewen.cli.options import AsApplication, Folder, Overwrite
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.files import atomic_write

EXAMPLES = """
kewen trace DIR --inputs in.npz --out out.npz
kewen trace DIR --inputs in.npz --out out.npz --family bert --application unilm
kewen trace DIR --inputs in.npz --out out.npz --family bert --options '{"with_mlm": 1}'
"""


def trace(
    folder: Folder,
    inputs: Annotated[
        Path,
        typer.Option(
            help="Arrays: token_ids, segment_ids, padding_mask, position_ids, ...; or "
            "input_ids, token_type_ids, attention_mask, ..."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .npz to write.")],
    family: Annotated[
        str | None, typer.Option(help="bert4keras' model name: do as bert4keras does.")
    ] = None,
    application: AsApplication = None,
    options: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="bert4keras' keyword arguments."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write every hidden state and head output of a checkpoint for given arrays.

    They have the names of the library that the checkpoint comes from, so that a
    conversion can be compared with another implementation, array by array. Outputs of
    heads are logits: what stands before softmax or sigmoid, with --family too.
    """
    keywords = json_object("--options", options)
    check_file(out, overwrite)
    arrays = read_arrays("--inputs", inputs)
    prepare()
    import numpy as np

    from kewen.models.trace import trace as run

    results: dict[str, Any] = run(
        folder,
        arrays,
        family=family,
        application=application and application.value,
        options=keywords,
    )
    with atomic_write(out, overwrite=overwrite) as file:
        np.savez(file, **results)
    say(f"Wrote {len(results)} arrays to {out}: {', '.join(results)}.")
