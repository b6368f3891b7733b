"""The child process that draws a Keras model as an OpenVINO graph.

    python -P -m kewen.engines.openvino_drawing IN.keras OUT.xml

with `KERAS_BACKEND=openvino`. There each op of Keras adds a node to a graph instead of
computing; one call of the model on symbolic inputs is the whole export. Keras' own
`model.export(format="openvino")` makes that call with inputs of length 1 and frees the
lengths afterwards: what a layer asks of the shape is then 1 for ever, and every text
got the vector of position 0 (docs/design/engines.md). Here lengths are free from the
start.
"""

import os
import sys
from importlib import import_module
from typing import Any

import keras
import openvino
from openvino import opset16 as opset

import kewen.layers
import kewen.models  # noqa: F401


def draw(model: keras.Model) -> openvino.Model:
    """The model as a graph; batch and length are free."""
    core: Any = import_module("keras.src.backend.openvino.core")
    parameters = {}
    for tensor in model.inputs:
        shape = [-1 if size is None else size for size in tensor.shape]
        node = opset.parameter(
            openvino.PartialShape(shape), core.OPENVINO_DTYPES[tensor.dtype]
        )
        node.set_friendly_name(tensor.name)
        node.output(0).tensor.set_names({tensor.name})
        parameters[tensor.name] = node
    output = model(
        {
            name: core.OpenVINOKerasTensor(node.output(0))
            for name, node in parameters.items()
        }
    )
    outputs = output if isinstance(output, dict) else {"last_hidden_state": output}
    results = []
    for name, tensor in outputs.items():
        tensor.output.tensor.add_names({name})
        results.append(opset.result(tensor.output))
    new_graph: Any = openvino.Model  # whose own types do not agree with each other
    return new_graph(results, list(parameters.values()))


def _norm_in_one_node(layer: Any, inputs: Any) -> Any:
    """`LayerNormalization.call` as OpenVINO's own node, where Keras draws eight.

    They give the same; OpenVINO recognises no norm in the eight and runs each apart.
    """
    core: Any = import_module("keras.src.backend.openvino.core")
    if layer.rms_scaling or layer.axis not in (-1, [-1], (-1,)):
        return _KERAS_NORM(layer, inputs)
    data = core.get_ov_output(inputs)
    axes = opset.constant([-1], openvino.Type.i32)
    out = opset.mvn(data, axes, True, float(layer.epsilon), "inside_sqrt")
    if layer.gamma is not None:
        out = opset.multiply(out, core.get_ov_output(layer.gamma))
    if layer.beta is not None:
        out = opset.add(out, core.get_ov_output(layer.beta))
    return core.OpenVINOKerasTensor(out.output(0))


_KERAS_NORM = keras.layers.LayerNormalization.call


def main() -> None:
    """Read the model, draw it, write .xml and .bin."""
    source, target = sys.argv[1:]
    norm: Any = keras.layers.LayerNormalization
    norm.call = _norm_in_one_node
    model: Any = keras.saving.load_model(source, compile=False)
    openvino.serialize(draw(model), target)


if __name__ == "__main__" and os.environ.get("KERAS_BACKEND") == "openvino":
    main()
