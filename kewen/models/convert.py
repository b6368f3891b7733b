"""From one layout of files to another, every value bit for bit.

file -> arrays -> weight map -> arrays -> file
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kewen.checkpoints import SHARD_BYTES, Account
from kewen.errors import ConfigError
from kewen.models.config import load_json
from kewen.models.hub import locate
from kewen.models.keras_file import KerasFile
from kewen.models.lora import plain_values
from kewen.models.matching import kewen_json_in, matched
from kewen.models.pretrained import Pretrained
from kewen.models.save import check_format, kewen_json_of, save_pretrained
from kewen.text import tokenizer_of_gguf

# What tokenizers are saved as, by kewen, transformers, Google and SentencePiece.
TOKENIZER_FILES = (
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)


def convert(
    name: str | Path,
    folder: str | Path,
    *,
    to: str,
    family: str | None = None,
    strict: bool = True,
    overwrite: bool = False,
    max_shard_bytes: int = SHARD_BYTES,
) -> Account | None:
    """Write a model's folder in another layout; values and their dtypes stay.

    Tensors are renamed, transposed, split and joined, nothing is computed, so that the
    way back gives the same bytes, and one tensor at a time is in memory. (A Keras file
    of half-precision tensors opens in the dtype of Keras' policy, float32 unless it was
    set: `kewen.load(..., dtype=)`.) Tokenizer files are copied unread; the tokenizer in
    a GGUF file becomes a tokenizer.json.

    Args:
        name: a model folder, a `.keras` file, or a hub id; see `kewen.load`.
        folder: where to; it appears as a whole or not at all.
        to: "hf", "tf1" or "keras"; see `Pretrained.save`.
        family: its name, where neither config.json nor the tensors' names tell; for
            Google's and bert4keras' files as bert4keras has it.
        strict: whether a tensor that has no place, or is missing, is an error; else it
            is left out, and a warning lists it. A missing one is always an error where
            all must be there, in "keras".
        overwrite: whether the folder may be replaced.
        max_shard_bytes: of tensors in a safetensors file.

    Returns:
        What became of every tensor that was read; None for a `.keras` file.

    Raises:
        ConfigError: if there is no such layout, or the family is not clear.
        WeightsError: if a tensor has no place in the model or in the new layout.
        NotFoundError, CheckpointError, FileError: as `load` and `Pretrained.save`.
    """
    path = locate(name)
    source = path if path.is_dir() else path.parent
    check_format(to)
    if source.resolve() != (target := Path(folder).resolve()):
        if source.resolve().is_relative_to(target):
            raise ConfigError(
                f"The new folder must not hold the old one, which would go with what "
                f"it replaces. Received: {folder}, which holds {source}."
            )
    options: dict[str, Any] = {
        "format": to,
        "overwrite": overwrite,
        "max_shard_bytes": max_shard_bytes,
        "copies": [source / n for n in TOKENIZER_FILES if (source / n).is_file()],
    }
    is_file = path.is_file() and path.suffix == ".keras"
    keras_file = path if is_file else source / "model.keras"
    if keras_file.is_file():
        with KerasFile(keras_file, named=family) as file:
            pretrained = Pretrained(model=file.model, config_json=_config_json(source))
            values = file.deferred()
            # What is no plain weight has a place in Keras' file only.
            options["values"] = (
                values if to == "keras" else plain_values(file.model, values)
            )
            options["extra"] = _beyond(pretrained, kewen_json_in(source))
            save_pretrained(pretrained, Path(folder), **options)
        return None
    with matched(path, named=family) as found:
        account = found.loaded.account
        # A Keras file holds every weight: what is not there cannot be left out.
        account.check(strict=strict or (to == "keras" and not account.fills_model))
        pretrained = Pretrained(model=found.model, config_json=found.config_json)
        if not options["copies"]:
            pretrained.tokenizer = tokenizer_of_gguf(found.gguf, path)
        options["values"] = (
            found.tied_values() if to == "keras" else found.loaded.deferred()
        )
        options["extra"] = _beyond(pretrained, found.kewen_json)
        save_pretrained(pretrained, Path(folder), **options)
    return account


def _config_json(folder: Path) -> Mapping[str, Any]:
    path = folder / "config.json"
    return load_json(path) if path.is_file() else {}


def _beyond(pretrained: Pretrained, kewen_json: Any) -> dict[str, Any]:
    """What kewen.json says beyond the model itself: a task and its labels."""
    own = {*kewen_json_of(pretrained.model), "application"}
    return {key: value for key, value in kewen_json.items() if key not in own}
