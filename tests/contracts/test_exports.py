"""OpenVINO's and ONNX Runtime's answers are Keras' for every family."""

import numpy as np
import pytest
from subjects import ENCODER_DECODERS, FAMILIES, RNG, B, T, inputs_of

from kewen.engines.exporting import export_model

pytestmark = pytest.mark.slow
CASES = [(row, "whole") for row in FAMILIES]
CASES += [
    (row, part) for row in ENCODER_DECODERS for part in ("whole", "encoder", "decoder")
]
WITH_PARTS = pytest.mark.parametrize(
    ("row", "part"), CASES, ids=[f"{row}-{part}" for row, part in CASES]
)


def model_of(row, part):
    model = row.made(heads=(row.head,))
    return model if part == "whole" else getattr(model, part)()


def batch(model):
    """Inputs whose sides differ in length; the second row is padded."""
    side = {name: name.removeprefix("decoder_") for name in model.inputs_by_name}
    longer = T + 3
    ids = {
        "": RNG.integers(5, 20, (B, longer)),
        "decoder_": RNG.integers(5, 20, (B, T)),
    }
    if not any(name.startswith("decoder_") for name in side):
        return inputs_of(model)
    given = {}
    for name, kind in side.items():
        of_side = ids["decoder_" if name != kind else ""].astype("int32")
        if kind == "token_ids":
            given[name] = of_side
        elif kind == "padding_mask":
            given[name] = np.arange(of_side.shape[1]) < np.array([[99], [4]])
        else:
            width = model.config.hidden_dim
            given[name] = RNG.normal(size=(B, longer, width)).astype("float32")
    return given


def check(model, run):
    """`run` takes inputs by name and gives outputs by name."""
    given = batch(model)
    wanted = model.predict_on_batch(given)
    if not isinstance(wanted, dict):
        wanted = {"last_hidden_state": wanted}
    got = run(given)
    assert set(got) == set(wanted)
    for name, array in wanted.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-3, atol=1e-3)


@WITH_PARTS
def test_openvino_answers_as_keras_does(row, part, tmp_path):
    openvino = pytest.importorskip("openvino")
    model = model_of(row, part)
    export_model(model, tmp_path / "m.xml")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(tmp_path / "m.xml", "CPU", exact)

    def run(given):
        made = compiled(given)
        return {output.any_name: made[output] for output in compiled.outputs}

    check(model, run)


@WITH_PARTS
def test_onnx_runtime_answers_as_keras_does(row, part, tmp_path):
    for package in ("torch", "onnx", "onnxscript"):
        pytest.importorskip(package)
    onnxruntime = pytest.importorskip("onnxruntime")
    model = model_of(row, part)
    export_model(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    names = [output.name for output in session.get_outputs()]
    run = lambda given: dict(zip(names, session.run(None, given), strict=True))
    check(model, run)
