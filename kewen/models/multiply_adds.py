"""How many multiply-adds a model's products take, counted call by call of its graph."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import keras

from kewen.layers import (
    ConditionalNorm,
    DisentangledAttention,
    GatedAttentionUnit,
    MultiHeadAttention,
    TokenEmbedding,
)

Layer = Any


def multiply_adds(node: Any, length: int) -> int:
    """Those of one call of a layer, for one text of `length` tokens.

    Products of matrices alone; norms, activations and sums are left out. Attention is
    over all pairs of tokens, masked or not, as it is computed without a kernel that
    skips some.

    Args:
        node: of `Backbone.nodes()`.
        length: of every sequence of the model, an encoder-decoder's two included.
    """
    layer, given = node.operation, arguments(node)
    if not given or not isinstance(layer, keras.layers.Layer):  # a slice has no weights
        return 0
    inputs = next(iter(given.values()))
    if isinstance(layer, TokenEmbedding):
        table = _numbers(layer.embeddings)
        return _rows(inputs, length) * table if given.get("reverse") else 0
    if isinstance(layer, DisentangledAttention):
        rows = given["distances"].shape[0]
        return _of_attention(layer, given, length) + _of_distances(layer, rows, length)
    if isinstance(layer, MultiHeadAttention):
        return _of_attention(layer, given, length)
    if isinstance(layer, GatedAttentionUnit):
        pairs = length**2 * (layer.key_dim + layer.intermediate_dim)
        return length * _kernels(layer) + pairs
    if isinstance(layer, ConditionalNorm):
        inputs = given["condition"]
    kernels = _kernels(layer)
    return kernels and _rows(inputs, length) * kernels


def arguments(node: Any) -> Mapping[str, Any]:
    """What a layer was called with, by the names of its `call`."""
    given = node.arguments
    signature = inspect.signature(node.operation.call)
    return signature.bind(*given.args, **given.kwargs).arguments


def _of_attention(layer: Layer, given: Mapping[str, Any], length: int) -> int:
    # Queries and keys are of the same length, whichever text they are of.
    projections = _kernels(layer)
    sizes = layer.query.kernel.shape[-1] + layer.value.kernel.shape[-1]
    pairs = length**2 * layer.num_heads * sizes
    # Vectors of pairs are multiplied by as many queries and probabilities again.
    return length * projections + pairs * (1 if given.get("relations") is None else 2)


def _of_distances(layer: Layer, rows: int, length: int) -> int:
    """Beyond plain attention; `rows` vectors of distances instead of tokens."""
    total = 0
    for kind, own, shared in (
        ("c2p", "position_key", "key"),
        ("p2c", "position_query", "query"),
    ):
        if kind in layer.kinds:
            name = shared if layer.share_projections else own
            kernel = getattr(layer, name).kernel
            if layer.share_projections:
                total += rows * _numbers(kernel)
            else:  # counted as a projection of tokens
                total += (rows - length) * _numbers(kernel)
            total += length * rows * math.prod(kernel.shape[1:])
    return total


def _kernels(layer: Layer) -> int:
    """Numbers in the kernels of a layer and of what it is made of."""
    return sum(
        _numbers(each.kernel)
        for each in layer._flatten_layers()
        if isinstance(each, keras.layers.Dense | keras.layers.EinsumDense)
    )


def _rows(tensor: Any, length: int) -> int:
    """Vectors in a tensor (B, ..., C) of one text."""
    _, *between, _ = tensor.shape
    return math.prod(length if size is None else size for size in between)


def _numbers(variable: Any) -> int:
    return math.prod(variable.shape)
