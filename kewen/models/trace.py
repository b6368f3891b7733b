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
from kewen.models.hub import locate
from kewen.models.load import load
from kewen.models.pretrained import Pretrained
from kewen.models.registry import family as called

ORDER = "generation_order"
INPUTS = ("token_ids", "segment_ids", "padding_mask", "position_ids", ORDER)
UNNORMED = "hidden_unnormed"
CONDITION = "condition"
WEIGHT = "weight_"  # and a layer and a number, of what a checkpoint cannot hold
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
        inputs: `token_ids` int (B, T) and, as far as the model takes them,
            `segment_ids`, `padding_mask` (0/1 or bool), `position_ids` and
            `generation_order` (of a "permuted" model), all (B, T).
            Missing segments are 0; missing positions follow the original's rule; a
            missing mask is all ones for Hugging Face's files, as transformers has it.
            `condition` float (B, K) where the model's norms depend on one.
            For TensorFlow's, and with `family`, id 0 is padding, except in the first
            column, which bert4keras never masks. With `family` too, weights that its
            checkpoints cannot hold: `weight_<layer>_<i>`, number i of its layer.
        family: a bert4keras `model` name: do what bert4keras does.
        application: "encoder", "lm" or "unilm"; if None, what the folder says, or with
            `family` bert4keras' default, "encoder".
        options: bert4keras' keyword arguments, with `family` only.

    Returns:
        Float32 by name: `hidden_{i}` and `output_{field}` by transformers' names, or
        `hidden_embedding`, `hidden_layer_{i}` and `output_{name}` by bert4keras'.
        Logits are before softmax or sigmoid.

    Raises:
        ShapeError: if the arrays are not of one shape (B, T), or T is more than the
            model has positions for.
        ConfigError: if a value or an option does not suit the model.
    """
    options = dict(options or {})
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
    mask = _padding_mask(arrays, as_bert4keras)
    run = model.predict_on_batch(_model_inputs(model, arrays, mask))
    named = _as_bert4keras(run) if as_bert4keras else _as_transformers(run)
    return {name: np.asarray(array, np.float32) for name, array in named.items()}


def _checked(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    unknown = sorted(set(inputs) - {*INPUTS, CONDITION})
    if unknown or "token_ids" not in inputs:
        raise ConfigError(
            f"The inputs must hold token_ids, and may hold {(*INPUTS[1:], CONDITION)}. "
            f"Received: {sorted(inputs)}."
        )
    arrays = {name: np.asarray(array) for name, array in inputs.items()}
    condition = arrays.pop(CONDITION, None)
    shapes = {name: array.shape for name, array in arrays.items()}
    shape = shapes["token_ids"]
    if len(shape) != 2 or 0 in shape or len(set(shapes.values())) > 1:
        raise ShapeError(
            "All inputs must be (B, T), of one shape, B and T at least 1. "
            f"Received: {shapes}."
        )
    for name, array in arrays.items():
        if array.dtype.kind not in "iub":
            raise ShapeError(
                f"{name} must hold whole numbers or truth values. "
                f"Received: dtype {array.dtype}."
            )
    if condition is None:
        return arrays
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
    given = "position_ids" in arrays
    if given != (made.position_input or made.positions_unused):
        raise ConfigError(
            "position_ids must be among the inputs if custom_position_ids is an option "
            f"that is true, and only then. Received: inputs {sorted(arrays)}, "
            f"custom_position_ids {made.position_input}."
        )
    length = arrays["token_ids"].shape[1]
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
    limits = {
        "token_ids": config.vocabulary_size,
        "segment_ids": max(_count_segments(config), 1),
        "padding_mask": 2,
        "position_ids": getattr(config, "num_positions", config.max_length),
        ORDER: arrays["token_ids"].shape[1],
    }
    for name in limits.keys() & arrays.keys():
        array = arrays[name]
        if array.min() < 0 or array.max() >= limits[name]:
            raise ConfigError(
                f"{name} must be from 0 to {limits[name] - 1} for this model. "
                f"Received: {array.min()} to {array.max()}."
            )
    length = arrays["token_ids"].shape[1]
    if "position_ids" not in arrays and length > config.longest_text:
        raise ShapeError(
            f"token_ids may have at most {config.longest_text} columns, the positions "
            f"that the model has for tokens. Received: {length}. Cut them, or give "
            "position_ids."
        )


def _count_segments(config: Any) -> int:
    own = getattr(config, "segment_vocabulary_size", 1)
    return getattr(config, "num_segments", own)


def _padding_mask(arrays: Mapping[str, np.ndarray], as_bert4keras: bool) -> np.ndarray:
    ids = arrays["token_ids"]
    if "padding_mask" in arrays:
        return arrays["padding_mask"].astype(bool)
    if not as_bert4keras:
        return np.ones(ids.shape, bool)
    is_token = ids != 0
    is_token[:, 0] = True
    return is_token


def _model_inputs(
    model: Backbone, arrays: Mapping[str, np.ndarray], mask: np.ndarray
) -> dict[str, np.ndarray]:
    ids = arrays["token_ids"]
    all_inputs = {
        "token_ids": ids.astype("int32"),
        "segment_ids": arrays.get("segment_ids", np.zeros_like(ids)).astype("int32"),
        "padding_mask": mask,
        **{
            k: v.astype("int32")
            for k, v in arrays.items()
            if k in ("position_ids", ORDER)
        },
        **{k: v.astype("float32") for k, v in arrays.items() if k == CONDITION},
    }
    lacking = [name for name in model.inputs_by_name if name not in all_inputs]
    if lacking:
        shapes = {each.name: each.shape[1:] for each in model.inputs}
        wanted = ", ".join(f"{name}, (B, *{shapes[name]})" for name in lacking)
        raise ConfigError(
            f"This model needs more inputs: {wanted}. Received: {sorted(arrays)}. Add "
            "them to the arrays."
        )
    return {name: all_inputs[name] for name in model.inputs_by_name}


def _as_transformers(run: Mapping[str, Any]) -> dict[str, Any]:
    run = {name: array for name, array in run.items() if name != UNNORMED}
    both = "mlm_logits" in run and ("nsp_logits" in run or "sop_logits" in run)
    fields = _FIELDS | (_PRETRAINING if both else {})
    return {
        name if name.startswith("hidden_") else f"output_{fields[name]}": array
        for name, array in run.items()
    }


def _as_bert4keras(run: Mapping[str, Any]) -> dict[str, Any]:
    count = sum(name.startswith("hidden_") and name != UNNORMED for name in run)
    named = {"hidden_embedding": run["hidden_0"]}
    for i in range(count - 1):
        named[f"hidden_layer_{i}"] = run[f"hidden_{i + 1}"]
    if UNNORMED in run:  # a final norm is no layer of a block there
        named[f"hidden_layer_{count - 2}"] = run[UNNORMED]
    heads = {
        f"output_{ours}": run[name] for name, ours in _BERT4KERAS.items() if name in run
    }
    if "replaced_logits" in run:
        heads["output_discriminator"] = np.asarray(run["replaced_logits"])[..., None]
    return named | (heads or {"output_hidden": run["last_hidden_state"]})
