"""What every family promises: table in subjects.py."""

import functools

import keras
import numpy as np
import pytest
from gradients import jacobian
from keras import ops
from subjects import (
    FAMILIES,
    GENERATION_ORDER,
    SEGMENT_IDS,
    TOKEN_IDS,
    WINDOW,
    B,
    T,
    TableFromOutside,
    inputs_of,
)

from kewen.models import Backbone, family

ROWS = pytest.mark.parametrize("row", FAMILIES, ids=str)
DISTINCT_IDS = np.arange(5, 5 + T, dtype="int32")[None]
WIDTH = T + 20  # one shape for all paddings, so one compilation


@functools.cache
def made(row, application=None):
    return row.made(application=application, heads=(row.head,))


def close(got, wanted, limit=1e-5):
    np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)


def padded(row, application, left):
    """Last hidden state at the tokens, `left` pads before and the rest after them."""
    position_input = left > 0 and row.left_padding_moves_positions
    model = made(row, application)
    if position_input:
        model = with_positions(row, application)
    pad_id = model.config.pad_id or 0
    token_ids = np.full((B, WIDTH), pad_id, "int32")
    segment_ids = np.zeros((B, WIDTH), "int32")
    here = slice(left, left + T)
    token_ids[:, here], segment_ids[:, here] = TOKEN_IDS, SEGMENT_IDS
    inputs = inputs_of(model, token_ids, segment_ids, token_ids != pad_id)
    if position_input:
        places = np.maximum(np.arange(WIDTH) - left, 0)
        inputs["position_ids"] = np.tile(places, (B, 1)).astype("int32")
    return model.predict_on_batch(inputs)["last_hidden_state"][:, here]


@functools.cache
def with_positions(row, application):
    return made(row, application).redrawn(position_input=True)


@functools.cache
def unpadded(row, application):
    model = made(row, application)
    return model.predict_on_batch(inputs_of(model))["last_hidden_state"]


def applications(row):
    # "permuted" has one more input, and where padding stands in it is the caller's.
    return [a for a in family(row.name).applications if a != "permuted"]


def rows_with(application):
    rows = [row for row in FAMILIES if application in family(row.name).applications]
    return pytest.mark.parametrize("row", rows, ids=str)


CASES = [(row, application) for row in FAMILIES for application in applications(row)]
WORN = pytest.mark.parametrize(("row", "application"), CASES, ids=str)


@WORN
def test_padding_on_the_right_changes_no_token(row, application):
    close(padded(row, application, left=0), unpadded(row, application))


@WORN
@pytest.mark.parametrize("left", [3, 20])
def test_padding_on_the_left_changes_no_token(row, application, left):
    close(padded(row, application, left), unpadded(row, application))


def reach(model):
    """bool, (T, T): `[t, s]`, whether the last hidden state at t depends on token s."""
    given = model.get_layer("token_embedding").embeddings
    table = TableFromOutside(name="token_embedding", width=given.shape[-1])
    table.table = given
    others = [layer for layer in model.layers if layer.name != table.name]
    bare = Backbone(
        model.config, application=model.application, layers=[table, *others]
    )
    inputs = {
        name: ops.convert_to_tensor(array)
        for name, array in inputs_of(bare, DISTINCT_IDS, SEGMENT_IDS[:1]).items()
    }

    def components(values):
        table.table = values
        return ops.sum(bare(inputs)[0, :, :2], axis=-1)

    values = ops.convert_to_numpy(model.get_layer(table.name).embeddings)
    return np.abs(jacobian(components, values))[:, DISTINCT_IDS[0]].max(-1) > 0


@rows_with("lm")
def test_lm_depends_on_no_later_token(row):
    found, past = reach(made(row, "lm")), np.tri(T, dtype=bool)
    assert not (found & ~past).any()
    # A window shows this much of the past, no window all of it.
    assert found[past & ~np.tri(T, k=-WINDOW, dtype=bool)].all()


@rows_with("unilm")
def test_unilm_depends_on_the_source_and_the_targets_past(row):
    seen = (SEGMENT_IDS[0] == 0) | np.tri(T, dtype=bool)
    assert (reach(made(row, "unilm")) == seen).all()


@rows_with("permuted")
def test_permuted_depends_on_what_is_generated_before(row):
    places = np.argsort(GENERATION_ORDER[0])
    assert (reach(made(row, "permuted")) == (places <= places[:, None])).all()


@rows_with("unilm")
def test_unilm_over_sources_alone_is_the_encoder_with_the_same_weights(row):
    model, encoder = made(row, "unilm"), made(row, "encoder")
    assert list(model.weights_by_path()) == list(encoder.weights_by_path())
    sources = np.zeros_like(SEGMENT_IDS)
    got, wanted = (
        each.predict_on_batch(inputs_of(each, segment_ids=sources))
        for each in (model, encoder)
    )
    keras.tree.map_structure(close, got, wanted)


@rows_with("encoder")
def test_encoder_depends_on_every_token(row):
    assert reach(made(row)).all()


def all_heads(row):
    return tuple(family(row.name).heads)


@functools.cache
def run_of(row, policy):
    model = Backbone(row.config, heads=all_heads(row), dtype=policy)
    reference = row.made(heads=all_heads(row))
    model.set_weights(reference.get_weights())
    outputs = model.predict_on_batch(inputs_of(model))
    return {name: np.asarray(array) for name, array in outputs.items()}


@ROWS
def test_bfloat16_policy_gives_bfloat16(row):
    dtypes = {str(array.dtype) for array in run_of(row, "mixed_bfloat16").values()}
    assert dtypes == {"bfloat16"}


@ROWS
def test_bfloat16_outputs_are_finite(row):
    outputs = run_of(row, "mixed_bfloat16")
    assert all(np.isfinite(a.astype("float32")).all() for a in outputs.values())


@ROWS
def test_bfloat16_outputs_are_close_to_float32(row):
    exact, rough = run_of(row, "float32"), run_of(row, "mixed_bfloat16")
    for name, array in exact.items():
        gap = np.abs(rough[name].astype("float32") - array).mean()
        assert gap < 0.08 * np.abs(array).mean() + 0.01, name


@ROWS
def test_every_head_gives_an_output(row):
    assert len(run_of(row, "float32")) > len(set(all_heads(row)))


@ROWS
def test_config_makes_the_same_model_again(row):
    config = made(row).get_config()
    assert Backbone.from_config(config).get_config() == config


@ROWS
def test_saved_model_gives_the_same_outputs(row, tmp_path):
    model = made(row)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    inputs = inputs_of(model)
    got = again.predict_on_batch(inputs)
    wanted = model.predict_on_batch(inputs)
    keras.tree.map_structure(close, got, wanted)
