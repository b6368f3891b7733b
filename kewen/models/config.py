"""How a family's config is read from and written to the files of other libraries."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from kewen.errors import ConfigError, NotFoundError
from kewen.files import read_regular
from kewen.layers.activations import name_in_transformers

MAX_BYTES = 1 << 24  # of a config file
MOST = 2**48  # of any size: beyond it, products of sizes are no numbers to print
ACTIVATIONS = ("activation", "pooler_activation")
SIZES = ("vocabulary_size", "hidden_dim", "num_heads", "intermediate_dim")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What every family's config can do. A family adds its fields.

    `KEYS` names, for each field, the keys of `config.json` that mean it; the first one
    is written. `BEYOND` has those of bert4keras that Hugging Face has no keys for:
    kewen.json holds these fields.
    """

    num_layers: int

    family: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    BEYOND: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # Fields without a key that transformers need not know to answer the same.
    FREE: ClassVar[tuple[str, ...]] = ("num_labels",)
    ONLY: ClassVar[Mapping[str, Any]] = {}  # keys with the one value that is built here
    REPLACED: ClassVar[tuple[str, ...]] = ()  # keys read, and written as others
    SPARE_ROWS: ClassVar[bool] = False  # published tables are longer than vocabularies

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
        for field, keys in {**cls.KEYS, **cls.BEYOND}.items():
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
        said = {keys[0]: getattr(self, field) for field, keys in self.KEYS.items()}
        for field in ACTIVATIONS:
            if (name := self.KEYS.get(field, ("",))[0]) in said:
                said[name] = renamed(said[name], name_in_transformers)
        return {key: _plain(value) for key, value in said.items()}

    def beyond_json(self) -> dict[str, Any]:
        """The fields that `to_json` has no keys for."""
        return {k: v for k, v in self.as_dict().items() if k not in self.KEYS}

    def beyond_transformers(self) -> list[str]:
        """Fields that ask for a network that transformers has no class for."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if field.name not in (*self.KEYS, *self.FREE)
            and getattr(self, field.name) != field.default
        ]

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

    @property
    def layer_counts(self) -> Mapping[str, int]:
        """How many layers each placeholder of the weight map counts."""
        return {"i": self.num_layers}

    @property
    def fill_id(self) -> int:
        """What fills up rows of ids: `pad_id`, or 0 where a family has none."""
        return max(getattr(self, "pad_id", None) or 0, 0)

    def given(self, *names: str) -> list[str]:
        """Those of these fields that are not None."""
        return [name for name in names if getattr(self, name) is not None]

    def require_whole(self, *names: str, at_least: int) -> None:
        """Raise ConfigError unless these fields are whole numbers in bounds."""
        for name in names:
            value = getattr(self, name)
            require(
                isinstance(value, int)
                and not isinstance(value, bool)
                and at_least <= value <= MOST,
                f"{self.called(name)} must be a whole number from {at_least} to "
                f"{MOST}.",
                _shown(value),
            )

    def require_rate(self, *names: str) -> None:
        """Raise ConfigError unless these fields are shares, less than everything."""
        for name in names:
            value = getattr(self, name)
            require(
                _is_number(value) and 0 <= value < 1,
                f"{self.called(name)} must be at least 0 and less than 1.",
                _shown(value),
            )

    def require_positive(self, *names: str) -> None:
        """Raise ConfigError unless these fields are finite numbers above 0."""
        for name in names:
            value = getattr(self, name)
            require(
                _is_number(value) and 0 < value < math.inf,
                f"{self.called(name)} must be a positive number.",
                _shown(value),
            )

    def require_flag(self, *names: str) -> None:
        """Raise ConfigError unless these fields are true or false."""
        for name in names:
            value = getattr(self, name)
            require(
                isinstance(value, bool),
                f"{self.called(name)} must be true or false.",
                _shown(value),
            )

    def require_spread(self, name: str) -> None:
        """Raise ConfigError unless the field is a standard deviation."""
        value = getattr(self, name)
        require(
            _is_number(value) and 0 <= value < math.inf,
            f"{self.called(name)} must be a number of at least 0.",
            _shown(value),
        )

    def require_whole_heads(self) -> None:
        """Raise ConfigError unless the heads divide the width, or have a size given."""
        hidden_dim, num_heads = (getattr(self, n) for n in ("hidden_dim", "num_heads"))
        can_say = hasattr(self, "head_dim")
        unless = f" where {self.called('head_dim')} is not given" if can_say else ""
        require(
            getattr(self, "head_dim", None) is not None or hidden_dim % num_heads == 0,
            f"{self.called('hidden_dim')} must be a multiple of "
            f"{self.called('num_heads')}{unless}.",
            f"hidden_dim={hidden_dim}, num_heads={num_heads}",
        )

    def called(self, name: str) -> str:
        """The field's name, and the one that config.json has for it."""
        key, *_ = {**self.BEYOND, **self.KEYS}.get(name, (name,))
        return name if key == name else f"{name} ({key})"


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


def renamed(activation: Any, name_in: Callable[[str], str]) -> Any:
    """An activation, or each of several, under the name that it has elsewhere."""
    if isinstance(activation, str):
        return name_in(activation)
    return [name_in(each) for each in activation]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or value.bit_length() < 64  # else no float is it


def _shown(value: object) -> str:
    """A value for a message; Python prints no numbers of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    return repr(value)


def require(condition: bool, expected: str, received: str) -> None:
    """One check of a config's `__post_init__`.

    Raises:
        ConfigError: if `condition` does not hold.
    """
    if not condition:
        raise ConfigError(f"{expected} Received: {received}.")
