"""Which families there are, and by which names other libraries know them."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from kewen.checkpoints import WeightMap
from kewen.errors import ConfigError
from kewen.models.config import Config
from kewen.models.graph import Graph

# Family -> the module that defines it as `FAMILY`.
_MODULES = {
    "albert": "kewen.models.albert",
    "bart": "kewen.models.bart",
    "bert": "kewen.models.bert",
    "deberta": "kewen.models.deberta",
    "distilbert": "kewen.models.distilbert",
    "electra": "kewen.models.electra",
    "gau_alpha": "kewen.models.gau_alpha",
    "gemma3": "kewen.models.gemma3",
    "gpt": "kewen.models.gpt",
    "gpt2": "kewen.models.gpt2",
    "gpt2_ml": "kewen.models.gpt2_ml",
    "llama": "kewen.models.llama",
    "mistral": "kewen.models.mistral",
    "mt5": "kewen.models.mt5",
    "modernbert": "kewen.models.modernbert",
    "nezha": "kewen.models.nezha",
    "qwen2": "kewen.models.qwen2",
    "qwen3": "kewen.models.qwen3",
    "roberta": "kewen.models.roberta",
    "roformer": "kewen.models.roformer",
    "roformer_v2": "kewen.models.roformer_v2",
    "t5": "kewen.models.t5",
}
FAMILIES = tuple(_MODULES)
APPLICATIONS = (  # the last two are those of encoder-decoders
    "encoder",
    "lm",
    "unilm",
    "permuted",
    "encoder_decoder",
    "decoder",
)
# Hugging Face's `model_type` -> family; bert4keras' names are in `bert4keras.py`.
_MODEL_TYPES = {
    "albert": "albert",
    "bart": "bart",
    "bert": "bert",
    "camembert": "roberta",
    "deberta-v2": "deberta",
    "distilbert": "distilbert",
    "electra": "electra",
    "gau_alpha": "gau_alpha",
    "gemma3_text": "gemma3",
    "gpt2": "gpt2",
    "gpt2_ml": "gpt2_ml",
    "llama": "llama",
    "mistral": "mistral",
    "mt5": "mt5",
    "modernbert": "modernbert",
    "nezha": "nezha",
    "openai-gpt": "gpt",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "roberta": "roberta",
    "roformer": "roformer",
    "roformer_v2": "roformer_v2",
    "t5": "t5",
    "xlm-roberta": "roberta",
}
# Stands before a model_type in files of ours whose network transformers does not have.
OWN = "kewen_"
# What the tensors of TensorFlow's files begin with -> family; the first that fits.
_TF_NAMES = {
    "GAU_alpha/": "gau_alpha",
    "bert/encoder/transformer/group_0/": "albert",
    "encoder/rms_norm/": "mt5",
    "decoder/rms_norm/": "mt5",
    "encoder/block_000/": "t5",
    "decoder/block_000/": "t5",
    "bert/": "bert",
    "electra/": "electra",
    "gpt/output/": "gpt2",  # the final norm, which GPT lacks
    "gpt/": "gpt",
    "newslm/": "gpt2_ml",
}
# The same of Hugging Face's, as far as no other family's begin so.
_HF_NAMES = {
    "albert.": "albert",
    "bert.embeddings.position_embeddings": "bert",
    "deberta.": "deberta",
    "distilbert.": "distilbert",
    "electra.": "electra",
    "roberta.": "roberta",
}
# Where transformers has classes of their own for a model type of a family.
_CLASS_PREFIXES = {"xlm-roberta": "XLMRoberta", "camembert": "Camembert"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rival:
    """One of several networks that a TensorFlow file may hold.

    Attributes:
        base: what the names of its own tensors begin with.
        patterns: those tensors, and its head's.
        because: what an account says of them where another network is read.
    """

    base: str
    patterns: tuple[str, ...]
    because: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family:
    """A folder of `kewen.models` as data.

    Attributes:
        name: as in `Config.family`.
        config: the config class.
        graph: draws the backbone.
        heads: draw the heads, by name.
        weights: the weight map.
        head_marks: head -> a variable; its tensor in a file tells of the head.
        architectures: transformers' class -> heads, the fullest first; its base model,
            whose tensors have no prefix, last.
        model_type: what `config.json` is given when kewen writes it.
        in_transformers: whether release 5 of transformers has such a network.
        tied_heads: heads that need no tensor where `config.tie_embeddings`.
        causal_lm: transformers' class for the masked_lm head under a causal mask.
        applications: masks that the family can wear, or halves that it has; the first
            is its own.
        fields_seen: config fields that tensors tell, whatever config.json says, from
            the file and config.json.
        counts_tokens: whether positions that are not given count the tokens of a row,
            where its original numbers the columns.
        headless: applications that no head stands on -> transformers' class of such a
            model, None if there is none.
        buffers: weights that the original has, and does not count as parameters.
        rivals: heads of different networks that one file may hold -> the network. The
            one that `architectures` names is read, else the first that is there.
    """

    name: str
    config: type[Config]
    graph: Callable[..., Graph]
    heads: Mapping[str, Callable[[Graph], Any]]
    weights: WeightMap
    head_marks: Mapping[str, str]
    architectures: Mapping[str, tuple[str, ...]]
    model_type: str
    in_transformers: bool = True
    tied_heads: tuple[str, ...] = ()
    causal_lm: str | None = None
    applications: tuple[str, ...] = APPLICATIONS[:4]
    fields_seen: Callable[[Mapping, Mapping], Mapping[str, Any]] | None = None
    counts_tokens: bool = False
    headless: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    buffers: tuple[str, ...] = ()
    rivals: Mapping[str, Rival] = dataclasses.field(default_factory=dict)


def family(name: str) -> Family:
    """The family called `name`.

    Raises:
        ConfigError: if there is none.
    """
    if name not in _MODULES:
        raise ConfigError(
            f"A family must be one of {list(FAMILIES)}. Received: {name!r}."
        )
    return import_module(_MODULES[name]).FAMILY


def family_of_model_type(model_type: str, where: Path) -> Family:
    """The family that Hugging Face's `model_type` names in the config file `where`.

    Raises:
        ConfigError: if kewen has none for it.
    """
    if model_type.removeprefix(OWN) in _MODEL_TYPES and model_type.startswith(OWN):
        raise ConfigError(
            f"{where}: {model_type} is a network that kewen.json says more about. "
            "Received: no kewen.json beside it. Copy that file too."
        )
    if model_type not in _MODEL_TYPES:
        raise ConfigError(
            f"{where}: model_type must be one of {sorted(_MODEL_TYPES)}, which kewen "
            f"reads. Received: {model_type!r}. Choose a model of these types."
        )
    return family(_MODEL_TYPES[model_type])


def family_of_tf_names(names: Iterable[str]) -> Family | None:
    """The family whose TensorFlow names these are; None if of none."""
    for start, known in _TF_NAMES.items():
        if any(name.startswith(start) for name in names):
            return family(known)
    return None


def family_of_architectures(names: Iterable[Any]) -> Family | None:
    """The one family that has a class of these of transformers; None if not one."""
    found = set()
    for name in map(str, names):
        for model_type, prefix in _CLASS_PREFIXES.items():
            if name.startswith(prefix):
                found.add(_MODEL_TYPES[model_type])
        for known in FAMILIES:
            kind = family(known)
            if name in kind.architectures or name == kind.causal_lm:
                found.add(known)
    return family(found.pop()) if len(found) == 1 else None


def family_of_hf_names(names: Iterable[str]) -> Family | None:
    """The one family whose Hugging Face names these are; None if of none or several.

    Files of 2019 have configs without a model_type.
    """
    found = {
        known
        for start, known in _HF_NAMES.items()
        if any(name.startswith(start) for name in names)
    }
    return family(found.pop()) if len(found) == 1 else None


def heads_of_architectures(
    family: Family, config_json: Mapping[str, Any]
) -> tuple[str, ...]:
    """The heads of the first class in `architectures` that the family knows."""
    model_type = str(config_json.get("model_type"))
    for name in config_json.get("architectures") or ():
        if name == family.causal_lm:
            return ("masked_lm",)
        for known, heads in family.architectures.items():
            if name in (known, class_for_model_type(known, family, model_type)):
                return heads
    return ()


def class_for_model_type(architecture: str, family: Family, model_type: str) -> str:
    """Transformers' class of that model type which is what `architecture` is in ours.

    Example: RobertaForMaskedLM of "xlm-roberta" is XLMRobertaForMaskedLM.
    """
    if model_type not in _CLASS_PREFIXES:
        return architecture
    *_, base = family.architectures
    ours = base.removesuffix("Model")
    return _CLASS_PREFIXES[model_type] + architecture.removeprefix(ours)
