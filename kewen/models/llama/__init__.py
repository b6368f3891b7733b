"""LLaMA: config, network, weights."""

from kewen.checkpoints import WeightMap
from kewen.models.decoder_heads import HEADS
from kewen.models.llama.config import LlamaConfig
from kewen.models.llama.model import llama_graph
from kewen.models.llama.weights import UNTURNED, WEIGHTS
from kewen.models.registry import Family


def family_like_llama(
    name: str,
    config: type[LlamaConfig],
    classes: str,
    model_type: str | None = None,
    weights: WeightMap = WEIGHTS,
) -> Family:
    """A family whose config is all that differs.

    Args:
        name: of the family.
        config: its config class.
        classes: what transformers' classes begin with.
        model_type: of config.json; `name` if None.
        weights: the weight map.
    """
    return Family(
        name=name,
        config=config,
        graph=llama_graph,
        heads=HEADS,
        weights=weights,
        head_marks={
            "language_model": "lm_decoder/kernel",
            "sequence_classification": "classifier/kernel",
        },
        tied_heads=("language_model",),
        architectures={
            f"{classes}ForSequenceClassification": ("sequence_classification",),
            f"{classes}ForCausalLM": ("language_model",),
            f"{classes}Model": (),
        },
        model_type=model_type or name,
        applications=("lm",),
    )


FAMILY = family_like_llama("llama", LlamaConfig, "Llama")

__all__ = ["FAMILY", "UNTURNED", "LlamaConfig", "family_like_llama", "llama_graph"]
