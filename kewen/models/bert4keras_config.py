"""A config as bert4keras reads it: what a TensorFlow checkpoint of ours lies beside.

Unknown keys do not disturb it: its models take any keyword argument.
"""

from typing import Any

from kewen.layers.activations import name_in_bert4keras
from kewen.models.bert4keras import MODELS
from kewen.models.config import Config, renamed
from kewen.models.t5.config import T5Config

# Names of its code, which it fills from those of its files.
_CODE = {"dropout_rate", "attention_dropout_rate", "max_position", "segment_vocab_size"}
_KNOWN = {key for model in MODELS.values() for key in model.options} - _CODE


def json_for_bert4keras(config: Config) -> dict[str, Any]:
    """Fields under bert4keras' keys, and under Hugging Face's what has none there.

    A score of all layers before ("cumulative" residual attention) is said in kewen.json
    alone: bert4keras cannot compute it.
    """
    said = config.to_json() | {config.KEYS["activation"][0]: _activation(config)}
    values = {field: said.get(keys[0]) for field, keys in config.KEYS.items()}
    wanted = {field: _name(keys) for field, keys in config.KEYS.items()}
    named: dict[str, Any] = {}
    for field, name in wanted.items():
        same = [values[other] for other, its in wanted.items() if its == name]
        # One rate of dropout there may be several here; then it is none of them.
        clash = any(value != same[0] for value in same)
        named[config.KEYS[field][0] if clash else name] = values[field]
    theirs = {key for key, *_ in config.KEYS.values()}
    rest = {key: value for key, value in said.items() if key not in theirs}
    return {**rest, **named, **_beyond(config)}


def _name(keys: tuple[str, ...]) -> str:
    return next((key for key in keys if key in _KNOWN), keys[0])


def _beyond(config: Config) -> dict[str, Any]:
    """Options that Hugging Face has no keys for, where they are not the usual."""
    usual = {name: f.default for name, f in config.__dataclass_fields__.items()}
    given = {
        name: getattr(config, field)
        for field, (name, *_) in config.BEYOND.items()
        if getattr(config, field) != usual[field] and name in _KNOWN
    }
    return {k: v for k, v in given.items() if v != "cumulative"}


def _activation(config: Any) -> Any:
    if isinstance(config, T5Config):
        return config.activation_for_bert4keras()
    return renamed(config.activation, name_in_bert4keras)
