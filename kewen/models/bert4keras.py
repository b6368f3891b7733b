"""What bert4keras' `build_transformer_model` builds, in our words.

Its model names, its keyword arguments and its defaults stand here and nowhere else, and
so does what its code does whatever a config says. A family adds a line to `MODELS`, and
a line for each keyword argument of its own.

    recipe("bert", "unilm", {"keep_tokens": [0, 1, 5]}, config_json)
      -> family, config fields, heads, inputs, and what to do after loading

Why its bugs are fields of our configs: docs/design/original_bugs.md.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kewen.errors import ConfigError
from kewen.models.albert.sharing import unshared
from kewen.models.base import Backbone
from kewen.models.bert.config import ALPHA
from kewen.models.editing import edited_model
from kewen.models.registry import Family, family
from kewen.models.t5.config import activation_of_bert4keras


@dataclasses.dataclass(kw_only=True)
class Recipe:
    """How to build with our parts what bert4keras builds.

    Attributes:
        family: ours.
        application: who may look at whom.
        fields: config fields to replace.
        heads: by our names; empty for the bare network.
        position_input: whether position ids are an input.
        positions_unused: whether they are one that no layer looks at.
        strict: whether every variable must be in the file.
        length: the only T that the inputs may have; None for any.
        kept_tokens: old ids of the tokens that stay, in their new order; None for all.
        new_tokens: ids (new ones) and weights of each token that is added.
        edits: done to the loaded model, in their order.
    """

    family: Family
    application: str
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    heads: list[str] = dataclasses.field(default_factory=list)
    position_input: bool = False
    positions_unused: bool = False
    strict: bool = True
    length: int | None = None
    kept_tokens: Sequence[int] | None = None
    new_tokens: Sequence[tuple[Sequence[int], Sequence[float]]] = ()
    edits: list[Callable[[Backbone], Backbone]] = dataclasses.field(
        default_factory=list
    )

    def finish(self, model: Backbone) -> Backbone:
        """The loaded model as bert4keras would have it."""
        for edit in self.edits:
            model = edit(model)
        return self._with_vocabulary(model)

    def _with_vocabulary(self, model: Backbone) -> Backbone:
        if self.kept_tokens is None and not self.new_tokens:
            return model
        size = model.config.vocabulary_size
        kept = range(size) if self.kept_tokens is None else self.kept_tokens
        _check_ids("keep_tokens", kept, size)
        for ids, _ in self.new_tokens:
            _check_ids("compound_tokens", ids, len(kept))
        sources = [
            *((old,) for old in kept),
            *(tuple(kept[i] for i in ids) for ids, _ in self.new_tokens),
        ]
        weights = [*([1.0] for _ in kept), *(weights for _, weights in self.new_tokens)]
        pad = model.config.pad_id
        pad = None if pad is None else min(pad, len(sources) - 1)
        return edited_model(model, sources, weights, pad_id=pad)


APPLICATIONS = ("encoder", "lm", "unilm")  # that it knows
Meaning = Callable[[Recipe, Any], None]


def _field(name: str, value: Callable[[Any], Any] = lambda given: given) -> Meaning:
    """A keyword argument that is a config field of ours."""

    def apply(recipe: Recipe, given: Any) -> None:
        recipe.fields[name] = value(given)

    return apply


def _says(attribute: str, value: Callable[[Any], Any] = bool) -> Meaning:
    """A keyword argument that is an attribute of the recipe."""

    def apply(recipe: Recipe, given: Any) -> None:
        setattr(recipe, attribute, value(given))

    return apply


def _head(name: str, activation_field: str | None = None) -> Meaning:
    """A keyword argument that asks for a head; a name instead of True is an activation.

    Heads give what stands before softmax or sigmoid, whatever is said of these.
    """

    def apply(recipe: Recipe, given: Any) -> None:
        if given and name not in recipe.heads:
            recipe.heads.append(name)
        if activation_field and isinstance(given, str):
            recipe.fields[activation_field] = given

    return apply


def _keeps_head(name: str) -> Meaning:
    """A keyword argument without which the head is there."""

    def apply(recipe: Recipe, given: Any) -> None:
        if not given:
            recipe.heads.remove(name)

    return apply


def _nothing(recipe: Recipe, given: Any) -> None:
    """A keyword argument that names things and changes no number."""


def _final_activation(recipe: Recipe, given: Any) -> None:
    """Of the scores of tokens, which are given as they stand before it."""
    if given not in ("softmax", "sigmoid", "linear"):
        raise ConfigError(
            "final_activation must be softmax, sigmoid or linear; what stands before "
            f"it is given. Received: {given!r}. Apply others to that."
        )


def _alpha(given: Any) -> Any:
    return ALPHA if given is True else given or None


def _condition(recipe: Recipe, given: Any) -> None:
    """There a tensor; here the size of the input `condition`, or true for any."""
    if given and not isinstance(given, bool):
        recipe.fields["condition_dim"] = given


def _compound_tokens(recipe: Recipe, given: Any) -> None:
    made = []
    for item in given:
        if isinstance(item, Mapping) and {"ids", "weights"} == set(item):
            ids, weights = item["ids"], item["weights"]
        elif isinstance(item, tuple):
            ids, weights = item
        else:
            ids, weights = item, None
        if not isinstance(ids, Sequence) or not len(ids):
            raise ConfigError(
                "compound_tokens must hold a list of ids for each new token, or "
                f'{{"ids": [...], "weights": [...]}}. Received: {item!r}.'
            )
        weights = [1.0] * len(ids) if weights is None else [float(w) for w in weights]
        if len(weights) != len(ids) or not sum(weights):
            raise ConfigError(
                "The weights of a compound token must be one for each id, and not 0 in "
                f"sum. Received: {len(ids)} ids, weights {weights}."
            )
        made.append((ids, weights))
    recipe.new_tokens = made


def _check_ids(what: str, ids: Sequence[Any], size: int) -> None:
    wrong = [i for i in ids if isinstance(i, bool) or not isinstance(i, int)]
    wrong = wrong or [i for i in ids if not 0 <= i < size]
    if wrong or not len(ids):
        raise ConfigError(
            f"{what} must hold ids from 0 to {size - 1}. "
            f"Received: {wrong[:5] if wrong else 'none'}."
        )


# Of every model: `Transformer.__init__` and `build_transformer_model` there.
COMMON: dict[str, Meaning] = {
    "vocab_size": _field("vocabulary_size"),
    "hidden_size": _field("hidden_dim"),
    "num_hidden_layers": _field("num_layers"),
    "num_attention_heads": _field("num_heads"),
    "intermediate_size": _field("intermediate_dim"),
    "hidden_act": _field("activation"),
    "dropout_rate": _field("dropout"),
    "attention_dropout_rate": _field("attention_dropout"),
    "hidden_dropout_prob": _field("dropout"),
    "attention_probs_dropout_prob": _field("attention_dropout"),
    "embedding_size": _field("embedding_dim"),
    "attention_head_size": _field("head_dim"),
    "attention_key_size": _field("key_dim"),
    "sequence_length": _says("length", int),
    "keep_tokens": _says("kept_tokens", list),
    "compound_tokens": _compound_tokens,
    "ignore_invalid_weights": _says("strict", lambda given: not given),
    "prefix": _nothing,
    "name": _nothing,
    "return_keras_model": _nothing,
}
# Of BERT and what is derived from it.
ENCODER: dict[str, Meaning] = {
    **COMMON,
    "max_position_embeddings": _field("max_length"),
    "max_position": _field("max_length"),
    "type_vocab_size": _field("segment_vocabulary_size"),
    "segment_vocab_size": _field("segment_vocabulary_size"),
    "custom_position_ids": _says("position_input"),
    "hierarchical_position": _field("hierarchical_positions", _alpha),
    "shared_segment_embeddings": _field("shared_segments", bool),
    # Its scores are those of the layer before alone, not of all before it.
    "residual_attention_scores": _field(
        "residual_attention", lambda given: "previous" if given else None
    ),
    "layer_norm_cond": _condition,
    "layer_norm_cond_hidden_size": _field("condition_hidden_dim"),
    "layer_norm_cond_hidden_act": _field("condition_activation"),
    "with_pool": _head("pooler", "pooler_activation"),
    "with_nsp": _head("next_sentence"),
    "with_mlm": _head("masked_lm"),
}
# Of GPT and what is derived from it; the last is what GPT alone has.
DECODER: dict[str, Meaning] = {
    **COMMON,
    "max_position_embeddings": _field("max_length"),
    "max_position": _field("max_length"),
    "final_activation": _final_activation,
}
GPT: dict[str, Meaning] = {
    **DECODER,
    "type_vocab_size": _field("segment_vocabulary_size"),
    "segment_vocab_size": _field("segment_vocabulary_size"),
    "shared_segment_embeddings": _field("shared_segments"),
    "custom_position_ids": _says("position_input"),
}
# Of T5; the decoder alone is what has a head.
T5: dict[str, Meaning] = {
    **COMMON,
    "hidden_act": _field("activation", activation_of_bert4keras),
    "attention_head_size": _field("head_dim"),
    "cross_position_bias": _field("cross_position_bias"),
}
T5_DECODER: dict[str, Meaning] = {**T5, "with_lm": _keeps_head("language_model")}
ALBERT = {**ENCODER, "with_nsp": _head("sentence_order")}
ELECTRA = {
    **{k: v for k, v in ENCODER.items() if k not in ("with_pool", "with_mlm")},
    "with_nsp": _nothing,
    "with_discriminator": _head("replaced_token"),
}
# It has the input, and looks at distances all the same.
NEZHA = {**ENCODER, "custom_position_ids": _says("positions_unused")}
ROFORMER_V2 = {**ENCODER, "with_pool": _nothing, "with_nsp": _nothing}
# What it takes and this library does in another way.
ELSEWHERE = {
    "layers": "kewen.models.Backbone(layers=...) shares layers by their names",
    "additional_input_layers": "build on `model.backbone`, a Keras model, instead",
    "attention_caches": "MultiHeadAttention takes `cache`",
    "autoresize_weights": "give the config that belongs to the weights",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Original:
    """One of bert4keras' models.

    Attributes:
        family: ours.
        options: what each of its keyword arguments means.
        fields: config fields that its code sets, whatever config.json says.
        heads: that it always has.
        application: what ours is called, where there is only one.
        edits: done to a loaded model.
        applications: that it takes.
    """

    family: str
    options: Mapping[str, Meaning] = dataclasses.field(default_factory=lambda: ENCODER)
    fields: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"norm_epsilon": 1e-12}
    )
    heads: tuple[str, ...] = ()
    application: str | None = None
    edits: tuple[Callable[[Backbone], Backbone], ...] = ()
    applications: tuple[str, ...] = APPLICATIONS


def _t5(name: str, family: str, is_tied: bool) -> dict[str, Original]:
    """T5 and its halves; there every head is scaled, and positions cross over."""
    fields = {
        "tie_embeddings": is_tied,
        "scale_head": True,
        "cross_position_bias": True,
        "norm_epsilon": 1e-6,
    }
    whole, decoder = (
        Original(
            family=family,
            options=T5_DECODER,
            fields=fields,
            heads=("language_model",),
            application=application,
            applications=("encoder",),
        )
        for application in ("encoder_decoder", "decoder")
    )
    encoder = Original(
        family=family,
        options=T5,
        fields=fields,
        application="encoder",
        applications=("encoder",),
    )
    return {name: whole, f"{name}_encoder": encoder, f"{name}_decoder": decoder}


LM = ("language_model",)
MODELS: dict[str, Original] = {
    "albert": Original(family="albert", options=ALBERT),
    "albert_unshared": Original(family="albert", options=ALBERT, edits=(unshared,)),
    "bert": Original(family="bert"),
    "gpt": Original(family="gpt", options=GPT, heads=LM),
    "gpt2": Original(
        family="gpt2", options=DECODER, heads=LM, fields={"norm_epsilon": 1e-5}
    ),
    "gpt2_ml": Original(
        family="gpt2_ml", options=DECODER, heads=LM, fields={"norm_epsilon": 1e-5}
    ),
    "electra": Original(family="electra", options=ELECTRA, applications=("encoder",)),
    # Of its authors' own code over bert4keras.
    "gau_alpha": Original(
        family="gau_alpha",
        options=ROFORMER_V2,
        fields={"norm_epsilon": 1e-12, "tie_embeddings": True},
    ),
    "nezha": Original(family="nezha", options=NEZHA),
    # It loads Chinese RoBERTa checkpoints, which are BERTs, as "roberta".
    "roberta": Original(family="bert"),
    "roformer": Original(family="roformer"),
    "roformer_v2": Original(
        family="roformer_v2",
        options=ROFORMER_V2,
        fields={"norm_epsilon": 1e-12, "tie_embeddings": True},
    ),
    **_t5("t5", "t5", is_tied=True),
    **_t5("t5.1.0", "t5", is_tied=True),
    **_t5("t5.1.1", "t5", is_tied=False),
    **_t5("mt5.1.1", "mt5", is_tied=False),
}


def recipe(
    model: str,
    application: str | None,
    options: Mapping[str, Any],
    config_json: Mapping[str, Any],
) -> Recipe:
    """What `build_transformer_model(config_path, model=..., **options)` builds.

    Args:
        model: one of `MODELS`.
        application: "encoder", "lm" or "unilm"; bert4keras' default, "encoder", if
            None. A decoder, and an encoder-decoder, is then what it is.
        options: its keyword arguments, which replace what config.json says.
        config_json: the config file, which may hold any of them.

    Raises:
        ConfigError: if there is no such model, option or application.
    """
    original = original_of(model)
    unknown = sorted(set(options) - set(original.options))
    for key in unknown:
        if key in ELSEWHERE and options[key]:
            raise ConfigError(
                f"{key} of bert4keras holds objects or changes weights, and is not an "
                f"option here. Received: {options[key]!r}. Instead: {ELSEWHERE[key]}."
            )
    unknown = [key for key in unknown if key not in ELSEWHERE]
    if unknown:
        raise ConfigError(
            f"The options of bert4keras' {model!r} must be out of "
            f"{sorted(original.options)}. Received: {unknown}."
        )
    kind = family(original.family)
    application = application or "encoder"
    if application not in original.applications:
        raise ConfigError(
            f"The application of bert4keras' {model!r} must be one of "
            f"{list(original.applications)}. Received: {application!r}."
        )
    if original.application is not None:
        application = original.application
    elif application == "encoder" and application not in kind.applications:
        application = kind.applications[0]
    made = Recipe(
        family=kind,
        application=application,
        fields=dict(original.fields),
        heads=list(original.heads),
        edits=list(original.edits),
    )
    if application != "encoder" and "with_mlm" in original.options:
        made.heads.append("masked_lm")
    said = {key: config_json[key] for key in original.options if key in config_json}
    given = {**said, **{k: v for k, v in options.items() if k in original.options}}
    # In the table's order: of two names for one thing bert4keras' own, the later, wins.
    for key, meaning in original.options.items():
        if given.get(key) is not None:
            meaning(made, given[key])
    return made


def original_of(model: str) -> Original:
    """What bert4keras calls `model`.

    Raises:
        ConfigError: if kewen has none for it.
    """
    if model.lower() not in MODELS:
        raise ConfigError(
            f"--family takes bert4keras' names, of which kewen knows {sorted(MODELS)}. "
            f"Received: {model!r}."
        )
    return MODELS[model.lower()]
