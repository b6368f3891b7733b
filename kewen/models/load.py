"""From a folder of any origin to a model: the second stair of the house.

file -> arrays -> weight map -> weights
"""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kewen.checkpoints import Checkpoint, WeightsWarning, open_checkpoint
from kewen.errors import (
    CheckpointError,
    ConfigError,
    KewenError,
    NotFoundError,
    VocabularyError,
    WeightsError,
)
from kewen.models.base import Backbone
from kewen.models.config import load_json, read_config_json, require
from kewen.models.hub import locate
from kewen.models.own_heads import own_heads, tensor_of
from kewen.models.pretrained import Pretrained
from kewen.models.registry import (
    APPLICATIONS,
    FAMILIES,
    Family,
    family,
    family_of_model_type,
)
from kewen.models.save import KEWEN_JSON
from kewen.text import Tokenizer

__all__ = ["Pretrained", "load"]

SURPLUS = 16  # times as many numbers as the file has: no slip, but nonsense


def load(
    name: str | Path,
    *,
    application: str | None = None,
    position_input: bool = False,
    dtype: Any = None,
    strict: bool = True,
    duplicates: str = "error",
    tokenizer: bool = True,
    options: Mapping[str, Any] | None = None,
    use: Family | None = None,
) -> Pretrained:
    """Open a model of any origin: folder, `.keras` file, or hub id.

    The model has the heads that the checkpoint has; `model.redrawn(heads=...)` gives it
    others.

    Args:
        name: a folder with config.json and weights (safetensors, torch, TensorFlow or
            npz; one file or sharded), a `.keras` file, or a hub id.
        application: who may look at whom: "encoder", "lm" or "unilm"; if None, what the
            folder says, where `is_decoder` in config.json means "lm".
        position_input: whether position ids are an input.
        dtype: Keras dtype policy, such as "mixed_bfloat16"; Keras' global one if None.
        strict: whether a tensor that is missing, unread, unset or misshaped is an
            error, and so a vocabulary with fewer tokens than the model has rows; else
            it is a warning that lists the same.
        duplicates: what a vocabulary's duplicate lines mean; see `Tokenizer`.
        tokenizer: whether to read the tokenizer too. A `.keras` file goes without one,
            and a warning says so, if what lies beside it does not fit.
        options: config fields to replace, such as `{"dropout": 0.0}`.
        use: the family, where config.json does not name it.

    Raises:
        NotFoundError: if there is no such model, or no weights in its folder.
        ConfigError, CheckpointError, VocabularyError: if a file of it is broken.
        WeightsError: if weights and config do not fit, tensor by tensor.
    """
    path = locate(name)
    if path.is_file() and path.suffix == ".keras":
        pretrained = _load_keras(path)
        if tokenizer:
            pretrained.tokenizer = _neighbour_of(path, duplicates, pretrained.config)
        return pretrained
    if path.is_dir() and (path / "model.keras").is_file():
        pretrained = _load_keras(path / "model.keras")
        if tokenizer:
            pretrained.tokenizer = _tokenizer_of(
                path, duplicates, pretrained.config, strict=False
            )
        return pretrained
    folder = path if path.is_dir() else path.parent
    config_json, config_path = read_config_json(folder)
    saved = _kewen_json_in(folder)
    with open_checkpoint(path) as checkpoint:
        kind = use or _family_of(config_json, saved, checkpoint, config_path)
        origin = kind.weights.origin_of(checkpoint)
        labels = _count_labels(kind, checkpoint, origin)
        replaced = ({"num_labels": labels} if labels else {}) | dict(options or {})
        config = _config_of(kind, config_json, saved, config_path, replaced)
        _check_size(config, checkpoint, config_path)
        model = Backbone(
            config,
            heads=own_heads(kind, checkpoint, origin, config_json),
            application=application or _application_of(config_json, saved, config_path),
            position_input=position_input,
            dtype=dtype,
            unset=True,
        )
        wanted = {
            path: tuple(weight.shape)
            for path, weight in model.weights_by_path().items()
        }
        loaded = kind.weights.read(
            checkpoint, wanted, origin=origin, num_layers=config.num_layers
        )
        loaded.account.check(strict=strict)
        weights = model.weights_by_path()
        for variable, value in loaded.values():
            weights[variable].assign(value)
    own = _tokenizer_of(folder, duplicates, config, strict) if tokenizer else None
    return Pretrained(
        model=model,
        tokenizer=own,
        account=loaded.account,
        config_json=config_json,
        origin=origin,
    )


def _kewen_json_in(folder: Path) -> dict[str, Any]:
    """What kewen noted when it saved the folder; nothing where it did not."""
    path = folder / KEWEN_JSON
    if not path.is_file():
        return {}
    saved = load_json(path)
    for key, known in (("family", FAMILIES), ("application", APPLICATIONS)):
        require(
            key not in saved or saved[key] in known,
            f"{path}: {key} must be one of {list(known)}.",
            f"{saved.get(key)!r}. Correct the value there",
        )
    return saved


def _family_of(
    config_json: Mapping[str, Any],
    saved: Mapping[str, Any],
    checkpoint: Checkpoint,
    config_path: Path,
) -> Family:
    if "family" in saved:
        return family(saved["family"])
    if config_json.get("model_type"):
        return family_of_model_type(str(config_json["model_type"]), config_path)
    # Google's and bert4keras' files name no type; their tensors do.
    if any(name.startswith("bert/") for name in checkpoint):
        return family("bert")
    raise ConfigError(
        f"{config_path} must name the family (model_type), or the tensors must have "
        f"names that tell. Received: keys {sorted(config_json)}, tensors "
        f"{list(checkpoint)[:3]} ... Add model_type."
    )


def _config_of(
    kind: Family,
    config_json: Mapping[str, Any],
    saved: Mapping[str, Any],
    config_path: Path,
    replaced: Mapping[str, Any],
) -> Any:
    """What config.json says; kewen.json speaks of the rest; the caller of some."""
    own = saved.get("config", {})
    kind.config.from_dict(own, where=str(config_path.with_name(KEWEN_JSON)))
    said = kind.config.fields_in(config_json, where=str(config_path))
    config = kind.config.from_dict({**own, **said}, where=str(config_path))
    return kind.config.from_dict({**config.as_dict(), **replaced}, where="options")


def _application_of(
    config_json: Mapping[str, Any], saved: Mapping[str, Any], config_path: Path
) -> str:
    """The mask that the model was trained with."""
    is_decoder = config_json.get("is_decoder") or False
    require(
        isinstance(is_decoder, bool),
        f"{config_path}: is_decoder must be true or false.",
        f"{is_decoder!r}. Correct the value there",
    )
    return saved.get("application", "lm" if is_decoder else "encoder")


def _count_labels(kind: Family, checkpoint: Checkpoint, origin: str) -> int | None:
    """L, read off the classifier itself: config files often do not say it."""
    for path in ("classifier/kernel", "tagger/kernel"):
        name = tensor_of(kind, path, checkpoint, origin)
        if name is not None and checkpoint.info(name).shape:
            return checkpoint.info(name).shape[0]
    return None


def _check_size(config: Any, checkpoint: Checkpoint, config_path: Path) -> None:
    """Refuse sizes far beyond the file's before memory is asked for.

    Smaller misfits are left to the account, which names them tensor by tensor.
    """
    held = sum(math.prod(checkpoint.info(name).shape) for name in checkpoint)
    if config.num_weights > max(SURPLUS * held, 2**20):
        raise ConfigError(
            f"{config_path}: the sizes must be those of the weights beside it. "
            f"Received: sizes of {config.num_weights} numbers or more, weights of "
            f"{held}. Copy the config that belongs to the weights."
        )


def _tokenizer_of(
    folder: Path, duplicates: Any, config: Any, strict: bool
) -> Tokenizer | None:
    try:
        tokenizer = Tokenizer.from_folder(folder, duplicates=duplicates)
    except NotFoundError:
        return None
    rows = config.vocabulary_size
    size = tokenizer.vocabulary_size
    complaint = (
        "The vocabulary and the token embedding must be of one size. Received: "
        f"{size} tokens in {folder}, {rows} rows (vocab_size)."
    )
    if size > rows or (size < rows and strict):
        surplus = (
            " If the surplus rows are meant, name them at its end ([unused1], ...), or "
            "load in Python: kewen.load(folder, strict=False)."
        )
        raise VocabularyError(
            f"{complaint} Take the vocabulary that the model was trained with."
            + (surplus if size < rows else "")
        )
    if size < rows:
        warnings.warn(complaint, WeightsWarning, stacklevel=3)
    return tokenizer


def _neighbour_of(path: Path, duplicates: Any, config: Any) -> Tokenizer | None:
    """The tokenizer beside a `.keras` file, which need not be the model's."""
    try:
        return _tokenizer_of(path.parent, duplicates, config, strict=True)
    except KewenError as error:
        warnings.warn(
            f"{path} is loaded without a tokenizer, since the one beside it does not "
            f"fit: {error}",
            WeightsWarning,
            stacklevel=3,
        )
        return None


def _load_keras(path: Path) -> Pretrained:
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # zip, JSON, HDF5 and Keras raise what they like
        raise CheckpointError(
            f"{path} must be a file that Keras saved. It could not be opened: "
            f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        ) from error
    if not isinstance(model, Backbone):
        raise WeightsError(
            f"{path} must hold a model of kewen's. Received: {type(model).__name__}. "
            "Open other Keras models with keras.saving.load_model, after "
            "`import kewen.layers`."
        )
    config_json = path.parent / "config.json"
    return Pretrained(
        model=model,
        config_json=load_json(config_json) if config_json.is_file() else {},
        origin="keras",
    )
