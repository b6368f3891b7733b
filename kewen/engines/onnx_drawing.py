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

# What the model is traced at: batch, and length of each side; they stay free.
BATCH, LENGTHS = 2, {"": 8, "decoder_": 7}


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

    free = {
        side: {0: torch.export.Dim("batch"), 1: torch.export.Dim(f"{side}length")}
        for side in LENGTHS
    }
    example, shapes = [], []
    for name, tensor in inputs.items():
        side = "decoder_" if name.startswith("decoder_") else ""
        own = {i: free[side][i] for i, n in enumerate(tensor.shape) if n is None}
        at = {0: BATCH, 1: LENGTHS[side]}
        shape = [at[i] if i in own else n for i, n in enumerate(tensor.shape)]
        example.append(torch.from_numpy(np.ones(shape, tensor.dtype)))
        shapes.append(own)
    torch.onnx.export(
        Positional().eval(),
        tuple(example),
        str(target),
        dynamo=True,
        dynamic_shapes=(tuple(shapes),),
        input_names=list(inputs),
        output_names=names,
        external_data=False,  # one file, of at most 2 GB
        verbose=False,
    )
    # What torch wrote may still be no graph.
    checker: Any = import_module("onnx.checker")
    checker.check_model(str(target), full_check=True)


def mend_gathering() -> None:
    """Give Keras on torch ways to gather that torch's exporter can follow.

    Of its own, `take` out of a row becomes a graph that is none, and `take_along_axis`
    (DeBERTa's distances) one whose batch and length are those of the example.
    """
    torch: Any = import_module("torch")
    ours: Any = import_module("keras.src.backend.torch.numpy")
    keras_take = ours.take

    def take(x: Any, indices: Any, axis: int | None = None) -> Any:
        if axis == 0 and x.ndim == 1:
            return keras_take(x[:, None], indices, axis=0)[..., 0]
        return keras_take(x, indices, axis=axis)

    def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
        axis %= x.ndim
        indices = torch.where(indices < 0, indices + x.shape[axis], indices).long()
        both = zip(x.shape, indices.shape, strict=True)
        # A free size is no int, and comparing it would tie it to the example's.
        wide = [b if isinstance(a, int) and a == 1 else a for a, b in both]
        before, after = wide[:axis], wide[axis + 1 :]
        x = x.expand([*before, x.shape[axis], *after])
        indices = indices.expand([*before, indices.shape[axis], *after])
        return torch.gather(x, axis, indices)

    ours.take, ours.take_along_axis = take, take_along_axis


def main() -> None:
    """From the file named first to the one named second."""
    source, target = map(Path, sys.argv[1:])
    mend_gathering()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about names of axes
        model: Any = keras.saving.load_model(source, compile=False)
        draw(model, target)


if __name__ == "__main__":
    main()
