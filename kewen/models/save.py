"""From a model in memory to a folder."""

import json
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kewen.checkpoints import (
    SHARD_BYTES,
    WeightsWarning,
    write_sharded,
    write_tf_bundle,
)
from kewen.errors import ConfigError
from kewen.files import atomic_folder, atomic_write
from kewen.layers.ties import ties_of
from kewen.models.base import Backbone
from kewen.models.bert4keras_config import json_for_bert4keras
from kewen.models.keras_file import write_keras
from kewen.models.lora import plain_values
from kewen.models.pretrained import Pretrained
from kewen.models.registry import OWN, Family, class_for_model_type, family

KEWEN_JSON = "kewen.json"
KNOWN_BY = "config.json"  # a folder without it is no model, and is not replaced
TF_PREFIX = "bert_model.ckpt"  # as Google and bert4keras call it


def save_pretrained(
    pretrained: Pretrained,
    folder: Path,
    *,
    format: str,
    overwrite: bool,
    max_shard_bytes: int = SHARD_BYTES,
    extra: Mapping[str, Any] | None = None,
    config_json: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    copies: Iterable[Path] = (),
) -> None:
    """See `Pretrained.save`, and more that tasks and conversions add.

    Args:
        pretrained: what to save.
        folder: as there.
        format: as there.
        overwrite: as there.
        max_shard_bytes: as there.
        extra: more keys of kewen.json (what a task must remember).
        config_json: more keys of config.json (label names).
        values: path -> array, to write instead of the model's own weights.
        copies: files that the folder gets as they are.
    """
    check_format(format)
    kind = family(pretrained.config.family)
    if format == "tf1" and "tf" not in kind.weights.origins:
        raise ConfigError(
            f"{kind.name} has no original in TensorFlow, whose names tf1 would have. "
            "Received: tf1 as the format to write. Write hf or keras."
        )
    strange = _strange(kind, pretrained.model) if format == "hf" else ""
    if strange:
        _warn_of_strange(strange, folder)
    written = values
    if written is None:  # Keras' file has a place for what is no plain weight
        written = {} if format == "keras" else plain_values(pretrained.model)
    with atomic_folder(folder, overwrite=overwrite, known_by=KNOWN_BY) as new:
        model = pretrained.model
        own = config_json_of(model, pretrained.config_json, format, bool(strange))
        write_json(new / "config.json", own | dict(config_json or {}))
        write_json(new / KEWEN_JSON, kewen_json_of(model) | dict(extra or {}))
        _WRITERS[format](model, written, new, max_shard_bytes)
        if pretrained.tokenizer is not None:
            pretrained.tokenizer.save(new)
        for path in copies:
            shutil.copyfile(path, new / path.name)


def _strange(kind: Family, model: Backbone) -> str:
    """What of a network transformers does not have; nothing if it has all."""
    if not kind.in_transformers:
        return f"the family {kind.name}"
    parts = {layer.name for layer in model.layers}
    fields = model.config.beyond_transformers()
    fields = [n for n in fields if n != "pooler_activation" or "pooler" in parts]
    return f"{', '.join(fields)} in the config" if fields else ""


def _warn_of_strange(strange: str, folder: Path) -> None:
    warnings.warn(
        f"{folder} is written in the layout of transformers, but transformers will "
        "not open it: release 5 has no such network, and model_type in config.json "
        f"says so, lest it compute another. Received: {strange}. kewen.load reads it.",
        WeightsWarning,
        stacklevel=4,
    )


def check_format(format: str) -> None:
    """Raise ConfigError if a model cannot be written so."""
    if format not in _WRITERS:
        raise ConfigError(
            f"A format must be one of {', '.join(_WRITERS)}. Received: {format!r}."
        )


def config_json_of(
    model: Backbone, given: Mapping[str, Any], format: str, is_strange: bool
) -> dict[str, Any]:
    """What transformers reads; keys of the origin that we do not know stay.

    Args:
        model: of which it speaks.
        given: what the origin said.
        format: of the weights beside it; beside "tf1", bert4keras' keys.
        is_strange: whether transformers would take the network for another.
    """
    kind = family(model.config.family)
    model_type = given.get("model_type", kind.model_type)
    architecture = architecture_of(kind, model)
    is_marked = is_strange and kind.in_transformers  # else the type is none of theirs
    said = (json_for_bert4keras if format == "tf1" else kind.config.to_json)(
        model.config
    )
    # Other libraries' names of what is said; they would contradict it.
    tables = (*kind.config.KEYS.values(), *kind.config.BEYOND.values())
    synonyms = {key for keys in tables for key in keys} - said.keys()
    replaced = {*synonyms, *kind.config.REPLACED}
    return {
        **{key: value for key, value in given.items() if key not in replaced},
        "model_type": f"{OWN}{model_type}" if is_marked else model_type,
        "architectures": [class_for_model_type(architecture, kind, model_type)],
        **({"is_decoder": model.application == "lm"} if _can_be_either(kind) else {}),
        **said,
    }


def kewen_json_of(model: Backbone) -> dict[str, Any]:
    """What the Hugging Face layout has no place for, and nothing that it says."""
    return {
        "format": 1,
        "family": model.config.family,
        "heads": list(model.heads),
        **({} if _config_json_says(model) else {"application": model.application}),
        "config": model.config.beyond_json(),
        **({"ties": ties} if (ties := ties_of(model)) else {}),
    }


def _config_json_says(model: Backbone) -> bool:
    """Whether `is_decoder` or `architectures` tells the application."""
    kind = family(model.config.family)
    by_flag = ("encoder", "lm") if _can_be_either(kind) else ()
    by_class = kind.headless.get(model.application) is not None
    return by_class or model.application in (kind.applications[0], *by_flag)


def _can_be_either(kind: Family) -> bool:
    return {"encoder", "lm"} <= set(kind.applications)


def architecture_of(kind: Family, model: Backbone) -> str:
    """Transformers' class with most of its heads, and with none that is lacking."""
    heads = set(model.heads)
    is_causal = heads - {"pooler"} == {"masked_lm"} and model.application == "lm"
    if is_causal and kind.causal_lm:
        return kind.causal_lm
    if (half := kind.headless.get(model.application)) is not None:
        return half
    *tops, base = kind.architectures
    for name in tops:
        wanted = set(kind.architectures[name]) - {"pooler"}
        if wanted <= heads:
            return name
    return base


def _write_hf(
    model: Backbone, values: Mapping[str, Any], folder: Path, max_shard_bytes: int
) -> None:
    kind = family(model.config.family)
    *_, base_model = kind.architectures
    is_base = architecture_of(kind, model) == base_model
    prefix, *_ = kind.weights.bases["hf"]
    tensors = kind.weights.write(
        values,
        origin="hf",
        num_layers=model.config.layer_counts,
        base="" if is_base else prefix,
    )
    write_sharded(folder, tensors, max_shard_bytes=max_shard_bytes)


def _write_tf(
    model: Backbone, values: Mapping[str, Any], folder: Path, max_shard_bytes: int
) -> None:
    kind = family(model.config.family)
    tensors = kind.weights.write(
        values,
        origin="tf",
        num_layers=model.config.layer_counts,
    )
    write_tf_bundle(folder / TF_PREFIX, tensors)


def _write_keras(
    model: Backbone, values: Mapping[str, Any], folder: Path, max_shard_bytes: int
) -> None:
    write_keras(folder / "model.keras", model, values)


# Each takes the model, its values by path, the folder, and the size of a shard.
_WRITERS: dict[str, Callable[[Backbone, Mapping[str, Any], Path, int], None]] = {
    "hf": _write_hf,
    "tf1": _write_tf,
    "keras": _write_keras,
}


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """JSON as people read it, and as git compares it."""
    with atomic_write(path) as file:
        text = json.dumps(data, ensure_ascii=False, indent=2)
        file.write((text + "\n").encode())
