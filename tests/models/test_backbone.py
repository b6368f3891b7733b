"""A backbone can be tapped, cut and shared by the names of its layers."""

import functools

import keras
import numpy as np
import pytest
from golden_cases import GOLDEN, Pass

import kewen
from kewen.errors import ConfigError

CASE = Pass("huggingface", "bert_mlm")


@functools.cache
def pretrained():
    return kewen.load(CASE.folder)


def inputs():
    return {name: CASE.inputs[name] for name in pretrained().model.inputs_by_name}


@functools.cache
def shown():
    """One run that shows everything there is to see."""
    both = ["hidden_states", "attention_scores"]
    return pretrained().model.redrawn(collect=both).predict_on_batch(inputs())


def test_inputs_are_named_ids_segments_and_mask():
    names = {"token_ids", "segment_ids", "padding_mask"}
    assert pretrained().model.inputs_by_name.keys() == names


def test_tap_needs_a_name():
    with pytest.raises(ConfigError, match=r"name of a layer.*Received: none"):
        pretrained().model.tap()


@pytest.mark.parametrize(
    ("name", "value"), [("token_ids", 80), ("segment_ids", 2), ("token_ids", -1)]
)
@pytest.mark.parametrize("how", ["__call__", "predict", "predict_on_batch"])
def test_id_that_no_table_has_is_refused_on_every_backend(name, value, how):
    wrong = {**inputs(), name: np.full_like(inputs()[name], value)}
    options = {"verbose": 0} if how == "predict" else {}
    with pytest.raises(ConfigError, match=f"^{name} must be from 0 to .*{value}"):
        getattr(pretrained().model, how)(wrong, **options)


def test_position_beyond_the_table_is_refused_and_the_last_one_is_not():
    model = pretrained().model.redrawn(position_input=True)
    rows = pretrained().config.max_length
    given = {**inputs(), "position_ids": np.full_like(inputs()["token_ids"], rows)}
    with pytest.raises(ConfigError, match=f"position_ids must be from 0 to {rows - 1}"):
        model.predict_on_batch(given)
    given["position_ids"] -= 1
    assert np.isfinite(model.predict_on_batch(given)["last_hidden_state"]).all()


@pytest.mark.parametrize(
    "case", ["deberta_v2_mlm", "llama_gqa_llama3", "modernbert_mlm"]
)
def test_positions_have_no_end_where_no_table_holds_them(case):
    model = kewen.load(GOLDEN / "huggingface" / case, tokenizer=False).model
    given = {
        "token_ids": np.full((1, 4), 7),
        "padding_mask": np.ones((1, 4), bool),
        "position_ids": np.array([[0, 1, 2, 4000]]),
    }
    shown = model.redrawn(position_input=True).predict_on_batch(given)
    assert np.isfinite(shown["last_hidden_state"]).all()


def test_tap_gives_the_named_layers_output():
    name = "block_0_feedforward_norm"
    tapped = pretrained().model.tap(name).predict_on_batch(inputs())
    np.testing.assert_allclose(tapped[name], shown()["hidden_1"], atol=1e-5)


def test_tap_of_an_unknown_layer_is_refused_by_name():
    with pytest.raises(ConfigError, match="'block_9'"):
        pretrained().model.tap("block_9")


def test_collected_scores_are_one_square_a_head():
    batch, length = CASE.inputs["token_ids"].shape
    heads = pretrained().config.num_heads
    assert shown()["attention_1"].shape == (batch, heads, length, length)


def test_collected_scores_sum_to_one():
    np.testing.assert_allclose(shown()["attention_0"].sum(-1), 1, atol=1e-5)


def test_collected_scores_of_padding_are_zero():
    is_pad = ~CASE.is_token
    scores = np.moveaxis(shown()["attention_0"], -1, 1)  # (B, S, H, T)
    assert (scores[is_pad] == 0).all()


def test_collecting_changes_no_output():
    np.testing.assert_allclose(
        shown()["mlm_logits"][CASE.is_token],
        CASE.expected["output_logits"][CASE.is_token],
        rtol=1e-4,
        atol=1e-4,
    )


def test_redrawn_shares_every_weight():
    model = pretrained().model
    ours, theirs = model.weights_by_path(), model.redrawn(heads=()).weights_by_path()
    assert all(theirs[path] is ours[path] for path in theirs)


def test_redrawn_without_heads_has_the_encoders_weights_alone():
    model = pretrained().model
    lost = (
        model.weights_by_path().keys() - pretrained().backbone.weights_by_path().keys()
    )
    assert lost == {
        "mlm_dense/kernel",
        "mlm_dense/bias",
        "mlm_norm/gamma",
        "mlm_norm/beta",
        "mlm_bias/bias",
    }


def test_backbone_gives_the_last_hidden_state_alone():
    assert list(pretrained().backbone.output.shape) == [None, None, 32]


def test_backbone_can_be_built_upon_with_its_weights_shared():
    backbone = pretrained().backbone
    top = keras.layers.Dense(2)(pretrained().backbone.output)
    model = keras.Model(pretrained().backbone.inputs, top)
    assert model.get_layer("block_1_attention") is backbone.get_layer(
        "block_1_attention"
    )


def test_backbone_of_another_model_is_another():
    before = kewen.Pretrained(model=pretrained().model)
    old = before.backbone
    before.model = before.model.redrawn(application="lm")
    assert before.backbone is not old
    assert before.backbone.application == "lm"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"heads": ["crystal_ball"]}, "'crystal_ball'"),
        ({"application": "decoder"}, "'decoder'"),
        ({"collect": ["gradients"]}, "'gradients'"),
    ],
)
def test_unknown_choice_is_refused_by_name(changes, said):
    with pytest.raises(ConfigError, match=said):
        pretrained().model.redrawn(**changes)
