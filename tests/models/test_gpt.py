"""What GPT and GPT-2 do that no recorded case shows."""

import json
import shutil

import numpy as np
import pytest
from beyond_transformers import warned
from golden_cases import GOLDEN, Pass

import kewen
from kewen.checkpoints import open_checkpoint, write_safetensors
from kewen.errors import ConfigError, ShapeError
from kewen.models import Backbone, family
from kewen.models.bert4keras import recipe
from kewen.models.trace import trace

HF = GOLDEN / "huggingface"
SIZES = {"vocabulary_size": 20, "hidden_dim": 8, "num_heads": 2, "num_layers": 1}


def left_padded(case):
    with np.load(HF / case / "expected.npz") as file:
        return {
            "token_ids": file["input_left_input_ids"],
            "padding_mask": file["input_left_attention_mask"],
        }, file["output_left_logits"]


@pytest.mark.parametrize("case", ["gpt2", "openai_gpt"])
def test_positions_count_the_tokens_by_default(case):
    """The recorded run was given positions that begin with the first token."""
    inputs, wanted = left_padded(case)
    is_token = inputs["padding_mask"].astype(bool)
    model = kewen.load(HF / case).model
    got = model.predict_on_batch({**inputs, "padding_mask": is_token})["lm_logits"]
    np.testing.assert_allclose(got[is_token], wanted[is_token], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", ["gpt2", "openai_gpt"])
def test_trace_numbers_the_columns_as_the_original_does(case):
    inputs, _ = left_padded(case)
    ids = inputs["token_ids"]
    columns = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
    is_token = inputs["padding_mask"].astype(bool)
    got = trace(HF / case, inputs)["output_logits"][is_token]
    wanted = trace(HF / case, {**inputs, "position_ids": columns})["output_logits"]
    np.testing.assert_array_equal(got, wanted[is_token])


def with_tensors(case, folder, **more):
    """A copy of a golden folder with more tensors in it."""
    shutil.copytree(HF / case, folder)
    with open_checkpoint(folder) as file:
        tensors = {name: np.asarray(file[name]) for name in file}
    path = folder / "model.safetensors"
    write_safetensors(path, {**tensors, **more}, overwrite=True)
    return folder


def test_buffers_of_old_files_are_left_aside(tmp_path):
    buffers = {
        "transformer.h.0.attn.bias": np.tri(40, dtype="uint8")[None, None],
        "transformer.h.0.attn.masked_bias": np.float32(-1e4),
    }
    folder = with_tensors("gpt2", tmp_path / "old", **buffers)
    account = kewen.load(folder).account
    assert {each.name for each in account.skipped} == set(buffers)


def test_head_that_only_says_it_is_tied_is_found_out(tmp_path):
    other = {"lm_head.weight": np.ones((80, 32), "float32")}
    folder = with_tensors("gpt2", tmp_path / "other", **other)
    with pytest.raises(kewen.errors.WeightsError, match="lm_head"):
        kewen.load(folder)


def test_gelu_of_gpt_is_the_approximation_and_is_written_so(tmp_path):
    model = kewen.load(HF / "openai_gpt")
    assert model.config.activation == "gelu_new"
    model.save(tmp_path / "out")
    said = json.loads((tmp_path / "out" / "config.json").read_text())
    assert said["afn"] == "gelu"


def test_exact_gelu_is_not_written_as_the_approximation():
    config = family("gpt").config(**SIZES, activation="gelu")
    assert config.to_json()["afn"] == "gelu_erf"
    assert type(config).from_dict(config.as_dict()) == config


def test_speakers_are_rows_of_the_token_table():
    config = family("gpt").config(**SIZES, shared_segments=True)
    model = Backbone(config, collect=["hidden_states"])
    ids = np.array([[3, 4, 5]], "int32")
    inputs = {"token_ids": ids, "padding_mask": ids > 0}
    one, other = (
        model.predict_on_batch({**inputs, "segment_ids": 0 * ids + i})["hidden_0"]
        for i in (6, 7)
    )
    table = np.asarray(model.get_layer("token_embedding").embeddings)
    wanted = np.broadcast_to(table[6] - table[7], (1, 3, 8))
    np.testing.assert_allclose(one - other, wanted, rtol=1e-4, atol=1e-6)


def test_files_of_cdial_have_speakers_though_only_the_lack_of_a_table_says_so(tmp_path):
    given = Pass("bert4keras", "gpt_shared_segment")
    for path in given.folder.iterdir():  # as they are called there
        name = path.name.replace("bert_model", "gpt_model")
        name = name.replace("config.json", "gpt_config.json")
        if name != "case.json":
            shutil.copyfile(path, tmp_path / name)
    pretrained = kewen.load(tmp_path)
    assert pretrained.config.shared_segments
    assert pretrained.account.is_complete
    with warned("intermediate_dim, activation in the config"):  # 48 is not 4 * 24
        pretrained.save(tmp_path / "hf")
    for folder, name in ((tmp_path, "output_lm"), (tmp_path / "hf", "output_logits")):
        got = trace(folder, given.inputs)[name]
        got = given.comparable("output_lm", got)
        wanted = given.at_tokens("output_lm", given.expected["output_lm"])
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_segments_may_have_a_table_of_their_own():
    config = family("gpt").config(**SIZES, segment_vocabulary_size=2)
    paths = Backbone(config).weights_by_path()
    assert tuple(paths["segment_embedding/embeddings"].shape) == (2, 8)


def test_text_beyond_the_position_table_is_refused():
    model = kewen.load(HF / "gpt2").model
    ids = np.ones((1, 41), "int32")
    with pytest.raises(ShapeError, match="40"):
        model.predict_on_batch({"token_ids": ids, "padding_mask": ids > 0})


def test_cross_attention_is_refused(tmp_path):
    shutil.copytree(HF / "gpt2", tmp_path / "cross")
    path = tmp_path / "cross" / "config.json"
    said = json.loads(path.read_text()) | {"add_cross_attention": True}
    path.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match="add_cross_attention"):
        kewen.load(tmp_path / "cross")


def test_activation_after_the_scores_must_be_a_known_one():
    with pytest.raises(ConfigError, match="final_activation"):
        recipe("gpt2", None, {"final_activation": "cosine"}, {})
