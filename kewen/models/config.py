"""How a family's config is read from and written to the files of other libraries."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from kewen.errors import ConfigError, NotFoundError
from kewen.files import read_regular

MAX_BYTES = 1 << 24  # of a config file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What every family's config can do. A family adds its fields.

    `KEYS` names, for each field, the keys of `config.json` that mean it; the first one
    is written.
    """

    family: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    ONLY: ClassVar[Mapping[str, Any]] = {}  # keys with the one value that is built here

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """The fields that a `config.json` says: Hugging Face's, Google's, bert4keras'.

        Unknown keys are left aside: published configs hold many that say nothing about
        the network.

        Raises:
            ConfigError: if two keys of one field disagree, or a key asks for a network
                that this family does not build.
        """
        for key, value in cls.ONLY.items():
            require(
                data.get(key, value) in (value, None),
                f"{where}: {key} must be {value!r}; another network is not built here.",
                f"{data.get(key)!r}",
            )
        values: dict[str, Any] = {}
        for field, keys in cls.KEYS.items():
            given = {key: data[key] for key in keys if data.get(key) is not None}
            distinct = list(dict.fromkeys(map(repr, given.values())))
            if len(distinct) > 1:
                raise ConfigError(
                    f"{where}: the keys {sorted(given)} mean the same and must agree. "
                    f"Received: {given}. Remove all but one."
                )
            if given:
                values[field] = next(iter(given.values()))
        return values

    def to_json(self) -> dict[str, Any]:
        """Hugging Face's keys for every field."""
        return {keys[0]: _plain(getattr(self, f)) for f, keys in self.KEYS.items()}

    def beyond_json(self) -> dict[str, Any]:
        """The fields that `to_json` has no keys for."""
        return {k: v for k, v in self.as_dict().items() if k not in self.KEYS}

    def as_dict(self) -> dict[str, Any]:
        """Our own fields, ready for JSON."""
        return {k: _plain(v) for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Any, *, where: str = "A config") -> Self:
        """The inverse of `as_dict`; fields that are not given have their defaults.

        Raises:
            ConfigError: if a field or its value cannot be; it says `where`.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        is_table = isinstance(data, Mapping)
        strange = [k for k in data if k not in known] if is_table else repr(data)
        if strange:
            raise ConfigError(
                f"{where}: a config is a table of fields out of {known}. Received: "
                f"{strange}. Remove or rename it."
            )
        try:
            return cls(**data)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error} Correct the value there.") from None
        except TypeError as error:
            raise ConfigError(
                f"{where}: a value has the wrong type ({error}). Received: {data}. "
                "Correct the value there."
            ) from None


def read_config_json(folder: Path) -> tuple[dict[str, Any], Path]:
    """The config file of a model folder, whatever its origin calls it.

    Raises:
        NotFoundError: if there is none.
        ConfigError: if it is not a JSON object.
    """
    candidates = [folder / "config.json", *sorted(folder.glob("*config*.json"))]
    usual = [p for p in candidates if p.name in ("config.json", "bert_config.json")]
    found = [p for p in [*usual, *candidates] if p.is_file() and _is_model_config(p)]
    if not found:
        raise NotFoundError(
            f"A model folder must hold config.json (or bert_config.json). Looked in "
            f"{folder}, which holds: {sorted(p.name for p in folder.iterdir())}."
        )
    data = load_json(found[0])
    architectures = data.get("architectures")
    require(
        architectures is None or isinstance(architectures, list),
        f"{found[0]}: architectures must be a list of names.",
        f"{architectures!r}. Correct the value there",
    )
    return data, found[0]


def load_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        ConfigError: if it is anything else.
    """
    try:
        data = json.loads(read_regular(path, MAX_BYTES).decode())
    except (ValueError, RecursionError, OSError) as error:
        raise ConfigError(
            f"{path} must be JSON. Received: {error}. Copy the file again, or correct "
            "it there."
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(
            f"{path} must hold a JSON object. Received: {type(data).__name__}. Copy "
            "the file again, or correct it there."
        )
    return data


def _is_model_config(path: Path) -> bool:
    if path.name in ("config.json", "bert_config.json"):
        return True
    return path.name not in (
        "generation_config.json",
        "tokenizer_config.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "data_config.json",
        "config_v4.json",
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def require(condition: bool, expected: str, received: str) -> None:
    """One check of a config's `__post_init__`.

    Raises:
        ConfigError: if `condition` does not hold.
    """
    if not condition:
        raise ConfigError(f"{expected} Received: {received}.")
