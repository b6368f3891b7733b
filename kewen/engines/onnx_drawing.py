"""A `.keras` file drawn as ONNX, by torch; run as a program, with Keras on torch.

KERAS_BACKEND=torch python -m kewen.engines.onnx_drawing model.keras model.onnx
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

import kewen.models  # noqa: F401  registers what a file may name

EXAMPLE = (2, 8)  # batch and length that the model is traced at; both stay free


def draw(model: keras.Model, target: Path) -> None:
    """Write the graph and its weights, batch and length free.

    Inputs and outputs have the model's names; the output of a model that has only one
    is `last_hidden_state`.
    """
    torch: Any = import_module("torch")
    inputs = {tensor.name: tensor for tensor in model.inputs}
    outputs = model.output
    names = list(outputs) if isinstance(outputs, dict) else ["last_hidden_state"]

    class Positional(torch.nn.Module):
        """The exporter wants tensors one after the other, in and out."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> Any:
            made = self.model(dict(zip(inputs, tensors, strict=True)), training=False)
            return tuple(made[name] for name in names) if len(names) > 1 else made

    example = tuple(
        torch.from_numpy(np.ones(EXAMPLE, tensor.dtype)) for tensor in inputs.values()
    )
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    torch.onnx.export(
        Positional().eval(),
        example,
        str(target),
        dynamo=True,
        dynamic_shapes=(tuple(free for _ in inputs),),
        input_names=list(inputs),
        output_names=names,
        external_data=False,  # one file, of at most 2 GB
        verbose=False,
    )
    # What torch wrote may still be no graph (DeBERTa's indices of buckets are not).
    checker: Any = import_module("onnx.checker")
    checker.check_model(str(target), full_check=True)


def main() -> None:
    """From the file named first to the one named second."""
    source, target = map(Path, sys.argv[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about names of axes
        model: Any = keras.saving.load_model(source, compile=False)
        draw(model, target)


if __name__ == "__main__":
    main()
