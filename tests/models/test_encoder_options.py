"""What BERT can be asked for beyond BERT: each option, and where ours differs."""

import json
import shutil

import keras
import numpy as np
import pytest
from beyond_transformers import warned
from golden_cases import Pass

import kewen
from kewen.errors import ConfigError, ShapeError
from kewen.models import Backbone, family
from kewen.models.bert import BertConfig
from kewen.models.bert4keras_layers import set_weights
from kewen.models.trace import trace

REAL = Pass("bert4keras", "bert_residual_attention")
HIERARCHICAL = Pass("bert4keras", "bert_hierarchical")
CONDITIONAL = Pass("bert4keras", "bert_layer_norm_cond")


def close(got, wanted, limit=1e-5):
    np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)


def with_keys(source, tmp_path, **keys):
    """A copy of a folder whose config.json says more."""
    folder = tmp_path / "model"
    shutil.copytree(source, folder)
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**said, **keys}))
    return folder


def test_residual_scores_differ_from_the_original_from_the_third_layer_on(tmp_path):
    folder = with_keys(REAL.folder, tmp_path, residual_attention_scores=True)
    ours = trace(folder, REAL.inputs)
    theirs, is_token = REAL.expected, REAL.is_token
    for i in (0, 1):
        name = f"hidden_layer_{i}"
        close(ours[name][is_token], theirs[name][is_token], 1e-4)
    gap = np.abs(ours["hidden_layer_2"] - theirs["hidden_layer_2"])[is_token]
    assert gap.max() > 1e-2


def test_residual_scores_are_those_of_all_layers_before():
    model = kewen.load(REAL.folder, options={"residual_attention": "cumulative"}).model
    shown = model.redrawn(collect=["hidden_states", "attention_scores"])
    inputs = {name: a.astype("int32") for name, a in REAL.inputs.items()}
    inputs["padding_mask"] = REAL.is_token
    run = shown.predict_on_batch(inputs)
    total = 0.0
    for i in range(3):
        layer = shown.get_layer(f"block_{i}_attention")
        total = total + keras.ops.convert_to_numpy(
            layer(run[f"hidden_{i}"], return_logits=True)[1]
        )
        powers = np.exp(total - total.max(-1, keepdims=True))
        powers = powers * REAL.is_token[:, None, None]
        close(run[f"attention_{i}"], powers / powers.sum(-1, keepdims=True))


def test_residual_scores_go_with_a_causal_mask_which_the_original_cannot():
    run = trace(REAL.folder, REAL.inputs, family="bert", application="lm")
    model = kewen.load(
        REAL.folder, application="lm", options={"residual_attention": "previous"}
    ).model
    inputs = {name: a.astype("int32") for name, a in REAL.inputs.items()}
    inputs["padding_mask"] = REAL.is_token
    inputs["token_ids"][:, -1] = 7
    got = model.redrawn(heads=()).predict_on_batch(inputs)
    assert np.isfinite(got).all() and got.shape == run["hidden_layer_2"].shape


def test_config_that_asks_for_hierarchical_positions_gets_them(tmp_path):
    folder = with_keys(HIERARCHICAL.folder, tmp_path, hierarchical_position=True)
    config = kewen.load(folder).config
    assert config.hierarchical_positions == 0.4
    assert config.longest_text == 144
    got = trace(folder, HIERARCHICAL.inputs)["hidden_layer_1"]
    is_token = HIERARCHICAL.is_token
    close(got[is_token], HIERARCHICAL.expected["hidden_layer_1"][is_token], 1e-4)


def test_text_longer_than_all_hierarchical_positions_is_refused(tmp_path):
    folder = with_keys(HIERARCHICAL.folder, tmp_path, hierarchical_position=0.3)
    with pytest.raises(ShapeError, match="at most 144"):
        trace(folder, {"token_ids": np.full((1, 145), 7)})


def test_options_beyond_huggingfaces_keys_come_back_from_kewen_json(tmp_path):
    folder = with_keys(REAL.folder, tmp_path, residual_attention_scores=True)
    model = kewen.load(folder)
    with warned("residual_attention in the config"):
        model.save(tmp_path / "out")
    said = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "residual_attention_scores" not in said
    assert kewen.load(tmp_path / "out").config == model.config


def conditional_inputs(condition=None):
    given = {k: v for k, v in CONDITIONAL.inputs.items() if "weight_" not in k}
    inputs = {
        "token_ids": given["token_ids"].astype("int32"),
        "segment_ids": given["segment_ids"].astype("int32"),
        "padding_mask": CONDITIONAL.is_token,
    }
    return inputs if condition is None else {**inputs, "condition": condition}


def conditional_model():
    """With projections, which the original's checkpoint has lost."""
    pretrained = kewen.load(CONDITIONAL.folder, options={"condition_dim": 10})
    values = CONDITIONAL.arrays("weight")
    set_weights(
        pretrained.model, {k.removeprefix("weight_"): v for k, v in values.items()}
    )
    return pretrained


def test_new_projections_are_in_the_account_and_change_nothing():
    pretrained = kewen.load(CONDITIONAL.folder, options={"condition_dim": 10})
    fresh = pretrained.account.fresh
    assert "mlm_norm/condition_beta/kernel" in fresh
    assert len(fresh) == 2 * (2 + 2 * 2)
    plain = kewen.load(CONDITIONAL.folder).model.predict_on_batch(conditional_inputs())
    ones = np.ones((len(CONDITIONAL.is_token), 10), "float32")
    got = pretrained.model.predict_on_batch(conditional_inputs(ones))
    close(got["mlm_logits"], plain["mlm_logits"], 1e-4)


@pytest.mark.parametrize("format", ["hf", "tf1", "keras"])
def test_projections_are_saved_which_the_original_loses(format, tmp_path):
    pretrained = conditional_model()
    with warned("condition_dim in the config" if format == "hf" else ""):
        pretrained.save(tmp_path / "out", format=format)
    again = kewen.load(tmp_path / "out").model.weights_by_path()
    for path, weight in pretrained.model.weights_by_path().items():
        assert (
            keras.ops.convert_to_numpy(weight)
            == keras.ops.convert_to_numpy(again[path])
        ).all(), path


def test_hidden_layer_of_a_condition_is_new_and_not_zero():
    options = {"condition_dim": 10, "condition_hidden_dim": 6}
    model = kewen.load(CONDITIONAL.folder, options=options).model
    kernel = model.get_layer("embeddings_norm").condition_hidden.kernel
    assert tuple(kernel.shape) == (10, 6)
    assert keras.ops.convert_to_numpy(kernel).std() > 0.01


def test_condition_must_be_given_and_fit():
    ids = {k: v for k, v in CONDITIONAL.inputs.items() if k == "token_ids"}
    with pytest.raises(ShapeError, match=r"condition must be \(B, K\)"):
        trace(CONDITIONAL.folder, {**ids, "condition": np.zeros(3)}, family="bert")
    with pytest.raises(ConfigError, match=r"needs more inputs: condition, .*10"):
        options = {"layer_norm_cond": 10}
        trace(CONDITIONAL.folder, ids, family="bert", options=options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("weight_MLM-Norm_9", "a number from 0 to 3 for MLM-Norm.*MLM-Norm_9"),
        ("weight_MLM-Gate_2", "A layer of bert4keras must be.*'MLM-Gate'"),
        ("weight_MLM-Norm_2", r"must have the shape \(10, 24\).*\(1, 2\)"),
    ],
)
def test_weight_that_the_model_lacks_is_refused(name, message):
    inputs = {k: v for k, v in CONDITIONAL.inputs.items() if "weight_" not in k}
    options = {"with_mlm": True}
    with pytest.raises(ConfigError, match=message):
        trace(
            CONDITIONAL.folder,
            {**inputs, name: np.zeros((1, 2))},
            family="bert",
            options=options,
        )


def test_weights_need_the_name_of_the_original():
    with pytest.raises(ConfigError, match=r"Arrays of weights.*--family"):
        trace(CONDITIONAL.folder, CONDITIONAL.inputs)


SIZES = {
    "vocabulary_size": 20,
    "hidden_dim": 8,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_dim": 12,
    "max_length": 16,
}


@pytest.mark.parametrize(
    "options",
    [
        {"embedding_dim": 4},
        {"head_dim": 6, "key_dim": 3},
        {"activation": ["gelu", "linear"]},
        {"shared_segments": True},
        {"segment_vocabulary_size": 0},
        {"use_bias": False},
        {"attention_normalization": "softmax_plus"},
        {"pooler_activation": "linear"},
        {"norm": "rms"},
        {"residual_attention": "cumulative"},
    ],
    ids=str,
)
def test_network_of_other_build_is_saved_and_loaded(options, tmp_path):
    config = BertConfig(**SIZES, **options)
    model = Backbone(config, heads=["pooler", "masked_lm"])
    pretrained = kewen.models.Pretrained(model=model)
    with warned(f"{', '.join(options)} in the config"):
        pretrained.save(tmp_path / "out")
    assert type_in(tmp_path / "out") == "kewen_bert"
    again = kewen.load(tmp_path / "out")
    assert again.config == config
    assert again.config_json["model_type"] == "bert"
    ids = np.array([[2, 5, 7, 3]], "int32")
    inputs = {
        "token_ids": ids,
        "segment_ids": np.array([[0, 0, 1, 1]], "int32"),
        "padding_mask": ids > 0,
    }
    inputs = {name: inputs[name] for name in model.inputs_by_name}
    got, wanted = (m.predict_on_batch(inputs) for m in (again.model, model))
    for name, array in wanted.items():
        close(got[name], array)


def type_in(folder):
    return json.loads((folder / "config.json").read_text())["model_type"]


@pytest.mark.parametrize("format", ["tf1", "keras"])
def test_model_type_stays_where_transformers_does_not_read(format, tmp_path):
    model = Backbone(BertConfig(**SIZES, residual_attention="previous"))
    kewen.models.Pretrained(model=model).save(tmp_path / "out", format=format)
    assert type_in(tmp_path / "out") == "bert"


def test_network_of_other_build_needs_its_kewen_json(tmp_path):
    model = Backbone(BertConfig(**SIZES, norm="rms"))
    with warned("norm in the config"):
        kewen.models.Pretrained(model=model).save(tmp_path / "out")
    (tmp_path / "out" / "kewen.json").unlink()
    with pytest.raises(ConfigError, match=r"kewen_bert.*no kewen\.json.*Copy"):
        kewen.load(tmp_path / "out")


def test_what_no_answer_depends_on_is_saved_as_transformers_has_it(tmp_path):
    config = BertConfig(**SIZES, pooler_activation="linear", initializer_order=2)
    kewen.models.Pretrained(model=Backbone(config)).save(tmp_path / "out")  # no pooler
    assert type_in(tmp_path / "out") == "bert"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch and transformers
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bert", {"residual_attention": "cumulative"}),
        ("bert", {"attention_normalization": "squared_relu"}),
        ("bert", {"norm": "rms"}),
        ("bert", {"use_bias": False}),
        ("bert", {"condition_dim": 5}),
        ("bert", {"segment_vocabulary_size": 0}),
        ("t5", {"cross_position_bias": True}),
        ("mt5", {"scale_head": True}),
    ],
    ids=str,
)
def test_transformers_does_not_take_another_network_for_its_own(
    name, options, tmp_path
):
    transformers = pytest.importorskip("transformers")
    sizes = {k: v for k, v in SIZES.items() if "t5" not in name or k != "max_length"}
    model = Backbone(family(name).config(**sizes, **options))
    kewen.models.Pretrained(model=model).save(tmp_path / "out")
    with pytest.raises(ValueError, match=f"kewen_{name}"):
        transformers.AutoModel.from_pretrained(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch and transformers
def test_transformers_computes_the_same_within_the_table_of_hierarchical_positions(
    tmp_path,
):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    folder = with_keys(REAL.folder, tmp_path, hierarchical_position=0.4)
    model = kewen.load(folder)
    model.save(tmp_path / "out")
    ids = np.array([[2, 5, 7, 9, 3]], "int32")
    theirs = transformers.AutoModel.from_pretrained(tmp_path / "out").eval()
    with torch.no_grad():
        wanted = theirs(torch.tensor(ids)).last_hidden_state.numpy()
    inputs = {
        "token_ids": ids,
        "segment_ids": np.zeros_like(ids),
        "padding_mask": ids > 0,
    }
    close(model.backbone.predict_on_batch(inputs), wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"residual_attention": True}, r"residual_attention.*'cumulative'.*True"),
        ({"hierarchical_positions": 1.5}, "alpha of hierarchical.*1.5"),
        ({"attention_normalization": "max"}, "normalization of attention.*'max'"),
        ({"activation": []}, r"activation \(hidden_act\) must be a name.*\[\]"),
        ({"activation": ["gelu", "glu"]}, "activation must be one of.*'glu'"),
        ({"condition_dim": 0}, "condition_dim must be a whole number from 1"),
        ({"norm": "batch"}, "norm must be one of.*'batch'"),
        ({"norm": "rms", "condition_dim": 3}, "A condition needs weights"),
        ({"head_dim": -1}, r"head_dim \(attention_head_size\) must be a whole"),
    ],
    ids=str,
)
def test_option_that_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        BertConfig(**SIZES, **options)


def test_position_ids_are_refused_where_only_distances_count():
    with pytest.raises(ConfigError, match=r"NEZHA .* takes no position_ids"):
        Backbone(family("nezha").config(**SIZES), position_input=True)


def test_nezha_of_the_original_has_positions_that_it_does_not_look_at():
    nezha = Pass("bert4keras", "nezha")
    inputs = {**nezha.inputs, "position_ids": np.zeros_like(nezha.inputs["token_ids"])}
    options = {"with_mlm": True, "custom_position_ids": True}
    got = trace(nezha.folder, inputs, family="nezha", options=options)
    wanted = nezha.expected["hidden_layer_1"][nezha.is_token]
    close(got["hidden_layer_1"][nezha.is_token], wanted, 1e-4)


def test_order_of_a_permuted_model_is_saved_with_it_and_must_be_given(tmp_path):
    model = Backbone(BertConfig(**SIZES), application="permuted")
    kewen.models.Pretrained(model=model).save(tmp_path / "out")
    ids = {"token_ids": np.array([[2, 5, 7, 3]])}
    with pytest.raises(ConfigError, match="needs more inputs: generation_order"):
        trace(tmp_path / "out", ids)
    with pytest.raises(ConfigError, match="generation_order must be from 0 to 3"):
        trace(tmp_path / "out", {**ids, "generation_order": np.array([[0, 1, 2, 4]])})
    orders = [[0, 1, 2, 3], [0, 3, 2, 1]]
    one, other = (
        trace(tmp_path / "out", {**ids, "generation_order": np.array([order])})
        for order in orders
    )
    assert np.abs(one["hidden_2"] - other["hidden_2"]).max() > 1e-6


@pytest.mark.parametrize("name", ["albert", "electra", "roformer", "bert"])
def test_usual_networks_are_saved_without_a_warning(name):
    config = family(name).config(**SIZES, head_dim=4)
    assert config.beyond_transformers() == []
