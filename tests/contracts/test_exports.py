"""OpenVINO's and ONNX Runtime's answers are Keras' for every family."""

import numpy as np
import pytest
from subjects import FAMILIES, inputs_of

from kewen.engines.exporting import export_model
from kewen.errors import EngineError

# Torch's exporter refuses the one, and writes a graph that is none for the other.
NO_ONNX = ("gau_alpha", "deberta")
pytestmark = pytest.mark.slow
ROWS = pytest.mark.parametrize("row", FAMILIES, ids=str)


def check(row, model, run):
    """`run` takes inputs by name and gives outputs by name."""
    given = inputs_of(model)
    wanted = model.predict_on_batch(given)
    for name, array in run(given).items():
        np.testing.assert_allclose(array, wanted[name], rtol=1e-3, atol=1e-3)


@ROWS
def test_openvino_answers_as_keras_does(row, tmp_path):
    openvino = pytest.importorskip("openvino")
    model = row.made(heads=(row.head,))
    export_model(model, tmp_path / "m.xml")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(tmp_path / "m.xml", "CPU", exact)

    def run(given):
        made = compiled(given)
        return {name: made[name] for name in model.output}

    check(row, model, run)


@ROWS
def test_onnx_runtime_answers_as_keras_does(row, tmp_path):
    for package in ("torch", "onnx", "onnxscript"):
        pytest.importorskip(package)
    onnxruntime = pytest.importorskip("onnxruntime")
    model = row.made(heads=(row.head,))
    if row.name in NO_ONNX:
        with pytest.raises(EngineError, match="drawn with Keras on torch"):
            export_model(model, tmp_path / "m.onnx")
        return
    export_model(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    names = [output.name for output in session.get_outputs()]
    run = lambda given: dict(zip(names, session.run(None, given), strict=True))
    check(row, model, run)
