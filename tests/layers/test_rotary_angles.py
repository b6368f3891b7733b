"""The layer that makes rotary angles, alone and in attention."""

import keras
import numpy as np
import pytest
from keras import ops

from kewen.errors import ConfigError, ShapeError
from kewen.layers import MultiHeadAttention, RotaryAngles, RotaryTable
from kewen.ops import rotary_frequencies

DIM = 8
POSITIONS = np.array([[0, 1, 5, 100]], "int32")


def angles(**options):
    cos, sin = RotaryAngles(DIM, **options)(ops.convert_to_tensor(POSITIONS))
    return ops.convert_to_numpy(cos), ops.convert_to_numpy(sin)


def test_angles_are_positions_times_frequencies():
    wanted = POSITIONS[..., None] * rotary_frequencies(DIM)[0]
    cos, sin = angles()
    np.testing.assert_allclose(cos, np.cos(wanted), atol=1e-5)
    np.testing.assert_allclose(sin, np.sin(wanted), atol=1e-5)


def test_angles_are_float32_in_any_policy():
    assert angles(dtype="mixed_bfloat16")[0].dtype == np.float32


def test_dynamic_scaling_changes_nothing_within_the_trained_length():
    dynamic = {"rope_type": "dynamic", "factor": 2.0}
    np.testing.assert_allclose(
        angles(scaling=dynamic, max_length=101)[0], angles()[0], atol=1e-4
    )


def test_dynamic_scaling_stretches_beyond_the_trained_length():
    scaling = {"rope_type": "dynamic", "factor": 2.0}
    cos, _ = angles(scaling=scaling, max_length=50)
    stretch = 2.0 * 101 / 50 - 1
    base = 10000.0 * stretch ** (DIM / (DIM - 2))
    wanted = POSITIONS[..., None] * base ** (-np.arange(0, DIM, 2) / DIM)
    np.testing.assert_allclose(cos, np.cos(wanted), atol=1e-4)


def test_dynamic_scaling_without_the_trained_length_is_refused():
    with pytest.raises(ConfigError, match="max_length"):
        RotaryAngles(DIM, scaling={"rope_type": "dynamic", "factor": 2.0})


def test_config_makes_the_same_layer_again():
    layer = RotaryAngles(DIM, 500.0, {"rope_type": "linear", "factor": 2.0}, 9)
    again = RotaryAngles.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("layout", ["halves", "interleaved"])
@pytest.mark.parametrize("dim", [DIM, DIM // 2], ids=["all", "half"])
def test_scores_depend_on_distances_only(layout, dim):
    keras.utils.set_random_seed(0)
    layer = MultiHeadAttention(2, head_dim=DIM, rotary_layout=layout)
    hidden = np.random.default_rng(0).normal(size=(1, 4, 16)).astype("float32")
    rotary = RotaryAngles(dim)

    def scores(shift):
        turned = rotary(ops.convert_to_tensor(POSITIONS + shift))
        _, given = layer(
            ops.convert_to_tensor(hidden), rotary=turned, return_scores=True
        )
        return ops.convert_to_numpy(given)

    np.testing.assert_allclose(scores(0), scores(100), atol=1e-5)


def test_table_holds_the_angles_at_first():
    places = np.array([[0, 3, 8], [1, 1, 2]], "int32")
    table = RotaryTable(9, 6, base=100.0)(places)
    angles = RotaryAngles(6, base=100.0)(places)
    for got, wanted in zip(table, angles, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_table_is_not_trained_and_comes_back_from_its_config():
    layer = RotaryTable(9, 6)
    layer.build((1, 4))
    assert not layer.trainable_weights
    assert RotaryTable.from_config(layer.get_config()).dim == 6


def test_text_longer_than_the_table_is_refused():
    with pytest.raises(ShapeError, match="at most 3"):
        RotaryTable(3, 6)(np.zeros((1, 4), "int32"))
