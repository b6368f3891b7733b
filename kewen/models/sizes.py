"""What a model takes, from its config alone: no weight is there meanwhile."""

import dataclasses
import math
import threading
from collections.abc import Iterable
from typing import Any

import keras

from kewen.errors import ConfigError
from kewen.layers import AttentionMask, GatedAttentionUnit, MultiHeadAttention
from kewen.models.base import Backbone
from kewen.models.config import Config
from kewen.models.multiply_adds import arguments, multiply_adds
from kewen.models.registry import family

MOST_LAYERS = 10_000  # beyond it a config is nonsense, and would be drawn for minutes
USUAL_LENGTH = 512
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """Parameters, memory and work of a model.

    Attributes:
        family: name.
        application: who may look at whom; see `Backbone`.
        heads: that are counted.
        length: tokens of a text, N; an encoder-decoder's two texts have N each.
        parameters: numbers in all weights, each once; not those of the original's
            buffers, which nobody counts (BART's final_logits_bias).
        weight_bytes: of all weights, by dtype. int8 without its scales.
        cached_a_token: numbers that a decoder keeps of each token it has seen, those of
            attention within a window included.
        cached: the same of N tokens, no more than the window where there is one.
        cached_of_source: of N tokens of an encoder-decoder's source, besides.
        flops: of a forward pass over one text: two for each multiply-add of a product,
            attention over all pairs included.
    """

    family: str
    application: str
    heads: tuple[str, ...]
    length: int
    parameters: int
    weight_bytes: dict[str, int]
    cached_a_token: int
    cached: int
    cached_of_source: int
    flops: int


def sizes(
    config: Any,
    *,
    heads: Iterable[str] = (),
    application: str | None = None,
    length: int | None = None,
) -> Sizes:
    """Count what the model of a config takes.

    Args:
        config: of any family.
        heads: as `Backbone`'s.
        application: as `Backbone`'s.
        length: tokens of a text; 512, or the model's longest text, if None.

    Raises:
        ConfigError: if the family has no such head or application, a text cannot be as
            long, or no model has so many layers.
    """
    longest = config.longest_text
    length = min(USUAL_LENGTH, longest) if length is None else length
    if not 1 <= length <= longest:
        raise ConfigError(
            f"The length must be from 1 to {longest}, the positions that the model "
            f"has. Received: {length}."
        )
    model = outline(config, heads=heads, application=application)
    counts = {p: math.prod(w.shape) for p, w in model.weights_by_path().items()}
    buffers = family(model.config.family).buffers
    parameters = sum(n for path, n in counts.items() if path not in buffers)
    nodes = model.nodes()
    kept = [_cached(node, length) for node in nodes]
    return Sizes(
        family=model.config.family,
        application=model.application,
        heads=model.heads,
        length=length,
        parameters=parameters,
        weight_bytes={dtype: size * parameters for dtype, size in BYTES.items()},
        cached_a_token=sum(numbers for numbers, _, _ in kept),
        cached=sum(numbers * tokens for numbers, tokens, _ in kept),
        cached_of_source=length * sum(numbers for _, _, numbers in kept),
        flops=2 * sum(multiply_adds(node, length) for node in nodes),
    )


def outline(config: Config, **options: Any) -> Backbone:
    """A `Backbone` whose weights have names and shapes, and no values.

    It is drawn in a scope in which Keras puts off first values, and in a thread of its
    own, because Keras keeps a list, for each thread, of what it has put off, and makes
    up for it when the next such scope ends.

    Args:
        config: of any family.
        **options: of `Backbone`.
    """
    num_layers = sum(config.layer_counts.values())
    if num_layers > MOST_LAYERS:
        raise ConfigError(
            f"A model must have at most {MOST_LAYERS} layers to be counted. Received: "
            f"{num_layers}. Correct the number of layers in the config."
        )
    drawn: list[Backbone] = []
    failed: list[Exception] = []

    def draw() -> None:
        try:
            with keras.StatelessScope(initialize_variables=False):
                drawn.append(Backbone(config, unset=True, dtype="float32", **options))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return drawn[0]


def _cached(node: Any, length: int) -> tuple[int, int, int]:
    """Of one call: numbers a token, tokens kept; numbers a token of a source."""
    layer = node.operation
    if isinstance(layer, GatedAttentionUnit):
        numbers = layer.key_dim + layer.intermediate_dim
    elif isinstance(layer, MultiHeadAttention):
        numbers = sum(math.prod(p.kernel.shape[1:]) for p in (layer.key, layer.value))
    else:
        return 0, 0, 0
    given = arguments(node)
    if given.get("context") is not None:
        return 0, 0, numbers
    mask = given["attention_mask"]._keras_history.operation
    if not isinstance(mask, AttentionMask) or mask.kind == "bidirectional":
        return 0, 0, 0  # every token would see those that come: nothing can be kept
    window = length if mask.window is None else 1 + mask.window[0]
    return numbers, min(length, window), 0
