"""Where Gemma 3's weights stand in files: LLaMA's names, and two norms more."""

from kewen.checkpoints import Row, Source, WeightMap
from kewen.checkpoints.transforms import Shift
from kewen.models.llama.weights import LAYER, rows_like_llama

# llama.cpp adds the 1 to what norms learn when it writes a file.
FROM_1 = Shift(-1.0)

WEIGHTS = WeightMap(
    [
        *rows_like_llama(FROM_1),
        Row(
            "block_{i}_attention_output_norm/gamma",
            hf=f"{LAYER}post_attention_layernorm.weight",
            gguf=Source("blk.{i}.post_attention_norm.weight", FROM_1),
        ),
        Row(
            "block_{i}_feedforward_norm/gamma",
            hf=f"{LAYER}pre_feedforward_layernorm.weight",
            gguf=Source("blk.{i}.ffn_norm.weight", FROM_1),
        ),
        Row(
            "block_{i}_feedforward_output_norm/gamma",
            hf=f"{LAYER}post_feedforward_layernorm.weight",
            gguf=Source("blk.{i}.post_ffw_norm.weight", FROM_1),
        ),
    ],
    bases={"hf": ("model.", "")},
)
