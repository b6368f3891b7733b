"""A checkpoint beside the model that it is for: family, sizes, heads, and the account.

What `load` fills a model from, and what `convert` writes again.
"""

import dataclasses
import math
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kewen.checkpoints import Checkpoint, GgufFile, Loaded, aligned, open_checkpoint
from kewen.errors import ConfigError, NotFoundError
from kewen.layers.ties import tie_again
from kewen.models.base import Backbone
from kewen.models.bert4keras import MODELS, Original, original_of
from kewen.models.config import load_json, read_config_json, require
from kewen.models.gguf_config import config_json_of_gguf
from kewen.models.own_heads import own_heads, rivals_in, tensor_of
from kewen.models.registry import (
    APPLICATIONS,
    FAMILIES,
    OWN,
    Family,
    family,
    family_of_architectures,
    family_of_hf_names,
    family_of_model_type,
    family_of_tf_names,
    heads_of_architectures,
)
from kewen.models.save import KEWEN_JSON

LABELLERS = ("classifier", "tagger")
SURPLUS = 16  # times as many numbers as the file has: no slip, but nonsense


@dataclasses.dataclass(frozen=True, kw_only=True)
class Matched:
    """An open checkpoint beside a model of its sizes, whose weights are not set yet."""

    model: Backbone
    loaded: Loaded
    config_json: Mapping[str, Any]
    kewen_json: Mapping[str, Any]
    ties: Mapping[str, str]  # of weights; see kewen.layers.ties
    gguf: Mapping[str, Any]  # metadata of a GGUF file; nothing for another

    def fill_model(self) -> None:
        """Give the model the values that fit, and tie what kewen.json says is tied.

        Raises:
            ConfigError: if a tie is none of the model's, or its two values differ.
        """
        weights = self.model.weights_by_path()
        for variable, value in self.loaded.values():
            weight = weights[variable]
            weight.assign(aligned(value, weight.dtype))
        tie_again(self.model, self.ties, held=weights)

    def tied_values(self) -> Mapping[str, Any]:
        """Path -> what the file holds, to be read later; the model is tied to fit.

        Raises:
            ConfigError: as `fill_model`.
        """
        values = self.loaded.deferred()
        tie_again(self.model, self.ties, held=values)
        return values


@contextmanager
def matched(
    path: Path,
    *,
    application: str | None = None,
    position_input: bool = False,
    dtype: Any = None,
    options: Mapping[str, Any] | None = None,
    use: Family | None = None,
    named: str | None = None,
) -> Generator[Matched]:
    """Open a folder's weights, or a weight file's, and make the model that they fit.

    The arguments and errors are those of `load`, and `named` is a family's name, for
    files that do not tell theirs, or tell the same. Values can be read in the block.
    """
    folder = path if path.is_dir() else path.parent
    gguf = gguf_named(path)
    saved = {} if gguf else kewen_json_in(folder)
    config_json, config_path = ({}, path) if gguf else read_config_json(folder)
    config_json = _in_their_words(config_json, saved)
    with open_checkpoint(gguf or path) as checkpoint:
        metadata: Mapping[str, Any] = {}
        if isinstance(checkpoint, GgufFile):
            metadata = checkpoint.metadata
            config_json = config_json_of_gguf(checkpoint, metadata)
        kind = use or _family_of(config_json, saved, checkpoint, config_path, named)
        origin = kind.weights.origin_of(checkpoint)
        labels = _count_labels(kind, checkpoint, origin)
        replaced: dict[str, Any] = {"num_labels": labels} if labels else {}
        if kind.fields_seen:
            replaced |= kind.fields_seen(checkpoint, config_json)
        replaced |= options or {}
        config = _config_of(kind, config_json, saved, config_path, replaced)
        _check_size(config, checkpoint, config_path)
        own = _application_of(kind, config_json, saved, config_path)
        application = application or _half_named(kind, named) or own
        is_half = bool(kind.headless) and application != own
        noted = saved.get("heads", ())
        heads = own_heads(kind, checkpoint, origin, config, config_json, noted)
        model = Backbone(
            config,
            heads=() if application in kind.headless else heads,
            application=application,
            position_input=position_input,
            dtype=dtype,
            unset=True,
        )
        wanted = {
            path: tuple(weight.shape)
            for path, weight in model.weights_by_path().items()
        }
        loaded = kind.weights.read(
            checkpoint,
            wanted,
            origin=origin,
            num_layers=config.layer_counts,
            **_among_rivals(kind, checkpoint, origin, heads),
            unasked=f"no part of the {application}, which alone was asked for"
            if is_half
            else None,
        )
        yield Matched(
            model=model,
            loaded=loaded,
            config_json=config_json,
            kewen_json=saved,
            # Half a model has half the places; what it has is not tied.
            ties=saved.get("ties", {}) if not is_half else {},
            gguf=metadata,
        )


def _among_rivals(
    kind: Family, checkpoint: Checkpoint, origin: str, heads: Iterable[str]
) -> dict[str, Any]:
    """Which tensors are read, and which left, of a file that holds several networks."""
    there = rivals_in(kind, checkpoint, origin) if origin == "tf" else []
    if len(there) < 2:
        return {}
    read, *several = (kind.rivals[head] for head in there if head in heads)
    if several:  # of one body, as kewen has saved it
        return {}
    others = [kind.rivals[head] for head in there if head not in heads]
    return {
        "base": read.base,
        "aside": {name: each.because for each in others for name in each.patterns},
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared:
    """What config files say of a model, with no weights beside them."""

    config: Any
    application: str
    heads: tuple[str, ...]


def declared(path: Path, named: str | None = None) -> Declared:
    """Read a folder's config, or a config file.

    `named` is the family's name, ours or bert4keras', for a config that does not say.

    Heads are those of the class that `architectures` names; of another, or of none, it
    is the backbone; of a name of bert4keras, those that such a model always has. Labels
    of a classifier are counted in `id2label`.

    Raises:
        NotFoundError: if there is no such file.
        ConfigError: if it is broken, or names no family.
    """
    if path.is_dir():
        folder, (config_json, config_path) = path, read_config_json(path)
    elif path.exists():
        folder, config_json, config_path = path.parent, load_json(path), path
    else:
        raise NotFoundError(
            f"A config is config.json, or a folder that holds one. Received: {path}, "
            "which does not exist here."
        )
    saved = kewen_json_in(folder)
    config_json = _in_their_words(config_json, saved)
    kind = said = _declared_family(config_json, saved, config_path)
    if named is not None:
        chosen = family(named) if named in FAMILIES else _named_there(named)
        _require_named(said, chosen, named, config_path)
        kind = chosen
    if kind is None:
        raise ConfigError(
            f"{config_path} must name the family. Received: keys "
            f"{sorted(config_json)}. Add model_type, or name it (family=, --family)."
        )
    labels = config_json.get("id2label")
    fields = {field.name for field in dataclasses.fields(kind.config)}
    replaced: dict[str, Any] = {}
    if isinstance(labels, dict) and "num_labels" in fields:
        replaced["num_labels"] = len(labels)
    # What no file says, bert4keras' name does: its T5.1.1 has a head of its own.
    there = _model_there(kind, named) if said is None else None
    replaced |= there.fields if there else {}
    config = _config_of(kind, config_json, saved, config_path, replaced)
    application = _application_of(kind, config_json, saved, config_path)
    heads = heads_of_architectures(kind, config_json)
    if there:
        application, heads = there.application or application, there.heads
    return Declared(
        config=config,
        application=application,
        heads=() if application in kind.headless else heads,
    )


def gguf_named(path: Path) -> Path | None:
    """The GGUF file that a path names: it, or the only one of a bare folder."""
    if path.suffix == ".gguf" and not path.is_dir():
        return path
    found = sorted(path.glob("*.gguf")) if path.is_dir() else []
    is_bare = len(found) == 1 and not any(path.glob("*config*.json"))
    return found[0] if is_bare else None


def kewen_json_in(folder: Path) -> dict[str, Any]:
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
    ties = saved.get("ties", {})
    require(
        isinstance(ties, dict) and all(isinstance(each, str) for each in ties.values()),
        f"{path}: ties must be an object of names of weights.",
        f"{str(ties)[:80]}. Correct the value there",
    )
    return saved


def _in_their_words(
    config_json: dict[str, Any], saved: Mapping[str, Any]
) -> dict[str, Any]:
    """The same without our mark on model_type, where kewen.json says the rest."""
    model_type = config_json.get("model_type")
    if "family" not in saved or not isinstance(model_type, str):
        return config_json
    return {**config_json, "model_type": model_type.removeprefix(OWN)}


def _family_of(
    config_json: Mapping[str, Any],
    saved: Mapping[str, Any],
    checkpoint: Checkpoint,
    config_path: Path,
    named: str | None,
) -> Family:
    declared = _declared_family(config_json, saved, config_path)
    # Google's and bert4keras' files name no type; their tensors do.
    by_names = family_of_tf_names(checkpoint)
    if named is not None and not (declared and declared.name == named):
        as_there = by_names and not (named == "roberta" and _is_roberta(config_json))
        is_known = named not in FAMILIES or named in MODELS
        chosen = _named_there(named) if as_there and is_known else family(named)
        _require_named(declared, chosen, named, config_path)
        return chosen
    if declared is not None:
        return declared
    if by_names is not None:
        is_bert = by_names.name == "bert"
        if is_bert and _is_roberta(config_json):
            return family("roberta")
        return _among_berts(checkpoint, config_path) if is_bert else by_names
    if (by_names := family_of_hf_names(checkpoint)) is not None:
        return by_names
    raise ConfigError(
        f"{config_path} must name the family (model_type), or the tensors must have "
        f"names that tell. Received: keys {sorted(config_json)}, tensors "
        f"{list(checkpoint)[:3]} ... Add model_type, or name it (family=, --family)."
    )


def _named_there(named: str) -> Family:
    """The family that bert4keras calls so."""
    return family(original_of(named).family)


def _model_there(kind: Family, named: str | None) -> Original | None:
    """The model of this family that bert4keras calls so, if it calls one so."""
    there = MODELS.get((named or "").lower())
    return there if there and there.family == kind.name else None


def _half_named(kind: Family, named: str | None) -> str | None:
    """What bert4keras' name asks for, if it is half a model, as t5.1.1_encoder is."""
    there = _model_there(kind, named)
    is_half = there is not None and there.application != kind.applications[0]
    return there.application if there and is_half else None


def _require_named(
    said: Family | None, chosen: Family, named: str, config_path: Path
) -> None:
    require(
        said is None or said is chosen,
        f"{config_path.parent} must be of the family that is named, {named}.",
        f"config files that say {said and said.name}. Leave the name out, or correct "
        "model_type",
    )


def _is_roberta(config_json: Mapping[str, Any]) -> bool:
    """Whether sizes are those of RoBERTa itself; Chinese "RoBERTas" are BERTs.

    It has one row of segments, and padding that is not token 0.
    """
    one_segment = config_json.get("type_vocab_size") == 1
    return one_segment and config_json.get("pad_token_id") not in (None, 0)


def _among_berts(checkpoint: Checkpoint, config_path: Path) -> Family:
    """The family of tensors under bert/, whose names may tell, and may not."""
    if "bert/embeddings/position_embeddings" in checkpoint:
        return family("bert")
    if not any("LayerNorm" in each for each in checkpoint):
        return family("roformer_v2")
    raise ConfigError(
        f"{config_path}: the family of these weights must be named, because their "
        "names do not tell NEZHA from RoFormer. Received: tensors under bert/ without "
        "position embeddings. Name it (family='nezha' or 'roformer', --family), or add "
        "model_type."
    )


def _declared_family(
    config_json: Mapping[str, Any], saved: Mapping[str, Any], config_path: Path
) -> Family | None:
    """What kewen.json or config.json says, if they do."""
    if "family" in saved:
        return family(saved["family"])
    if model_type := config_json.get("model_type"):
        return family_of_model_type(str(model_type), config_path)
    return family_of_architectures(config_json.get("architectures") or ())


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
    kind: Family,
    config_json: Mapping[str, Any],
    saved: Mapping[str, Any],
    config_path: Path,
) -> str:
    """The mask that the model was trained with."""
    is_decoder = config_json.get("is_decoder") or False
    require(
        isinstance(is_decoder, bool),
        f"{config_path}: is_decoder must be true or false.",
        f"{is_decoder!r}. Correct the value there",
    )
    own = "lm" if is_decoder else kind.applications[0]
    for half, architecture in kind.headless.items():
        if architecture in (config_json.get("architectures") or []):
            own = half
    return saved.get("application", own)


def _count_labels(kind: Family, checkpoint: Checkpoint, origin: str) -> int | None:
    """L, read off the classifier itself: config files often do not say it."""
    # A bias has this shape in every file; kernels that go without one are (L, C).
    parts = [f"{head}/{part}" for part in ("bias", "kernel") for head in LABELLERS]
    for path in parts:
        name = tensor_of(kind, path, checkpoint, origin)
        if name is not None and checkpoint.info(name).shape:
            return checkpoint.info(name).shape[0]
    return None


def _check_size(config: Any, checkpoint: Checkpoint, config_path: Path) -> None:
    """Refuse sizes far beyond the file's before memory is asked for.

    Smaller misfits are left to the account, which names them tensor by tensor.
    """
    held = sum(math.prod(checkpoint.info(name).shape) for name in checkpoint)
    num_layers = sum(config.layer_counts.values())
    if config.num_weights > max(SURPLUS * held, 2**20) or (
        num_layers > 64 + len(checkpoint)
    ):
        raise ConfigError(
            f"{config_path}: the sizes must be those of the weights beside it. "
            f"Received: sizes of {config.num_weights} numbers or more in "
            f"{num_layers} layers, weights of {held} in {len(checkpoint)} "
            "tensors. Copy the config that belongs to the weights."
        )
