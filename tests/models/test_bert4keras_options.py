"""bert4keras' model names and keyword arguments, one by one."""

import json
import shutil

import numpy as np
import pytest
from golden_cases import Pass

import kewen
from kewen.errors import ConfigError, ShapeError, WeightsError
from kewen.models.bert4keras import MODELS, recipe
from kewen.models.trace import trace

BERT = Pass("bert4keras", "bert_encoder")  # 80 tokens, with all heads
IDS = {"token_ids": np.array([[2, 5, 9, 7, 3]])}


def traced(**options):
    return trace(BERT.folder, IDS, family="bert", options=options)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_options_that_its_config_knows(name):
    made = recipe(name, None, {}, {})
    made.family.config(**made.fields)
    assert set(made.heads) <= set(made.family.heads)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"with_mln": True}, r"must be out of .*'with_mlm'.*Received: \['with_mln'\]"),
        ({"layers": {"a": 1}}, r"layers .*Backbone\(layers=\.\.\.\)"),
        ({"hidden_size": "wide"}, "hidden_dim .* whole number .*wide"),
        ({"keep_tokens": [0, 80]}, r"keep_tokens .* 0 to 79.* \[80\]"),
        ({"keep_tokens": []}, "keep_tokens .* none"),
        ({"keep_tokens": [0, True]}, r"keep_tokens .* \[True\]"),
        ({"compound_tokens": [[5, 80]]}, r"compound_tokens .* \[80\]"),
        ({"compound_tokens": [[]]}, r"compound_tokens must hold a list .*\[\]"),
        ({"compound_tokens": [7]}, "compound_tokens must hold a list .*7"),
        (
            {"compound_tokens": [{"ids": [5, 6], "weights": [1]}]},
            r"one for each id.* 2 ids, weights \[1\.0\]",
        ),
        ({"custom_position_ids": True}, "position_ids must be among the inputs"),
    ],
    ids=str,
)
def test_option_that_cannot_be_is_refused_in_one_paragraph(options, message):
    with pytest.raises(ConfigError, match=message) as error:
        traced(**options)
    assert "\n" not in str(error.value)


def test_compound_token_is_made_of_tokens_that_are_kept():
    with pytest.raises(ConfigError, match=r"compound_tokens .* 0 to 9.* \[10\]"):
        traced(keep_tokens=list(range(10)), compound_tokens=[[5, 10]])


def test_other_length_than_the_one_asked_for_is_refused():
    traced(sequence_length=5)
    with pytest.raises(ShapeError, match=r"must have 6 columns.*Received: 5"):
        traced(sequence_length=6)


def test_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'bert'.*Received: 'bart'"):
        trace(BERT.folder, IDS, family="bart")


def test_position_ids_are_no_input_unless_asked_for():
    with pytest.raises(ConfigError, match="position_ids must be among the inputs if"):
        trace(BERT.folder, {**IDS, "position_ids": IDS["token_ids"]}, family="bert")


def test_config_file_may_hold_options_and_arguments_replace_them(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(BERT.folder, folder)
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**said, "with_mlm": True}))
    assert "output_mlm" in trace(folder, IDS, family="bert")
    without = trace(folder, IDS, family="bert", options={"with_mlm": False})
    assert "output_mlm" not in without


def test_name_of_an_activation_changes_the_pooled_vector():
    tanh, linear = (
        traced(with_pool=given)["output_pool"] for given in (True, "linear")
    )
    np.testing.assert_allclose(np.tanh(linear), tanh, rtol=1e-4, atol=1e-5)
    assert np.abs(linear - tanh).max() > 1e-3


def test_kept_tokens_have_the_scores_of_the_whole_model():
    kept = [0, 2, 3, 5, 7, 9, 11]
    ids = np.array([[kept.index(i) for i in IDS["token_ids"][0]]])
    few = trace(
        BERT.folder,
        {"token_ids": ids},
        family="bert",
        options={"with_mlm": True, "keep_tokens": kept},
    )
    everything = traced(with_mlm=True)["output_mlm"]
    np.testing.assert_allclose(few["output_mlm"], everything[..., kept], atol=1e-5)


def test_first_layers_of_a_checkpoint_are_a_model_of_their_own():
    inputs, wanted = BERT.inputs, BERT.expected["hidden_layer_0"]
    options = {"num_hidden_layers": 1}
    got = trace(BERT.folder, inputs, family="bert", options=options)
    assert "hidden_layer_1" not in got
    np.testing.assert_allclose(
        got["hidden_layer_0"][BERT.is_token], wanted[BERT.is_token], atol=1e-4
    )


def test_model_without_segments_leaves_their_table_in_the_file():
    pretrained = kewen.load(BERT.folder)
    table = pretrained.model.get_layer("segment_embedding").embeddings
    table.assign(np.zeros(table.shape))
    ids = IDS["token_ids"].astype("int32")
    shown = pretrained.model.redrawn(heads=(), collect=["hidden_states"])
    run = shown.predict_on_batch(
        {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": ids > 0}
    )
    got = traced(segment_vocab_size=0)["hidden_embedding"]
    np.testing.assert_allclose(got, run["hidden_0"], atol=1e-5)


def test_more_layers_than_the_checkpoint_has_are_refused_unless_told_to_go_on():
    with pytest.raises(WeightsError, match="missing"):
        traced(num_hidden_layers=5)
    assert "hidden_layer_4" in traced(num_hidden_layers=5, ignore_invalid_weights=True)
