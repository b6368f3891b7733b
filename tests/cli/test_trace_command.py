"""`kewen trace`: golden arrays by the command line, and inputs that cannot be."""

import numpy as np
import pytest
from command_line import GOLDEN

BERT4KERAS = GOLDEN / "bert4keras" / "bert_plain"


@pytest.fixture
def inputs(tmp_path):
    """The golden inputs as a user would save them."""
    with np.load(BERT4KERAS / "expected.npz", allow_pickle=False) as golden:
        arrays = {
            name.removeprefix("input_"): golden[name]
            for name in golden
            if name.startswith("input_")
        }
    np.savez(tmp_path / "in.npz", **arrays)
    return tmp_path / "in.npz"


def test_trace_writes_what_bert4keras_computed(kewen, inputs, tmp_path):
    out = tmp_path / "out.npz"
    arguments = ("--inputs", inputs, "--out", out, "--family", "bert")
    ended = kewen("trace", BERT4KERAS, *arguments)
    assert (ended.code, ended.out) == (0, "")
    with (
        np.load(BERT4KERAS / "expected.npz", allow_pickle=False) as golden,
        np.load(out, allow_pickle=False) as traced,
    ):
        names = {name for name in golden if not name.startswith("input_")}
        assert set(traced) == names
        for name in names:
            np.testing.assert_allclose(traced[name], golden[name], atol=1e-4)


def trace(kewen, tmp_path, inputs, *arguments):
    out = tmp_path / "out.npz"
    return kewen("trace", BERT4KERAS, "--inputs", inputs, "--out", out, *arguments)


def test_trace_refuses_to_overwrite(kewen, inputs, tmp_path):
    (tmp_path / "out.npz").write_bytes(b"precious")
    ended = trace(kewen, tmp_path, inputs)
    assert ended.code == 2
    assert "--overwrite" in ended.err
    assert (tmp_path / "out.npz").read_bytes() == b"precious"


def test_trace_names_missing_inputs(kewen, tmp_path):
    ended = trace(kewen, tmp_path, tmp_path / "nowhere.npz")
    assert ended.code == 2
    assert "nowhere.npz" in ended.err


def test_refused_command_leaves_no_folder_behind(kewen, tmp_path):
    out = tmp_path / "new" / "deep" / "out.npz"
    ended = kewen("trace", BERT4KERAS, "--inputs", tmp_path / "no.npz", "--out", out)
    assert ended.code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_trace_refuses_truncated_inputs(kewen, inputs, tmp_path, keep):
    inputs.write_bytes(inputs.read_bytes()[:keep])
    ended = trace(kewen, tmp_path, inputs)
    assert ended.code == 2
    assert str(inputs) in ended.err
    assert not (tmp_path / "out.npz").exists()


def test_trace_never_unpickles(kewen, tmp_path):
    inputs = tmp_path / "objects.npz"
    np.savez(inputs, token_ids=np.array([{}], dtype=object))
    ended = trace(kewen, tmp_path, inputs)
    assert ended.code == 2
    assert "never unpickled" in ended.err


REFUSED = [
    (["--options", "{broken"], "--options must be a JSON object"),
    (["--options", "3"], "--options must be a JSON object"),
    (["--options", '{"with_mlm": true}'], "--family"),
    (["--family", "bort"], "bort"),
    (["--application", "seq2seq"], "--application"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_trace_refuses_options_that_cannot_be(
    kewen, inputs, tmp_path, arguments, message
):
    ended = trace(kewen, tmp_path, inputs, *arguments)
    assert ended.code == 2
    assert message in ended.err
