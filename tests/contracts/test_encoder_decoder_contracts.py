"""What every encoder-decoder promises: table in subjects.py."""

import functools

import keras
import numpy as np
import pytest
from gradients import jacobian
from keras import ops
from subjects import ENCODER_DECODERS, RNG, B, T, TableFromOutside

from kewen.errors import ConfigError
from kewen.models import Backbone

ROWS = pytest.mark.parametrize("row", ENCODER_DECODERS, ids=str)
S = T + 1  # of the encoder
WIDTHS = {"": S + 8, "decoder_": T + 8}  # one shape for all paddings
SOURCE_IDS = RNG.integers(5, 20, (B, S)).astype("int32")
TARGET_IDS = RNG.integers(5, 20, (B, T)).astype("int32")
CONTEXT = "encoder_last_hidden_state"
LAST = "last_hidden_state"
SIDES = pytest.mark.parametrize("side", ["", "decoder_"], ids=["encoder", "decoder"])


@functools.cache
def made(row, policy=None):
    model = Backbone(row.config, heads=("language_model",), dtype=policy)
    model.set_weights(row.made(heads=("language_model",)).get_weights())
    return model


def batch(source_ids=SOURCE_IDS, target_ids=TARGET_IDS):
    return {
        "token_ids": source_ids,
        "padding_mask": np.ones_like(source_ids, bool),
        "decoder_token_ids": target_ids,
        "decoder_padding_mask": np.ones_like(target_ids, bool),
    }


def run(model, inputs):
    wanted = {name: inputs[name] for name in model.inputs_by_name}
    return keras.tree.map_structure(np.asarray, model.predict_on_batch(wanted))


def close(got, wanted, limit=1e-5):
    np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)


@functools.cache
def unpadded(row):
    return run(made(row), batch())


@ROWS
@SIDES
@pytest.mark.parametrize("before", [0, 3, 8])
def test_padding_changes_no_token(row, side, before):
    inputs = batch()
    ids = inputs[f"{side}token_ids"]
    here = slice(before, before + ids.shape[1])
    wide = np.full((B, WIDTHS[side]), row.config.pad_id, "int32")
    wide[:, here] = ids
    mask = np.zeros(wide.shape, bool)
    mask[:, here] = True
    inputs |= {f"{side}token_ids": wide, f"{side}padding_mask": mask}
    got = run(made(row), inputs)
    for name, wanted in unpadded(row).items():
        is_sides_own = (side == "") == (name == CONTEXT)
        close(got[name][:, here] if is_sides_own else got[name], wanted)


@ROWS
def test_ids_of_padding_do_not_matter(row):
    inputs = batch()
    inputs["padding_mask"] = inputs["padding_mask"].copy()
    inputs["padding_mask"][0, 4:] = False
    wanted = run(made(row), inputs)["lm_logits"]
    changed = SOURCE_IDS.copy()
    changed[0, 4:] = 5 + (changed[0, 4:] - 4) % 15
    got = run(made(row), {**inputs, "token_ids": changed})["lm_logits"]
    close(got, wanted)


@functools.cache
def reach(row):
    """bool, by output: `[t, s]`, whether it depends at t on token s of both texts."""
    model = made(row)
    table = TableFromOutside(name="token_embedding", width=model.config.hidden_dim)
    others = [layer for layer in model.layers if layer.name != table.name]
    bare = Backbone(model.config, layers=[table, *others])
    ids = np.arange(5, 5 + S + T, dtype="int32")[None]
    inputs = {
        name: ops.convert_to_tensor(array)
        for name, array in batch(ids[:, :S], ids[:, S:]).items()
    }

    def components(values):
        table.table = values
        outputs = bare(inputs)
        states = ops.concatenate([outputs[CONTEXT], outputs[LAST]], axis=1)
        return ops.sum(states[0, :, :2], axis=-1)

    values = ops.convert_to_numpy(model.get_layer(table.name).embeddings)
    found = np.abs(jacobian(components, values))[:, ids[0]].max(-1) > 0
    return {CONTEXT: found[:S], LAST: found[S:]}


@ROWS
def test_decoder_depends_on_the_source_and_on_no_later_token(row):
    wanted = np.hstack([np.ones((T, S), bool), np.tri(T, dtype=bool)])
    np.testing.assert_array_equal(reach(row)[LAST], wanted)


@ROWS
def test_encoder_depends_on_the_whole_source_and_on_nothing_of_the_target(row):
    wanted = np.hstack([np.ones((S, S), bool), np.zeros((S, T), bool)])
    np.testing.assert_array_equal(reach(row)[CONTEXT], wanted)


@ROWS
def test_halves_give_what_the_whole_gives(row):
    model = made(row)
    context = run(model.encoder(), batch())
    close(context, unpadded(row)[CONTEXT])
    got = run(model.decoder(), {**batch(), CONTEXT: context})
    close(got["lm_logits"], unpadded(row)["lm_logits"])


@ROWS
def test_halves_share_the_weights(row):
    model = made(row)
    own = {id(weight) for weight in model.weights}
    for half in (model.encoder(), model.decoder()):
        assert {id(weight) for weight in half.weights} < own


@ROWS
def test_encoder_alone_takes_no_head(row):
    with pytest.raises(ConfigError, match="head of 'encoder'"):
        Backbone(row.config, application="encoder", heads=("language_model",))


@ROWS
def test_positions_are_no_input(row):
    with pytest.raises(ConfigError, match="position_input"):
        Backbone(row.config, position_input=True)


@ROWS
def test_shown_attention_is_that_of_both_stacks(row):
    collected = ["hidden_states", "attention_scores"]
    got = run(made(row).redrawn(collect=collected), batch())
    close(got["lm_logits"], unpadded(row)["lm_logits"])
    for name, (queries, keys) in {
        "encoder_attention_1": (S, S),
        "attention_2": (T, T),
        "cross_attention_2": (T, S),
    }.items():
        assert got[name].shape == (B, row.config.num_heads, queries, keys)
        close(got[name].sum(-1), np.ones(got[name].shape[:-1]))
    close(got["hidden_3"], got[LAST])
    close(got["encoder_hidden_2"], got[CONTEXT])


@ROWS
def test_bfloat16_outputs_are_close_to_float32(row):
    rough = run(made(row, "mixed_bfloat16"), batch())
    for name, exact in unpadded(row).items():
        assert str(rough[name].dtype) == "bfloat16"
        gap = np.abs(rough[name].astype("float32") - exact).mean()
        assert gap < 0.05 * np.abs(exact).mean() + 0.01, name


@ROWS
@pytest.mark.parametrize("half", [None, "encoder", "decoder"])
def test_saved_model_gives_the_same_outputs(row, half, tmp_path):
    model = made(row) if half is None else getattr(made(row), half)()
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    inputs = {**batch(), CONTEXT: unpadded(row)[CONTEXT]}
    # Not to the bit: TensorFlow traces the new graph in another order.
    keras.tree.map_structure(close, run(again, inputs), run(model, inputs))
    assert again.application == model.application
