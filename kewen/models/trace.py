"""A checkpoint run on given arrays, with everything in between.

It is recorded under the names of the library that the checkpoint comes from: how one
compares a conversion with another implementation.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kewen.checkpoints import WeightsWarning
from kewen.errors import ConfigError, ShapeError
from kewen.models.base import Backbone
from kewen.models.bert4keras import Recipe, recipe
from kewen.models.bert4keras_layers import set_weights
from kewen.models.config import read_config_json
from kewen.models.encoder_decoder import CONTEXT, WHOLE
from kewen.models.hub import locate
from kewen.models.id_limits import SIDE, check_ids, limits_of
from kewen.models.load import load
from kewen.models.pretrained import Pretrained
from kewen.models.registry import family as called

ORDER = "generation_order"
INPUTS = ("token_ids", "segment_ids", "padding_mask", "position_ids", ORDER)
DECODER_INPUTS = (f"{SIDE}token_ids", f"{SIDE}padding_mask")
UNNORMED = "hidden_unnormed"
CONDITION = "condition"
WEIGHT = "weight_"  # and a layer and a number, of what a checkpoint cannot hold
# What transformers and the original T5 call an input -> ours.
_THEIRS = {
    "input_ids": "token_ids",
    "token_type_ids": "segment_ids",
    "attention_mask": "padding_mask",
    "decoder_input_ids": f"{SIDE}token_ids",
    "decoder_attention_mask": f"{SIDE}padding_mask",
    "encoder_token_ids": "token_ids",
}
# Our output -> transformers' field, where a class has one head of the kind.
_FIELDS = {
    "last_hidden_state": "last_hidden_state",
    "pooler_output": "pooler_output",
    "lm_logits": "logits",
    "mlm_logits": "logits",
    "nsp_logits": "logits",
    "replaced_logits": "logits",
    "sop_logits": "sop_logits",
    "class_logits": "logits",
    "token_logits": "logits",
    "start_logits": "start_logits",
    "end_logits": "end_logits",
}
# The same in BertForPreTraining, which has both.
_PRETRAINING = {
    "mlm_logits": "prediction_logits",
    "nsp_logits": "seq_relationship_logits",
}
_BERT4KERAS = {
    "lm_logits": "lm",
    "mlm_logits": "mlm",
    "nsp_logits": "nsp",
    "pooler_output": "pool",
    "sop_logits": "nsp",
}


def trace(
    folder: str | Path,
    inputs: Mapping[str, np.ndarray],
    *,
    family: str | None = None,
    application: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Run a checkpoint and give every hidden state and head output.

    Args:
        folder: a model of any origin; no tokenizer is needed.
        inputs: by these names or transformers' (`input_ids`, `token_type_ids`,
            `attention_mask`, ...). `token_ids` int (B, T) and, as far as the model
            takes them, `segment_ids`, `padding_mask` (0/1 or bool), `position_ids` and
            `generation_order` (of a "permuted" model), all (B, T).
            Missing segments are 0; missing positions follow the original's rule; a
            missing mask is all ones for Hugging Face's files, as transformers has it.
            `condition` float (B, K) where the model's norms depend on one.
            For TensorFlow's, and with `family`, id 0 is padding, except in the first
            column, which bert4keras never masks. With `family` too, weights that its
            checkpoints cannot hold: `weight_<layer>_<i>`, number i of its layer.
            For encoder-decoders `decoder_token_ids` and `decoder_padding_mask` as well;
            for a decoder alone these and, instead of `token_ids`, what the encoder
            gave, `encoder_last_hidden_state`, float (B, S, C).
        family: a bert4keras `model` name: do what bert4keras does.
        application: "encoder", "lm" or "unilm", of an encoder-decoder
            "encoder_decoder", "encoder" or "decoder"; if None, what the folder says, or
            with `family` bert4keras' default, "encoder".
        options: bert4keras' keyword arguments, with `family` only.

    Returns:
        Float32 by name: `hidden_{i}` and `output_{field}` by transformers' names, or
        `hidden_embedding`, `hidden_layer_{i}` and `output_{name}` by bert4keras'; of an
        encoder-decoder `hidden_encoder_...` and `hidden_decoder_...`.
        Logits are before softmax or sigmoid.

    Raises:
        ShapeError: if the arrays are not of one shape (B, T), or T is more than the
            model has positions for.
        ConfigError: if a value or an option does not suit the model.
    """
    options, inputs = dict(options or {}), _by_our_names(inputs)
    if options and family is None:
        raise ConfigError(
            "options are bert4keras' keyword arguments and need its model name too. "
            f"Received: options {sorted(options)}, no family. Name it with --family."
        )
    weights = {name: a for name, a in inputs.items() if name.startswith(WEIGHT)}
    if weights and family is None:
        raise ConfigError(
            "Arrays of weights are named after bert4keras' layers and need its model "
            f"name too. Received: {sorted(weights)}, no family. Name it with --family."
        )
    arrays = _checked({k: a for k, a in inputs.items() if k not in weights})
    if family is None:
        pretrained = load(
            folder,
            application=application,
            position_input="position_ids" in arrays,
            tokenizer=False,
        )
        model, heads = pretrained.model, pretrained.model.heads
    else:
        config_json, _ = read_config_json(_folder_of(folder))
        made = recipe(family, application, options, config_json)
        if CONDITION in arrays:
            made.fields["condition_dim"] = arrays[CONDITION].shape[1]
        _check_inputs(made, arrays)
        pretrained = _loaded(folder, made)
        model, heads = made.finish(pretrained.model), _heads(pretrained, made)
        set_weights(model, {k.removeprefix(WEIGHT): a for k, a in weights.items()})
    as_bert4keras = family is not None or pretrained.origin == "tf"
    model = model.redrawn(heads=heads, collect=["hidden_states", "unnormed"])
    _check_values(model, arrays)
    if called(model.config.family).counts_tokens and not model.position_input:
        model = model.redrawn(position_input=True)
        columns = np.arange(arrays["token_ids"].shape[1])
        arrays["position_ids"] = np.broadcast_to(columns, arrays["token_ids"].shape)
    run = model.predict_on_batch(_model_inputs(model, arrays, as_bert4keras))
    named = (_as_bert4keras if as_bert4keras else _as_transformers)(run, model)
    return {name: np.asarray(array, np.float32) for name, array in named.items()}


def _by_our_names(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    named: dict[str, np.ndarray] = {}
    for name, array in inputs.items():
        ours = _THEIRS.get(name, name)
        if ours in named:
            raise ConfigError(
                f"Each input must be given once. Received: {ours} under two names, "
                f"{sorted(n for n in inputs if _THEIRS.get(n, n) == ours)}. Leave one "
                "out."
            )
        named[ours] = array
    return named


def _checked(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    known = (*INPUTS, *DECODER_INPUTS, CONTEXT, CONDITION)
    unknown = sorted(set(inputs) - set(known))
    if unknown or not {"token_ids", CONTEXT} & set(inputs):
        raise ConfigError(
            f"The inputs must hold token_ids, and may hold {known[1:]}. "
            f"Received: {sorted(inputs)}."
        )
    arrays = {name: np.asarray(array) for name, array in inputs.items()}
    condition = arrays.pop(CONDITION, None)
    shapes = {name: array.shape for name, array in arrays.items()}
    if CONTEXT in shapes:  # its width is checked with the model's
        shapes[CONTEXT] = shapes[CONTEXT][:2]
    theirs = {name: shape for name, shape in shapes.items() if name.startswith(SIDE)}
    ours = {name: shape for name, shape in shapes.items() if name not in theirs}
    for one_side in (ours, theirs):
        several = len(set(one_side.values())) > 1
        if several or any(len(s) != 2 or 0 in s for s in one_side.values()):
            raise ShapeError(
                "All inputs must be (B, T), of one shape, B and T at least 1; a "
                f"decoder's have a T of their own. Received: {one_side}."
            )
    if len({shape[0] for shape in shapes.values()}) > 1:
        raise ShapeError(f"All inputs must have as many rows. Received: {shapes}.")
    for name, array in arrays.items():
        if name == CONTEXT:
            continue
        if array.dtype.kind not in "iub":
            raise ShapeError(
                f"{name} must hold whole numbers or truth values. "
                f"Received: dtype {array.dtype}."
            )
    if condition is None:
        return arrays
    shape = shapes["token_ids"]
    if condition.ndim != 2 or condition.shape[0] != shape[0] or not condition.size:
        raise ShapeError(
            "condition must be (B, K), a vector for each row of token_ids. Received: "
            f"condition {condition.shape}, token_ids {shape}."
        )
    return {**arrays, CONDITION: condition}


def _loaded(folder: str | Path, made: Recipe) -> Pretrained:
    """The recipe's model; tensors that it has no use for are left, as there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeightsWarning)
        pretrained = load(
            folder,
            application=made.application,
            position_input=made.position_input,
            tokenizer=False,
            strict=False,
            options=made.fields,
            use=made.family,
        )
    account = pretrained.account
    if made.strict and account is not None and not account.fills_model:
        account.check()
    return pretrained


def _folder_of(name: str | Path) -> Path:
    path = locate(name)
    return path if path.is_dir() else path.parent


def _check_inputs(made: Recipe, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse arrays that the model of bert4keras has no input for, or too few."""
    has_positions = "position_ids" in arrays
    if has_positions != (made.position_input or made.positions_unused):
        raise ConfigError(
            "position_ids must be among the inputs if custom_position_ids is an option "
            f"that is true, and only then. Received: inputs {sorted(arrays)}, "
            f"custom_position_ids {made.position_input or made.positions_unused}."
        )
    length = arrays["token_ids" if "token_ids" in arrays else CONTEXT].shape[1]
    if made.length is not None and made.length != length:
        raise ShapeError(
            f"token_ids must have {made.length} columns, as the option sequence_length "
            f"says. Received: {length}."
        )


def _heads(pretrained: Pretrained, made: Recipe) -> tuple[str, ...]:
    """The heads that bert4keras would build."""
    own = pretrained.model.heads
    lacking = [head for head in made.heads if head not in own]
    if lacking:
        raise ConfigError(
            f"The options ask for {lacking}, which the checkpoint does not have. "
            f"Received: a checkpoint with the heads {list(own)}."
        )
    return tuple(made.heads)


def _check_values(model: Backbone, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse what would look up rows that a table does not have."""
    config = model.config
    columns = arrays["token_ids" if "token_ids" in arrays else CONTEXT].shape[1]
    limits = limits_of(model)
    check_ids(arrays, {**limits, "padding_mask": 2, ORDER: columns})
    for name in ("token_ids", f"{SIDE}token_ids"):
        length = arrays[name].shape[1] if name in arrays else 0
        is_limited = "position_ids" in limits and "position_ids" not in arrays
        if is_limited and length > config.longest_text:
            raise ShapeError(
                f"{name} may have at most {config.longest_text} columns, the positions "
                f"that the model has for tokens. Received: {length}. Cut them, or give "
                "position_ids."
            )
    if CONTEXT in arrays and arrays[CONTEXT].shape[2:] != (config.hidden_dim,):
        raise ShapeError(
            f"{CONTEXT} must be (B, S, {config.hidden_dim}). Received: "
            f"{arrays[CONTEXT].shape}."
        )


def _model_inputs(
    model: Backbone, arrays: Mapping[str, np.ndarray], as_bert4keras: bool
) -> dict[str, np.ndarray]:
    optional = ("segment_ids", "padding_mask", f"{SIDE}padding_mask")
    lacking = set(model.inputs_by_name) - set(arrays) - set(optional)
    if lacking:
        shapes = {each.name: each.shape[1:] for each in model.inputs}
        wanted = ", ".join(f"{name}, (B, *{shapes[name]})" for name in sorted(lacking))
        raise ConfigError(
            f"This model needs more inputs: {wanted}. Received: {sorted(arrays)}. Add "
            "them to the arrays."
        )
    made: dict[str, np.ndarray] = {}
    for name in model.inputs_by_name:
        if name in (CONTEXT, CONDITION):
            made[name] = arrays[name].astype("float32")
        elif name.endswith("padding_mask"):
            made[name] = _padding_mask(name, arrays, as_bert4keras)
        elif name == "segment_ids" and name not in arrays:
            made[name] = np.zeros_like(arrays["token_ids"], "int32")
        else:
            made[name] = arrays[name].astype("int32")
    return made


def _padding_mask(
    name: str, arrays: Mapping[str, np.ndarray], as_bert4keras: bool
) -> np.ndarray:
    """What the original takes to be tokens, on the side that `name` is of."""
    if name in arrays:
        return arrays[name].astype(bool)
    ids = arrays.get(name.replace("padding_mask", "token_ids"))
    if ids is None:  # a vector of zeros is padding in bert4keras
        seen = (arrays[CONTEXT] != 0).max(-1)
        return seen if as_bert4keras else np.ones_like(seen)
    if not as_bert4keras:
        return np.ones(ids.shape, bool)
    is_token = ids != 0
    is_token[:, 0] = True
    return is_token


def _as_transformers(run: Mapping[str, Any], model: Backbone) -> dict[str, Any]:
    both = "mlm_logits" in run and ("nsp_logits" in run or "sop_logits" in run)
    fields = _FIELDS | (_PRETRAINING if both else {})
    kind = SIDE if model.application == WHOLE else ""
    named: dict[str, Any] = {}
    for name, array in run.items():
        if name.endswith(UNNORMED):
            continue
        if name.startswith("hidden_"):
            name = name.replace("hidden_", f"hidden_{kind}")
        elif name.startswith("encoder_hidden_"):
            name = name.replace("encoder_hidden_", "hidden_encoder_")
        elif name == CONTEXT:
            name = f"output_{name}"
        else:
            side = kind if name == "last_hidden_state" else ""
            name = f"output_{side}{fields[name]}"
        named[name] = array
    return named


def _as_bert4keras(run: Mapping[str, Any], model: Backbone) -> dict[str, Any]:
    named: dict[str, Any] = {}
    if model.application == WHOLE:
        named |= _states_of_bert4keras(run, "encoder_", "encoder_")
        named |= _states_of_bert4keras(run, "", SIDE)
    elif called(model.config.family).headless:
        named |= _states_of_bert4keras(run, "", f"{model.application}_")
    else:
        named |= _states_of_bert4keras(run, "", "")
    heads = {
        f"output_{ours}": run[name] for name, ours in _BERT4KERAS.items() if name in run
    }
    if "replaced_logits" in run:
        heads["output_discriminator"] = np.asarray(run["replaced_logits"])[..., None]
    return named | (heads or {"output_hidden": run["last_hidden_state"]})


def _states_of_bert4keras(
    run: Mapping[str, Any], ours: str, side: str
) -> dict[str, Any]:
    """Of one stack, whose outputs begin with `ours` with us; `side` says whose."""
    unnormed = f"{ours}{UNNORMED}"
    count = sum(n.startswith(f"{ours}hidden_") and n != unnormed for n in run)
    states = [run[f"{ours}hidden_{i}"] for i in range(count)]
    named: dict[str, Any] = {}
    if unnormed in run:  # a final norm is no layer of a block there
        if side:
            named[f"hidden_{side}output"] = states[-1]
        states[-1] = run[unnormed]
    named |= {f"hidden_{side}layer_{i - 1}": states[i] for i in range(1, count)}
    return {f"hidden_{side}embedding": states[0], **named}
