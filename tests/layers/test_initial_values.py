"""First values of weights."""

import numpy as np
import pytest

from kewen.layers import DeepNormal
from kewen.models import Backbone, family

SIZES = {"vocabulary_size": 20, "num_layers": 4, "num_heads": 2, "max_length": 16}


@pytest.mark.parametrize(
    ("shape", "summed"),
    [
        ((400, 300), 400),
        ((20000, 64), 64),
        ((2, 5000), 5000),
        ((256, 4, 64), 256),
        ((4, 64, 256), 256),
    ],
)
@pytest.mark.parametrize("order", [2, 3])
def test_values_become_smaller_with_depth_and_with_what_is_summed(shape, summed, order):
    values = np.asarray(DeepNormal(num_layers=8, order=order, width=256)(shape))
    wanted = 8 ** (-1 / order) / summed**0.5
    assert values.std() == pytest.approx(wanted, rel=0.05)


def test_deep_normal_comes_back_from_its_config():
    one = DeepNormal(6, 3, 128)
    assert DeepNormal.from_config(one.get_config()).get_config() == one.get_config()


@pytest.mark.parametrize(("name", "order"), [("roformer_v2", 2), ("gau_alpha", 3)])
def test_new_model_of_these_families_begins_so(name, order):
    config = family(name).config(hidden_dim=128, intermediate_dim=64, **SIZES)
    kernels = [
        np.asarray(weight)
        for path, weight in Backbone(config).weights_by_path().items()
        if path.endswith("inner/kernel")
    ]
    std = np.concatenate([kernel.ravel() for kernel in kernels]).std()
    assert std == pytest.approx(4 ** (-1 / order) / 128**0.5, rel=0.05)
