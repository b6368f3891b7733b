"""T5: config, network, weights."""

from kewen.models.encoder_decoder import APPLICATIONS, ENCODER
from kewen.models.registry import Family
from kewen.models.t5.config import T5Config
from kewen.models.t5.model import HEADS, t5_graph
from kewen.models.t5.weights import untied_if_other, weights


def family_like_t5(
    name: str, config: type[T5Config], classes: str, norm: str
) -> Family:
    """A family whose config is all that differs.

    Args:
        name: of the family, and model_type of config.json.
        config: its config class.
        classes: what transformers' classes begin with.
        norm: what Mesh TensorFlow's files call a norm.
    """
    return Family(
        name=name,
        config=config,
        graph=t5_graph,
        heads=HEADS,
        weights=weights(norm),
        head_marks={"language_model": "lm_decoder/kernel"},
        tied_heads=("language_model",),
        architectures={
            f"{classes}ForConditionalGeneration": ("language_model",),
            f"{classes}Model": (),
        },
        fields_seen=untied_if_other,
        headless={ENCODER: f"{classes}EncoderModel"},
        model_type=name,
        applications=APPLICATIONS,
    )


FAMILY = family_like_t5("t5", T5Config, "T5", norm="layer_norm")

__all__ = ["FAMILY", "T5Config", "family_like_t5", "t5_graph"]
