"""`kewen export`: a model as a file for other runtimes."""

from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import say
from kewen.cli.options import Folder, Overwrite
from kewen.cli.surroundings import prepare

EXAMPLES = """
kewen export bert-base-chinese bert.onnx
kewen export bert-base-chinese bert.xml --overwrite
"""


def export(
    folder: Folder,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The file: .onnx, or .xml for OpenVINO (with a .bin)."
        ),
    ],
    overwrite: Overwrite = False,
) -> None:
    """Write a model, with the heads that it has, for ONNX Runtime or OpenVINO.

    Batch and length stay free. Needs the extra [onnx], or [export] for OpenVINO.
    """
    prepare()
    from kewen.engines.exporting import export_model
    from kewen.models import load

    model = load(folder, tokenizer=False, dtype="float32").model
    written = export_model(model, out, overwrite)
    shapes = ", ".join(f"{name} (batch, length)" for name in model.inputs_by_name)
    say(f"Wrote {', '.join(map(str, written))}. Inputs: {shapes}.")
