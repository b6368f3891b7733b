"""From a model in memory to a folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kewen.checkpoints import write_safetensors
from kewen.errors import ConfigError
from kewen.files import atomic_folder, atomic_write
from kewen.models.base import Backbone
from kewen.models.pretrained import Pretrained
from kewen.models.registry import Family, class_for_model_type, family

FORMATS = ("hf", "keras")
KEWEN_JSON = "kewen.json"


def save_pretrained(
    pretrained: Pretrained,
    folder: Path,
    *,
    format: str,
    overwrite: bool,
    extra: Mapping[str, Any] | None = None,
    config_json: Mapping[str, Any] | None = None,
) -> None:
    """See `Pretrained.save`, and two more things that a task adds.

    Args:
        pretrained: what to save.
        folder: as there.
        format: as there.
        overwrite: as there.
        extra: more keys of kewen.json (what a task must remember).
        config_json: more keys of config.json (label names).
    """
    if format not in FORMATS:
        raise ConfigError(f"A format must be one of {FORMATS}. Received: {format!r}.")
    with atomic_folder(folder, overwrite=overwrite) as new:
        model = pretrained.model
        own = config_json_of(model, pretrained.config_json) | dict(config_json or {})
        write_json(new / "config.json", own)
        write_json(new / KEWEN_JSON, kewen_json_of(model) | dict(extra or {}))
        _WRITERS[format](model, new)
        if pretrained.tokenizer is not None:
            pretrained.tokenizer.save(new)


def config_json_of(model: Backbone, given: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers reads; keys of the origin that we do not know stay."""
    kind = family(model.config.family)
    model_type = given.get("model_type", kind.model_type)
    architecture = architecture_of(kind, model)
    # Other libraries' names of what is written below; they would contradict it.
    synonyms = {key for keys in kind.config.KEYS.values() for key in keys[1:]}
    return {
        **{key: value for key, value in given.items() if key not in synonyms},
        "model_type": model_type,
        "architectures": [class_for_model_type(architecture, kind, model_type)],
        "is_decoder": model.application == "lm",
        **model.config.to_json(),
    }


def kewen_json_of(model: Backbone) -> dict[str, Any]:
    """What the Hugging Face layout has no place for, and nothing that it says."""
    application = model.application
    return {
        "format": 1,
        "family": model.config.family,
        "heads": list(model.heads),
        **({"application": application} if application == "unilm" else {}),
        "config": model.config.beyond_json(),
    }


def architecture_of(kind: Family, model: Backbone) -> str:
    """Transformers' class with most of its heads, and with none that is lacking."""
    heads = set(model.heads)
    if heads - {"pooler"} == {"masked_lm"} and model.application == "lm":
        return kind.causal_lm
    *tops, base = kind.architectures
    for name in tops:
        wanted = set(kind.architectures[name]) - {"pooler"}
        if wanted <= heads:
            return name
    return base


def _write_hf(model: Backbone, folder: Path) -> None:
    kind = family(model.config.family)
    *_, base_model = kind.architectures
    is_base = architecture_of(kind, model) == base_model
    prefix, *_ = kind.weights.bases["hf"]
    tensors = kind.weights.write(
        {path: np.asarray(w) for path, w in model.weights_by_path().items()},
        origin="hf",
        num_layers=model.config.num_layers,
        base="" if is_base else prefix,
    )
    write_safetensors(folder / "model.safetensors", tensors, metadata={"format": "pt"})


def _write_keras(model: Backbone, folder: Path) -> None:
    model.save(folder / "model.keras")


_WRITERS: dict[str, Callable[[Backbone, Path], None]] = {
    "hf": _write_hf,
    "keras": _write_keras,
}


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """JSON as people read it, and as git compares it."""
    with atomic_write(path) as file:
        text = json.dumps(data, ensure_ascii=False, indent=2)
        file.write((text + "\n").encode())
