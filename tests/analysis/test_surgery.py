"""Models cut, patched, copied and tied: to the bit where nothing may change."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest

import kewen
from kewen.analysis.surgery import (
    clone,
    insert_after,
    replace,
    shared_parameters,
    split,
    tie,
)
from kewen.checkpoints import open_checkpoint
from kewen.errors import ConfigError
from kewen.layers.ties import ties_of
from kewen.models import Backbone, Pretrained
from kewen.models.bert import BertConfig
from kewen.models.convert import convert
from kewen.models.editing import edited_model
from kewen.models.gpt2 import Gpt2Config
from kewen.models.llama import LlamaConfig
from kewen.models.t5 import T5Config
from kewen.training import seeded

SIZES = {
    "vocabulary_size": 20,
    "hidden_dim": 8,
    "num_layers": 3,
    "num_heads": 2,
    "intermediate_dim": 12,
    "max_length": 16,
    "dropout": 0.0,
    "embeddings_dropout": 0.0,
    "attention_dropout": 0.0,
}


def tiny(kind=BertConfig, **options):
    fields = {field.name for field in dataclasses.fields(kind)}
    sizes = {name: size for name, size in SIZES.items() if name in fields}
    with seeded(0):
        return Backbone(kind(**sizes), **options)


def inputs_of(model):
    rng = np.random.default_rng(0)
    values = {
        "token_ids": rng.integers(1, 20, (2, 5)),
        "decoder_token_ids": rng.integers(1, 20, (2, 5)),
        "segment_ids": np.array([[0, 0, 1, 1, 1]] * 2),
    }
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)
    return {
        tensor.name: values.get(tensor.name, mask)
        for tensor in keras.tree.flatten(model.input)
    }


def flat(outputs):
    return [keras.ops.convert_to_numpy(t) for t in keras.tree.flatten(outputs)]


def same(one, other):
    one, other = flat(one), flat(other)
    assert len(one) == len(other)
    return all(map(np.array_equal, one, other))


def two_inputs():
    """A residual round a shared layer, two inputs, a list of two outputs."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = keras.layers.Dense(4, activation="tanh", name="shared")
    first = shared(a)
    joined = keras.layers.Add(name="joined")([first, b])
    second = shared(joined)
    out = keras.layers.Concatenate(name="out")([second, first, a])
    return keras.Model([a, b], [out, first], name="two_inputs")


def masked():
    """Keras' own masks: the embedding's goes to both recurrent layers."""
    ids = keras.Input((5,), dtype="int32", name="ids")
    hidden = keras.layers.Embedding(9, 4, mask_zero=True, name="table")(ids)
    hidden = keras.layers.GRU(4, return_sequences=True, name="gru")(hidden)
    return keras.Model(ids, keras.layers.LSTM(3, name="lstm")(hidden))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (BertConfig, {"heads": ["pooler"], "collect": ["hidden_states"]}),
        (Gpt2Config, {}),
        (LlamaConfig, {"heads": ["language_model"]}),
        (T5Config, {}),
    ],
)
def test_a_backbone_cut_at_any_block_border_is_the_whole(kind, options):
    model = tiny(kind, **options)
    names = [layer.name for layer in model.layers]
    last = {}
    for name in names:
        if border := re.match(r"(\w*block_\d+)_", name):
            last[border[1]] = name
    assert len(last) >= 3
    given = inputs_of(model)
    whole = model(given)
    for at in last.values():
        head, tail = split(model, at)
        assert sorted(head.output) == sorted(tail.input)
        assert {layer.name for layer in tail.layers} & set(last.values()) < set(names)
        assert same(tail(head(given)), whole)


# Keras says so of any functional model that is given a masked tensor; see `split`.
@pytest.mark.filterwarnings("ignore:Layer 'functional\\w*_tail' .* mask attached")
def test_every_layer_of_a_model_is_a_place_to_cut():
    for model in (tiny(heads=["masked_lm"]), masked()):
        given = inputs_of(model) if isinstance(model, Backbone) else _ids()
        for layer in model.layers:
            head, tail = split(model, layer.name)
            assert same(tail(head(given)), model(given)), layer.name


def _ids():
    return np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0]])


def test_a_mask_of_keras_crosses_the_cut_and_counts():
    model = masked()
    head, tail = split(model, "gru")
    gru, mask = sorted(head.output)
    assert gru == "gru" and mask.startswith("not_equal")
    across = head.predict(_ids(), verbose=0)
    assert across[mask].tolist() == (_ids() != 0).tolist()
    assert np.array_equal(tail.predict(across, verbose=0), flat(model(_ids()))[0])
    unmasked = {**across, mask: np.ones((2, 5), bool)}
    assert not same(tail(unmasked), model(_ids()))


def test_a_layer_that_is_called_twice_is_cut_after_the_call_that_is_named():
    model = two_inputs()
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(2, 4)), rng.normal(size=(2, 4))]
    for call, across in ((0, ["a", "b", "shared_1"]), (1, ["a", "shared", "shared_1"])):
        head, tail = split(model, "shared", call=call)
        assert sorted(head.output) == across
        assert same(tail(head(given)), model(given))
    with pytest.raises(ConfigError, match="below 2"):
        split(model, "shared", call=2)


def test_training_the_tail_trains_the_model():
    model = tiny()
    head, tail = split(model, "block_1_feedforward_norm")
    whole = {id(weight) for weight in model.weights}
    assert {id(w) for part in (head, tail) for w in part.weights} == whole
    given = inputs_of(model)
    before = flat(model(given))
    across = head(given)
    tail.compile(keras.optimizers.SGD(1.0), loss="mse")
    tail.fit(across, np.zeros((2, 5, 8)), verbose=0)
    assert not same(before, model(given))
    assert same(tail(across), model(given))


def test_an_inserted_identity_changes_nothing():
    for model in (tiny(heads=["pooler"]), tiny(LlamaConfig)):
        given = inputs_of(model)
        for at in ("token_embedding", "block_1_feedforward", model.layers[-1].name):
            new = insert_after(model, at, keras.layers.Identity(name="nothing"))
            assert "nothing" in [layer.name for layer in new.layers]
            assert same(new(given), model(given))


def test_an_inserted_layer_stands_after_every_call_and_is_saved(tmp_path):
    model = two_inputs()
    given = [np.ones((2, 4)), np.full((2, 4), 2.0)]
    new = insert_after(model, "shared", keras.layers.Rescaling(3.0, name="thrice"))
    kernel, bias = (keras.ops.convert_to_numpy(w) for w in model.weights)
    first = 3 * np.tanh(given[0] @ kernel + bias)
    second = 3 * np.tanh((first + given[1]) @ kernel + bias)
    out, also = flat(new(given))
    np.testing.assert_allclose(out, np.hstack([second, first, given[0]]), atol=1e-5)
    np.testing.assert_allclose(also, first, atol=1e-5)
    new.save(tmp_path / "new.keras")
    assert same(keras.saving.load_model(tmp_path / "new.keras")(given), new(given))


def test_a_patched_backbone_is_saved_as_a_model_of_keras(tmp_path):
    model = insert_after(
        tiny(heads=["pooler"]), "embeddings_norm", keras.layers.Dense(8, name="adapter")
    )
    model.save(tmp_path / "new.keras")
    given = inputs_of(model)
    assert same(keras.saving.load_model(tmp_path / "new.keras")(given), model(given))


def test_a_replaced_activation_changes_what_reads_it_and_nothing_else():
    inputs = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(3, name="dense")(inputs)
    active = keras.layers.Activation("relu", name="active")(hidden)
    model = keras.Model(inputs, [hidden, keras.layers.Dense(2, name="last")(active)])
    new = replace(model, "active", keras.layers.Activation("tanh", name="active"))
    x = np.random.default_rng(0).normal(size=(5, 4))
    hidden, out = flat(new(x))
    assert np.array_equal(hidden, flat(model(x))[0])
    kernel, bias = (keras.ops.convert_to_numpy(w) for w in model.weights[2:])
    np.testing.assert_allclose(out, np.tanh(hidden) @ kernel + bias, atol=1e-5)
    assert [id(w) for w in new.weights] == [id(w) for w in model.weights]


def test_a_replaced_layer_of_a_backbone_knows_fewer_options():
    model = tiny()
    given = inputs_of(model)
    new = replace(model, "embeddings_dropout", keras.layers.Rescaling(1.0, name="one"))
    assert same(new(given), model(given))
    new = replace(model, "block_2_feedforward", keras.layers.Dense(8, name="plain"))
    until = split(model, "block_1_feedforward_norm")[0]
    assert same(until(given), split(new, "block_1_feedforward_norm")[0](given))
    assert not same(new(given), model(given))


@pytest.mark.parametrize("make", [tiny, two_inputs, lambda: tiny(T5Config)])
def test_a_clone_has_new_weights_of_the_same_or_other_values(make):
    model = make()
    copied, fresh = clone(model), clone(model, copy_weights=False)
    if isinstance(model, Backbone):
        given = inputs_of(model)
        assert isinstance(copied, Backbone)
    else:
        given = [np.ones((2, 4)), np.ones((2, 4))]
    assert same(copied(given), model(given))
    assert not same(fresh(given), model(given))
    for new in (copied, fresh):
        assert len(new.weights) == len(model.weights)
        assert not {id(w) for w in new.weights} & {id(w) for w in model.weights}


ONE = "block_2_feedforward/inner/kernel"
OTHER = "block_0_feedforward/inner/kernel"


def test_a_tie_counts_once_and_has_the_sum_of_both_gradients():
    given = inputs_of(tiny())
    target = np.random.default_rng(1).normal(size=(2, 5, 8))

    def step(model):
        before = keras.ops.convert_to_numpy(model.weights_by_path()[OTHER])
        model.compile(keras.optimizers.SGD(0.1), loss="mse")
        model.fit(given, target, verbose=0)
        by_path = model.weights_by_path()
        return {
            path: keras.ops.convert_to_numpy(by_path[path]) - before
            for path in (ONE, OTHER)
            if path in by_path
        }

    untied, tied = tiny(), tiny()
    value = keras.ops.convert_to_numpy(untied.weights_by_path()[OTHER])
    untied.weights_by_path()[ONE].assign(value)
    tie(tied, ONE, OTHER)
    assert tied.count_params() == untied.count_params() - 8 * 12
    assert same(tied(given), untied(given))
    apart, together = step(untied), step(tied)
    assert list(together) == [OTHER]
    np.testing.assert_allclose(together[OTHER], apart[ONE] + apart[OTHER], atol=1e-6)
    with pytest.raises(ConfigError, match="compile afterwards"):
        tie(tied, "block_1_feedforward", "block_0_feedforward")


def test_ties_are_saved_loaded_cloned_and_redrawn(tmp_path):
    model = tiny()
    tie(model, "block_1_attention", "block_0_attention")
    tie(model, "block_2_attention", "block_1_attention")
    tie(model, "block_2_feedforward/outer/bias", "block_0_feedforward/outer/bias")
    assert len(model.weights) == len(tiny().weights) - 8 - 8 - 1
    model.save(tmp_path / "tied.keras")
    given = inputs_of(model)
    others = [keras.saving.load_model(tmp_path / "tied.keras"), clone(model)]
    for other in (*others, model.redrawn(heads=["pooler"]), clone(others[0])):
        hidden = other(given)
        hidden = hidden["last_hidden_state"] if isinstance(hidden, dict) else hidden
        assert same(hidden, model(given))
        one, two = (other.get_layer(f"block_{i}_attention") for i in (0, 2))
        assert [id(w) for w in one.weights] == [id(w) for w in two.weights]
        bias = other.get_layer("block_2_feedforward").weights[-1]
        assert bias is other.get_layer("block_0_feedforward").weights[-1]


def test_report_of_what_is_shared_names_its_readers():
    assert shared_parameters(tiny()) == {}
    model = tiny(heads=["masked_lm"])
    table = {"token_embedding/embeddings": ["token_embedding", "token_embedding"]}
    assert shared_parameters(model) == table
    tie(model, ONE, OTHER)
    blocks = ["block_0_feedforward", "block_2_feedforward"]
    assert shared_parameters(model) == {**table, OTHER: blocks}


def few_ids(model):
    inputs = inputs_of(model)
    return inputs | {"token_ids": inputs["token_ids"] % 9}


FORMATS = ("hf", "tf1", "keras")


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("then", FORMATS)
def test_ties_survive_every_format_and_every_conversion(first, then, tmp_path):
    model = tiny(heads=["pooler"])
    tie(model, "block_1_attention", "block_0_attention")
    tie(model, ONE, OTHER)
    Pretrained(model=model).save(tmp_path / "one", first)
    convert(tmp_path / "one", tmp_path / "two", to=then)
    for folder in ("one", "two"):
        again = kewen.load(tmp_path / folder).model
        assert ties_of(again) == ties_of(model)
        assert again.count_params() == model.count_params()
        given = inputs_of(model)
        for name, wanted in model(given).items():
            assert same(again(given)[name], wanted)


def test_others_find_a_tied_weight_under_both_names(tmp_path):
    model = tiny()
    tie(model, ONE, OTHER)
    Pretrained(model=model).save(tmp_path / "one")
    with open_checkpoint(tmp_path / "one") as file:
        one, other = (f"encoder.layer.{i}.intermediate.dense.weight" for i in (2, 0))
        np.testing.assert_array_equal(file[one], file[other])


def test_ties_stay_where_a_vocabulary_is_edited():
    model = tiny()
    tie(model, ONE, OTHER)
    rows = [(i,) for i in range(model.config.vocabulary_size - 3)]
    edited = edited_model(model, rows, pad_id=0)
    assert ties_of(edited) == ties_of(model)
    assert same(edited(inputs := few_ids(model)), model(inputs))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ties: {"nowhere|_kernel": next(iter(ties))}, "nowhere"),
        (lambda ties: dict.fromkeys(ties, "pooler|_kernel"), "one shape"),
        (lambda ties: {"block_1_attention/query|_kernel": OTHER_PLACE}, "same values"),
        (lambda ties: {"a": 5}, "ties must be an object"),
        (lambda ties: [1], "ties must be an object"),
    ],
)
def test_ties_of_a_file_that_cannot_be_are_refused(change, said, tmp_path):
    model = tiny(heads=["pooler"])
    tie(model, ONE, OTHER)
    Pretrained(model=model).save(tmp_path / "one")
    path = tmp_path / "one" / "kewen.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["ties"] = change(saved["ties"])
    path.write_text(json.dumps(saved), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        kewen.load(tmp_path / "one")


OTHER_PLACE = "block_0_attention/query|_kernel"


class Own(keras.Model):
    def call(self, inputs):
        return inputs


def nothing(name="nothing"):
    return keras.layers.Identity(name=name)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda m: split(m, "block_1_feedforward_nrom"), "'block_1_feedforward_norm'"),
        (lambda m: insert_after(m, "block_9_attention", nothing()), "block_2_att"),
        (lambda m: replace(m, "zzz", nothing()), "There are: .*token_embedding"),
        (lambda m: insert_after(m, "token_ids", nothing()), "is an input"),
        (lambda m: insert_after(m, "embeddings_norm", "x"), "Keras layer.*str"),
        (
            lambda m: insert_after(m, "embeddings_norm", nothing("first_column")),
            "'first_column' already",
        ),
        (
            lambda m: insert_after(m, "embeddings_norm", keras.layers.Dense(3)),
            "does not fit together at 'block_0_.* built for",
        ),
        (
            lambda m: replace(m, "block_0_attention", nothing()),
            "does not fit together at 'block_0_attention'.*attention_mask",
        ),
        (lambda m: split(Own(), "x"), "functional.*Own"),
        (lambda m: clone(Own()), "functional.*Own"),
        (lambda m: tie(two_inputs(), "shared", "shared"), "Backbone"),
        (lambda m: tie(m, "pooler/kernle", "pooler/kernel"), "'pooler/kernel'"),
        (lambda m: tie(m, "pooler", "block_0_feedforward"), "same names and shapes"),
    ],
)
def test_what_cannot_be_is_said_in_a_paragraph(wrong, said):
    with pytest.raises(ConfigError, match=said) as error:
        wrong(tiny(heads=["pooler"]))
    assert "\n" not in str(error.value)


def test_a_frozen_weight_is_not_tied():
    model = tiny()
    model.get_layer("block_2_feedforward").trainable = False
    with pytest.raises(ConfigError, match="trainable"):
        tie(model, ONE, OTHER)
