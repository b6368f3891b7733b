"""Exports give what Keras gives, at any batch and length."""

import numpy as np
import pytest
from golden_cases import GOLDEN

import kewen
from kewen.engines.exporting import export_model
from kewen.errors import ConfigError, FileError, MissingExtraError

HF = GOLDEN / "huggingface"
SHAPES = [(2, 7), (3, 12), (1, 4)]


def inputs(model, rows, length):
    rng = np.random.default_rng(0)
    mask = np.ones((rows, length), bool)
    mask[-1, length // 2 :] = False
    given = {
        "token_ids": rng.integers(5, 60, (rows, length)).astype("int32"),
        "segment_ids": np.zeros((rows, length), "int32"),
        "padding_mask": mask,
    }
    return {name: given[name] for name in model.inputs_by_name}, mask


def check(model, run):
    """`run` takes inputs by name and gives outputs by name."""
    for rows, length in SHAPES:
        given, mask = inputs(model, rows, length)
        wanted, got = model.predict_on_batch(given), run(given)
        assert got.keys() == wanted.keys()
        for name, array in wanted.items():
            np.testing.assert_allclose(
                got[name][mask], array[mask], rtol=1e-3, atol=1e-4, err_msg=name
            )


CASES = ["bert_mlm", "qwen3"]


@pytest.mark.parametrize("case", CASES)
def test_openvino_file_gives_what_keras_gives(case, tmp_path):
    openvino = pytest.importorskip("openvino")
    model = kewen.load(HF / case).model
    written = export_model(model, tmp_path / "m.xml")
    assert [each.name for each in written] == ["m.xml", "m.bin"]
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(tmp_path / "m.xml", "CPU", exact)

    def run(given):
        made = compiled(given)
        return {name: made[name] for name in model.output}

    check(model, run)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_onnx_file_gives_what_keras_gives(case, tmp_path):
    for package in ("torch", "onnx", "onnxscript"):
        pytest.importorskip(package)
    onnxruntime = pytest.importorskip("onnxruntime")
    model = kewen.load(HF / case).model
    export_model(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    names = [output.name for output in session.get_outputs()]
    check(model, lambda given: dict(zip(names, session.run(None, given), strict=True)))


def test_other_suffix_names_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"\.onnx"):
        export_model(None, tmp_path / "m.tflite")


def test_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.engines.exporting.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\.\[onnx\]"):
        export_model(None, tmp_path / "m.onnx")


def test_file_that_is_there_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.engines.exporting.find_spec", lambda name: name)
    (tmp_path / "m.onnx").write_text("old", encoding="utf-8")
    with pytest.raises(FileError, match="overwrite"):
        export_model(None, tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_text(encoding="utf-8") == "old"
