"""Pure tensor functions that `keras.ops` lacks; they run on every backend."""

from kewen.ops.attention_probabilities import (
    NORMALIZATIONS,
    attention_probabilities,
    check_normalization,
)
from kewen.ops.few_rows import (
    MOST_ROWS,
    are_few_rows,
    few_rows_by,
    turned_kernel,
    turned_kernels,
)
from kewen.ops.fused_attention import for_all_queries, fused_attention
from kewen.ops.int8_products import MOST_INT8_ROWS, int8_product
from kewen.ops.log_probability import log_probability
from kewen.ops.masked_pooling import masked_max, masked_mean, masked_std
from kewen.ops.platform import on_jax_cpu, on_jax_gpu
from kewen.ops.products import einsum, sums_apart
from kewen.ops.reversal import reverse_tokens
from kewen.ops.rotary import rotate
from kewen.ops.rotary_frequencies import (
    check_rotary_scaling,
    dynamic_base,
    rotary_frequencies,
)
from kewen.ops.softmax import masked_softmax, soft_cap
from kewen.ops.viterbi import viterbi

__all__ = [
    "MOST_INT8_ROWS",
    "MOST_ROWS",
    "NORMALIZATIONS",
    "are_few_rows",
    "attention_probabilities",
    "check_normalization",
    "check_rotary_scaling",
    "dynamic_base",
    "einsum",
    "few_rows_by",
    "for_all_queries",
    "fused_attention",
    "int8_product",
    "log_probability",
    "masked_max",
    "masked_mean",
    "masked_softmax",
    "masked_std",
    "on_jax_cpu",
    "on_jax_gpu",
    "reverse_tokens",
    "rotary_frequencies",
    "rotate",
    "soft_cap",
    "sums_apart",
    "turned_kernel",
    "turned_kernels",
    "viterbi",
]
