"""What the encoders promise beyond parity: files both ways, sharing, both networks."""

import json
import shutil

import keras
import numpy as np
import pytest
from beyond_transformers import warned_of_family
from golden_cases import GOLDEN, Pass

import kewen
from kewen.checkpoints import open_checkpoint, write_tf_bundle
from kewen.errors import ConfigError, WeightsError
from kewen.models import Backbone, Pretrained, family
from kewen.models.albert import unshared
from kewen.models.convert import convert
from kewen.models.trace import trace

HF = GOLDEN / "huggingface"
TF = GOLDEN / "bert4keras"
# Case -> the name without which its tensors' names do not tell the family.
BUNDLES = {
    "albert": None,
    "electra_discriminator": None,
    "nezha": "nezha",
    "roformer": "roformer",
    "roformer_v2": None,
}


def tensors(folder):
    with open_checkpoint(folder) as file:
        return {name: np.asarray(file[name]) for name in file}


def same(one, other):
    assert one.keys() == other.keys()
    assert all((array == other[name]).all() for name, array in one.items())


def test_family_that_names_do_not_tell_must_be_named():
    with pytest.raises(ConfigError, match=r"from RoFormer.*family='nezha'.*--family"):
        kewen.load(TF / "nezha")


def test_family_that_is_named_is_that_of_the_files():
    pretrained = kewen.load(TF / "nezha", family="nezha")
    assert pretrained.config.family == "nezha"
    assert pretrained.account is not None and pretrained.account.is_complete
    # As bert4keras has it, which loads Chinese RoBERTas, BERTs all of them, so.
    assert kewen.load(TF / "bert_plain", family="roberta").config.family == "bert"
    with pytest.raises(ConfigError, match="say electra"):
        kewen.load(HF / "electra_mlm", family="bert")


def test_keras_file_of_another_family_than_is_named_is_refused(tmp_path):
    kewen.load(HF / "electra_mlm").save(tmp_path / "out", format="keras")
    assert kewen.load(tmp_path / "out", family="electra").config.family == "electra"
    with pytest.raises(ConfigError, match="a model of electra"):
        kewen.load(tmp_path / "out", family="bert")


def test_roformers_table_of_angles_is_the_files_own(tmp_path):
    # transformers reads the table, whatever it holds; bert4keras computes it.
    assert kewen.load(HF / "roformer_mlm").config.rotary_table
    plain = kewen.load(TF / "roformer", use=family("roformer"))
    assert not plain.config.rotary_table
    assert plain.config.longest_text > 10**6


def test_new_table_of_angles_is_what_is_computed():
    sizes = {"hidden_dim": 16, "num_heads": 2, "num_layers": 1, "vocabulary_size": 9}
    config = family("roformer").config
    table, computed = (
        Backbone(config(**sizes, intermediate_dim=8, max_length=12, rotary_table=given))
        for given in (True, False)
    )
    values = computed.weights_by_path()
    for path, weight in table.weights_by_path().items():
        if path in values:
            weight.assign(np.asarray(values[path]))
    ids = np.array([[2, 5, 7, 3, 8]], "int32")
    inputs = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": ids > 0}
    got, wanted = (model.predict_on_batch(inputs) for model in (table, computed))
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


ALBERT = Pass("bert4keras", "albert_unshared")


def unshared_albert():
    pretrained = kewen.load(ALBERT.folder)
    model = unshared(pretrained.model)
    return Pretrained(model=model, config_json=pretrained.config_json)


@pytest.mark.parametrize("format", ["hf", "tf1", "keras"])
def test_blocks_of_an_unshared_albert_stay_apart_which_the_original_loses(
    format, tmp_path
):
    pretrained = unshared_albert()
    path = "block_1_feedforward/inner/bias"
    weights = pretrained.model.weights_by_path()
    weights[path].assign(np.asarray(weights[path]) + 1)
    pretrained.save(tmp_path / "out", format=format)
    again = kewen.load(tmp_path / "out").model.weights_by_path()
    assert again.keys() == weights.keys()
    for name, weight in weights.items():
        assert (np.asarray(weight) == np.asarray(again[name])).all(), name
    others = np.asarray(again[path.replace("1", "2", 1)])
    assert (np.asarray(again[path]) != others).all()


def test_blocks_of_a_shared_albert_are_one():
    model = kewen.load(ALBERT.folder).model
    names = {path.partition("/")[0] for path in model.weights_by_path()}
    blocks = {name for name in names if name.startswith("block_")}
    assert {name.split("_")[1] for name in blocks} == {"0"}
    assert len(unshared(model).weights) > len(model.weights)


def narrowed(name, array):
    """Of width 8 on every side but that of the tables."""
    array = array[..., :8]
    return array if array.ndim == 1 or "project" in name else array[:8]


def both_networks(tmp_path):
    """A folder as Google's training of ELECTRA leaves it: the tables are shared."""
    folder = tmp_path / "both"
    shutil.copytree(TF / "electra_discriminator", folder)
    held = tensors(folder)
    size = held["electra/embeddings/word_embeddings"].shape[0]
    own = ("electra/encoder/", "electra/embeddings_project/")
    small = {
        f"generator/{name.removeprefix('electra/')}": narrowed(name, array)
        for name, array in held.items()
        if name.startswith(own)
    }
    head = {
        "generator_predictions/dense/kernel": np.ones((8, 16), "float32"),
        "generator_predictions/dense/bias": np.ones(16, "float32"),
        "generator_predictions/LayerNorm/gamma": np.ones(16, "float32"),
        "generator_predictions/LayerNorm/beta": np.ones(16, "float32"),
        "generator_predictions/output_bias": np.ones(size, "float32"),
    }
    write_tf_bundle(
        folder / "bert_model.ckpt", {**held, **small, **head}, overwrite=True
    )
    return folder


def test_discriminator_is_read_where_both_networks_are(tmp_path):
    electra = Pass("bert4keras", "electra_discriminator")
    pretrained = kewen.load(both_networks(tmp_path))
    assert pretrained.model.heads == ("replaced_token",)
    reasons = {each.because for each in pretrained.account.skipped}
    (reason,) = reasons
    assert 'read if config.json says "architectures": ["ElectraForMaskedLM"]' in reason
    options = {"with_discriminator": True}
    got = trace(
        both_networks(tmp_path / "again"),
        electra.inputs,
        family="electra",
        options=options,
    )["hidden_layer_1"]
    wanted = electra.expected["hidden_layer_1"][electra.is_token]
    np.testing.assert_allclose(got[electra.is_token], wanted, rtol=1e-4, atol=1e-4)


def test_generator_is_read_where_the_config_names_it(tmp_path):
    folder = both_networks(tmp_path)
    path = folder / "config.json"
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    said = json.loads(path.read_text("utf-8")) | sizes
    said["architectures"] = ["ElectraForMaskedLM"]
    path.write_text(json.dumps(said), "utf-8")
    pretrained = kewen.load(folder)
    model, held = pretrained.model, tensors(folder)
    assert model.heads == ("masked_lm",)
    for ours, theirs in {
        "token_embedding/embeddings": "electra/embeddings/word_embeddings",
        "embeddings_norm/beta": "electra/embeddings/LayerNorm/beta",
        "embedding_projection/kernel": "generator/embeddings_project/kernel",
        "block_1_feedforward/inner/bias": "generator/encoder/layer_1/intermediate/dense"
        "/bias",
        "mlm_bias/bias": "generator_predictions/output_bias",
    }.items():
        weight = keras.ops.convert_to_numpy(model.weights_by_path()[ours])
        np.testing.assert_array_equal(weight, held[theirs])
    skipped = {each.because for each in pretrained.account.skipped}
    assert skipped == {"of the discriminator in the same training"}


def test_layer_of_the_network_that_is_read_is_not_left_aside(tmp_path):
    folder = both_networks(tmp_path)
    path = folder / "config.json"
    said = json.loads(path.read_text("utf-8")) | {"num_hidden_layers": 1}
    path.write_text(json.dumps(said), "utf-8")
    with pytest.raises(WeightsError, match="electra/encoder/layer_1"):
        kewen.load(folder)


def test_generator_goes_through_tensorflows_names(tmp_path):
    convert(HF / "electra_mlm", tmp_path / "tf", to="tf1")
    assert "generator_predictions/dense/kernel" in tensors(tmp_path / "tf")
    assert kewen.load(tmp_path / "tf").model.heads == ("masked_lm",)


def test_electra_wears_no_other_mask_in_the_original():
    folder = TF / "electra_discriminator"
    ids = {"token_ids": np.array([[2, 5, 3]])}
    with pytest.raises(ConfigError, match="application of bert4keras' 'electra'"):
        trace(folder, ids, family="electra", application="lm")


def narrow_roformer_v2():
    sizes = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1, "vocabulary_size": 9}
    config = family("roformer_v2").config(
        **sizes, intermediate_dim=8, embedding_dim=4, max_length=12
    )
    return Pretrained(model=Backbone(config, heads=["masked_lm"]))


def test_projection_before_the_head_is_saved_which_the_original_loses(tmp_path):
    pretrained = narrow_roformer_v2()
    for format in ("hf", "tf1"):
        with warned_of_family("roformer_v2", format):
            pretrained.save(tmp_path / format, format=format)
        again = kewen.load(tmp_path / format).model.get_layer("output_projection")
        ours = pretrained.model.get_layer("output_projection")
        assert (np.asarray(again.kernel) == np.asarray(ours.kernel)).all()


def test_projection_that_a_checkpoint_lacks_can_be_given(tmp_path):
    pretrained = narrow_roformer_v2()
    pretrained.save(tmp_path / "full", format="tf1")
    kept = tensors(tmp_path / "full")
    kernel = kept.pop("cls/predictions/output_projection/kernel")
    write_tf_bundle(tmp_path / "full" / "bert_model.ckpt", kept, overwrite=True)
    ids = {"token_ids": np.array([[2, 5, 7, 3]])}
    options = {"with_mlm": True}
    got = trace(
        tmp_path / "full",
        {**ids, "weight_Output-Mapping_0": kernel},
        family="roformer_v2",
        options=options,
    )["output_mlm"]
    inputs = {
        "token_ids": ids["token_ids"].astype("int32"),
        "segment_ids": np.zeros((1, 4), "int32"),
        "padding_mask": np.ones((1, 4), bool),
    }
    wanted = pretrained.model.predict_on_batch(inputs)["mlm_logits"]
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_file_says_which_family_it_is(tmp_path):
    with warned_of_family("nezha"):
        convert(TF / "nezha", tmp_path / "out", to="hf", family="nezha")
    said = json.loads((tmp_path / "out" / "config.json").read_text())
    assert said["model_type"] == "nezha"
    assert said["max_relative_position"] == 64
