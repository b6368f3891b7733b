"""`kewen export`: a model as a file for other runtimes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kewen.cli.guard import say
from kewen.cli.options import AsApplication, Folder, Overwrite
from kewen.cli.surroundings import prepare

EXAMPLES = """
kewen export bert-base-chinese bert.onnx
kewen export bert-base-chinese bert.xml --overwrite
kewen export mt5-small encoder.onnx --application encoder
"""


def export(
    folder: Folder,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The file: .onnx, or .xml for OpenVINO (with a .bin)."
        ),
    ],
    application: AsApplication = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a model, with the heads that it has, for ONNX Runtime or OpenVINO.

    Batch and length stay free. Needs the extra [onnx], or [export] for OpenVINO.
    """
    prepare()
    from kewen.engines.exporting import export_model
    from kewen.models import load

    model = load(
        folder,
        application=application and application.value,
        tokenizer=False,
        dtype="float32",
    ).model
    written = export_model(model, out, overwrite)
    inputs = model.inputs_by_name.items()
    shapes = ", ".join(f"{name} {_shape(name, tensor)}" for name, tensor in inputs)
    say(f"Wrote {', '.join(map(str, written))}. Inputs: {shapes}.")


def _shape(name: str, tensor: Any) -> str:
    """Of an input: "(batch, length)"; a decoder's length is another."""
    length = "decoder_length" if name.startswith("decoder_") else "length"
    free = ["batch", *[length] * (len(tensor.shape) - 1)]
    sizes = [
        name if size is None else str(size)
        for name, size in zip(free, tensor.shape, strict=True)
    ]
    return f"({', '.join(sizes)})"
