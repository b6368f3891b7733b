"""`describe`: every layer and every weight once, equal blocks folded."""

from typing import Any

from kewen.models import Backbone, Pretrained
from kewen.models.modernbert import ModernBertConfig
from kewen.models.qwen2 import Qwen2Config

SIZES: Any = {
    "vocabulary_size": 20,
    "hidden_dim": 8,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_dim": 12,
}


def test_a_part_is_a_line():
    config = Qwen2Config(**SIZES, num_kv_heads=1, tie_embeddings=True)
    told = Pretrained(model=Backbone(config)).describe()
    assert told.splitlines()[6:9] == [
        "block_0 .. block_1:                         1,024  2 x 512",
        "  attention_norm        RMSNorm                 8  gamma (8)",
        "  attention             MultiHeadAttention    208  query/kernel (8, 2, 4), "
        "query/bias (2, 4), key/kernel (8, 1, 4), key/bias (1, 4), value/kernel "
        "(8, 1, 4), value/bias (1, 4), output/kernel (2, 4, 8)",
    ]
    assert told.endswith(" 1,192")


def test_layers_between_blocks_do_not_unfold_them():
    config = ModernBertConfig(**{**SIZES, "num_layers": 3}, local_window=4, pad_id=0)
    told = Backbone(config).describe()
    assert "block_0:" in told  # it lacks a norm
    assert "block_1 .. block_2:" in told
    assert told.index("local_rotary_angles") < told.index("block_0:")
