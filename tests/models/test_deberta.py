"""What configs and files of DeBERTa say, and what is refused."""

import json

import pytest

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.errors import ConfigError
from kewen.models import Backbone, Pretrained
from kewen.models.deberta import DebertaConfig

V3 = {  # as microsoft/deberta-v3-base has them
    "hidden_size": 768,
    "num_attention_heads": 12,
    "pos_att_type": "p2c|c2p",
    "position_buckets": 256,
    "max_relative_positions": -1,
    "norm_rel_ebd": "layer_norm",
    "relative_attention": True,
}


def read(**changes):
    fields = DebertaConfig.fields_in({**V3, **changes}, where="config.json")
    return DebertaConfig.from_dict(fields)


def test_kinds_may_be_one_word_with_bars():
    assert tuple(read().position_kinds) == ("p2c", "c2p")


def test_table_reaches_as_far_as_texts_where_nothing_is_said():
    assert read().furthest == 512


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"conv_kernel_size": 3}, "conv_kernel_size must be 0"),
        ({"embedding_size": 128}, "embedding_size must be hidden_size"),
        ({"attention_head_size": 32}, "attention_head_size must be"),
        ({"pos_att_type": "p2p"}, "position_kinds"),
        ({"pos_att_type": None}, "position_kinds"),
        ({"position_buckets": 2}, "num_buckets"),
        ({"position_buckets": 1100}, "num_buckets"),
        ({"norm_rel_ebd": "batch_norm"}, "distance_norm"),
    ],
)
def test_network_that_is_not_built_is_refused(changes, named):
    with pytest.raises(ConfigError, match=named):
        read(**changes)


def test_new_head_is_known_by_its_tensors_where_the_config_does_not_say(tmp_path):
    sizes = {"vocabulary_size": 9, "hidden_dim": 8, "num_layers": 1, "num_heads": 2}
    config = DebertaConfig(**sizes, intermediate_dim=12, legacy_masked_lm=False)
    made = Pretrained(model=Backbone(config, heads=("masked_lm",)))
    made.save(tmp_path / "a")
    said = json.loads((tmp_path / "a" / "config.json").read_text())
    assert said.pop("legacy") is False
    (tmp_path / "a" / "config.json").write_text(json.dumps(said))
    (tmp_path / "a" / "kewen.json").unlink()
    again = kewen.load(tmp_path / "a")
    assert again.model.heads == ("masked_lm",)
    again.save(tmp_path / "b")
    with (
        open_checkpoint(tmp_path / "a") as before,
        open_checkpoint(tmp_path / "b") as after,
    ):
        assert "lm_predictions.lm_head.bias" in before
        assert {n: before[n].tobytes() for n in before} == {
            n: after[n].tobytes() for n in after
        }
