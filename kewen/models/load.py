"""From a folder of any origin to a model: the second stair of the house.

file -> arrays -> weight map -> weights
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kewen.checkpoints import WeightsWarning
from kewen.errors import ConfigError, KewenError, NotFoundError, VocabularyError
from kewen.models.config import load_json
from kewen.models.hub import locate
from kewen.models.keras_file import KerasFile
from kewen.models.matching import matched
from kewen.models.pretrained import Pretrained
from kewen.models.registry import Family
from kewen.text import Tokenizer, tokenizer_of_gguf

__all__ = ["Pretrained", "load"]


def load(
    name: str | Path,
    *,
    family: str | None = None,
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
            npz; one file or sharded), a `.keras` or `.gguf` file, or a hub id.
        family: its name, where neither config.json nor the tensors' names tell, as of
            NEZHA's TensorFlow files; for Google's and bert4keras' as bert4keras has it.
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
        use: the family itself, whatever config.json says.

    Raises:
        NotFoundError: if there is no such model, or no weights in its folder.
        ConfigError, CheckpointError, VocabularyError: if a file of it is broken, or
            there is no such dtype.
        WeightsError: if weights and config do not fit, tensor by tensor.
    """
    _check_dtype(dtype)
    path = locate(name)
    if path.is_file() and path.suffix == ".keras":
        pretrained = _load_keras(path, dtype, family)
        if tokenizer:
            pretrained.tokenizer = _neighbour_of(path, duplicates, pretrained.config)
        return pretrained
    if path.is_dir() and (path / "model.keras").is_file():
        pretrained = _load_keras(path / "model.keras", dtype, family)
        if tokenizer:
            pretrained.tokenizer = _tokenizer_of(
                path, duplicates, pretrained.config, strict=False
            )
        return pretrained
    folder = path if path.is_dir() else path.parent
    with matched(
        path,
        application=application,
        position_input=position_input,
        dtype=dtype,
        options=options,
        use=use,
        named=family,
    ) as found:
        found.loaded.account.check(strict=strict)
        found.fill_model()
    config = found.model.config
    own = None
    if tokenizer:
        own = _tokenizer_of(folder, duplicates, config, strict, found.gguf)
    return Pretrained(
        model=found.model,
        tokenizer=own,
        account=found.loaded.account,
        config_json=found.config_json,
        origin=found.loaded.origin,
        folder=folder,
    )


def _check_dtype(dtype: Any) -> None:
    try:
        fits = "float" in str(keras.dtype_policies.get(dtype).compute_dtype)
    except (ValueError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise ConfigError(
            "dtype must be a dtype policy of Keras', such as float32, bfloat16 or "
            f"mixed_bfloat16. Received: {dtype!r}."
        )


def _tokenizer_of(
    folder: Path,
    duplicates: Any,
    config: Any,
    strict: bool,
    gguf: Mapping[str, Any] | None = None,
) -> Tokenizer | None:
    """The folder's, or else the one that the metadata of a GGUF file describes."""
    try:
        tokenizer = Tokenizer.from_folder(folder, duplicates=duplicates)
    except NotFoundError:
        tokenizer = tokenizer_of_gguf(gguf or {}, folder)
    if tokenizer is None:
        return None
    rows = config.vocabulary_size
    size = tokenizer.vocabulary_size
    complaint = (
        "The vocabulary and the token embedding must be of one size. Received: "
        f"{size} tokens in {folder}, {rows} rows (vocab_size)."
    )
    strict = strict and not config.SPARE_ROWS
    if size > rows or (size < rows and strict):
        surplus = (
            " If the surplus rows are meant, name them at its end ([unused1], ...), or "
            "load in Python: kewen.load(folder, strict=False)."
        )
        raise VocabularyError(
            f"{complaint} Take the vocabulary that the model was trained with."
            + (surplus if size < rows else "")
        )
    if size < rows and not config.SPARE_ROWS:
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


def _load_keras(path: Path, dtype: Any, named: str | None) -> Pretrained:
    with KerasFile(path, dtype, named) as file:
        file.fill_model()
    config_json = path.parent / "config.json"
    return Pretrained(
        model=file.model,
        config_json=load_json(config_json) if config_json.is_file() else {},
        origin="keras",
        folder=path.parent,
    )
