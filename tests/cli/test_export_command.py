"""`kewen export` on the command line."""

import pytest
from command_line import GOLDEN

FOLDER = GOLDEN / "huggingface" / "bert_mlm"


def test_export_says_what_it_wrote_and_what_goes_in(kewen, tmp_path):
    pytest.importorskip("openvino")
    ended = kewen("export", FOLDER, tmp_path / "m.xml")
    assert ended.code == 0
    assert (tmp_path / "m.bin").is_file()
    assert "token_ids (batch, length)" in ended.err


def test_export_of_a_half_says_the_shapes_of_both_sides(kewen, tmp_path):
    pytest.importorskip("openvino")
    folder = GOLDEN / "huggingface" / "t5"
    ended = kewen("export", folder, tmp_path / "m.xml", "--application", "decoder")
    assert ended.code == 0
    assert "decoder_token_ids (batch, decoder_length)" in ended.err
    assert "encoder_last_hidden_state (batch, length, 32)" in ended.err


def test_export_of_an_unknown_kind_names_the_known_ones(kewen, tmp_path):
    ended = kewen("export", FOLDER, tmp_path / "m.pb")
    assert ended.code == 2
    assert ".onnx, .xml" in ended.err
