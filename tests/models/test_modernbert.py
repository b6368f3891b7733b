"""What configs of ModernBERT say, and what is refused."""

import pytest

from kewen.errors import ConfigError
from kewen.models.modernbert import ModernBertConfig


def read(**said):
    fields = ModernBertConfig.fields_in(said, where="config.json")
    return ModernBertConfig.from_dict(fields)


def test_every_third_layer_of_the_base_model_attends_to_all():
    windows = read().windows
    assert [i for i, window in enumerate(windows) if window is None] == [
        *range(0, 22, 3)
    ]


def test_window_reaches_half_its_width_to_either_side():
    assert read(local_attention=10).windows[1] == 5


def test_layer_types_of_another_pattern_count():
    types = ["sliding_attention", "full_attention"]
    assert read(num_hidden_layers=2, layer_types=types).windows == [64, None]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"decoder_bias": False}, "decoder_bias"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "rope_type"),
        ({"rope_parameters": [1]}, "rope_parameters"),
        ({"num_hidden_layers": 1, "layer_types": ["chunked"]}, "layer_types"),
        ({"global_attn_every_n_layers": 0}, "global_every"),
        ({"hidden_size": 36}, "must be even"),
    ],
)
def test_network_that_is_not_built_is_refused(said, named):
    with pytest.raises(ConfigError, match=named):
        read(**said)
