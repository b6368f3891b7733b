"""How fast pairs turn: the promises of each scaling, and transformers' own numbers."""

import numpy as np
import pytest

from kewen.errors import ConfigError
from kewen.ops import check_rotary_scaling, dynamic_base, rotary_frequencies

DIM, BASE = 16, 10000.0
PLAIN = BASE ** (-np.arange(0, DIM, 2) / DIM)
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}


def of(scaling):
    return rotary_frequencies(DIM, BASE, scaling)


def test_first_pair_turns_a_radian_a_position():
    assert of(None)[0][0] == 1


def test_frequencies_are_powers_of_the_base():
    np.testing.assert_allclose(of(None)[0], PLAIN)


def test_linear_scaling_slows_all_pairs():
    scaled, _ = of({"rope_type": "linear", "factor": 4.0})
    np.testing.assert_allclose(scaled, PLAIN / 4)


def test_older_key_of_the_type_is_read():
    assert check_rotary_scaling({"type": "linear", "factor": 2})[0] == "linear"


@pytest.mark.parametrize("stretch", [1.0, 2.0, 5.0])
def test_dynamic_base_slows_the_last_pair_as_the_text_grows(stretch):
    factor = 3.0
    last = dynamic_base(BASE, DIM, factor, stretch) ** (-(DIM - 2) / DIM)
    assert last == pytest.approx(PLAIN[-1] / (factor * stretch - factor + 1))


@pytest.mark.parametrize("scaling", [LLAMA3, YARN], ids=["llama3", "yarn"])
def test_fast_pairs_stay_and_slow_pairs_slow_down(scaling):
    ratio = PLAIN / of(scaling)[0]
    assert ratio[0] == pytest.approx(1)
    assert ratio[-1] == pytest.approx(scaling["factor"])
    assert (np.diff(ratio) >= -1e-9).all()


def test_yarn_sharpens_attention_by_the_logarithm_of_the_factor():
    assert of(YARN)[1] == pytest.approx(0.1 * np.log(4) + 1)


def test_given_attention_factor_of_yarn_is_obeyed():
    assert of({**YARN, "attention_factor": 1.5})[1] == 1.5


SCALINGS = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "llama3": LLAMA3,
    "yarn": YARN,
    "yarn with weights": {**YARN, "mscale": 1.0, "mscale_all_dim": 0.7},
    "yarn with borders": {**YARN, "beta_fast": 16, "beta_slow": 2},
}


@pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)
def test_frequencies_are_those_of_transformers(scaling):
    transformers = pytest.importorskip("transformers")
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    config = transformers.LlamaConfig(
        hidden_size=4 * DIM,
        num_attention_heads=4,
        max_position_embeddings=256,
        rope_parameters={"rope_theta": BASE, **scaling},
    )
    wanted, factor = ROPE_INIT_FUNCTIONS[scaling["rope_type"]](config, "cpu")
    got, got_factor = of(scaling)
    np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-5)
    assert got_factor == pytest.approx(factor)


def test_odd_number_of_features_is_refused():
    with pytest.raises(ConfigError, match="even"):
        rotary_frequencies(7)


def test_unknown_scaling_names_the_known_ones():
    with pytest.raises(ConfigError, match="llama3"):
        of({"rope_type": "longrope"})


def test_scaling_without_its_factor_says_which_number_is_missing():
    with pytest.raises(ConfigError, match="factor"):
        of({"rope_type": "linear"})
