"""A model follows its vocabulary: rows leave its tables, or come behind them."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kewen.errors import ConfigError
from kewen.layers.ties import tie_again, ties_of
from kewen.models.base import Backbone
from kewen.models.lora import plain_values
from kewen.models.pretrained import Pretrained
from kewen.text import Keep, Sources, Tokenizer

# Weights with a row for each token, and the axis that counts them.
TABLES = {
    "token_embedding/embeddings": 0,
    "mlm_bias/bias": 0,
    "mlm_decoder/kernel": 1,
    "mlm_decoder/bias": 0,
    "lm_bias/bias": 0,
    "lm_decoder/kernel": 1,
}


def trim(pretrained: Pretrained, keep: Keep | Iterable[int]) -> Pretrained:
    """See `Pretrained.trim`. The row that the config pads with stays too."""
    tokenizer = _tokenizer_of(pretrained)
    pad = pretrained.config.pad_id
    _, sources = tokenizer.trim(keep)
    kept = {number for (number,) in sources}
    if pad is not None and 0 <= pad < tokenizer.vocabulary_size:
        kept.add(pad)
    return _edited(pretrained, *tokenizer.trim(sorted(kept)))


def compound(
    pretrained: Pretrained, tokens: Mapping[str, Iterable[int] | None]
) -> Pretrained:
    """See `Pretrained.compound`."""
    return _edited(pretrained, *_tokenizer_of(pretrained).compound(tokens))


def _tokenizer_of(pretrained: Pretrained) -> Tokenizer:
    if pretrained.tokenizer is None:
        raise ConfigError(
            "A vocabulary is edited together with its model. Received: a model without "
            "a tokenizer. Put tokenizer.json or vocab.txt into its folder."
        )
    return pretrained.tokenizer


def _edited(
    pretrained: Pretrained, tokenizer: Tokenizer, sources: Sources
) -> Pretrained:
    old = pretrained.model
    before = _tokenizer_of(pretrained)
    renumbered = {  # a new token may be made of a single old one, which stays as well
        rows[0]: new
        for new, rows in enumerate(sources)
        if len(rows) == 1 and tokenizer.id_to_token(new) == before.id_to_token(rows[0])
    }
    model = edited_model(
        old, sources, pad_id=renumbered.get(old.config.pad_id, old.config.pad_id)
    )
    return Pretrained(
        model=model,
        tokenizer=tokenizer,
        account=pretrained.account,
        config_json=_config_json(pretrained.config_json, renumbered),
        origin=pretrained.origin,
    )


def edited_model(
    old: Backbone,
    sources: Sequence[Sequence[int]],
    weights: Sequence[Sequence[float]] | None = None,
    *,
    pad_id: int | None,
) -> Backbone:
    """A copy of a model whose rows are made of others.

    Args:
        old: the model.
        sources: for each new id the old ones whose rows it gets the mean of.
        weights: of these rows in their mean; all alike if None.
        pad_id: the new id that stands for "no token".

    Raises:
        ConfigError: if the family counts positions from an id that moves.
    """
    config = dataclasses.replace(
        old.config, vocabulary_size=len(sources), pad_id=pad_id
    )
    if config.longest_text != old.config.longest_text:
        raise ConfigError(
            "This family counts positions from the id of its padding, which must stay. "
            f"Received: a vocabulary that moves it from {old.config.pad_id} to "
            f"{config.pad_id}. Keep the ids below it."
        )
    model = Backbone(
        config=config,
        heads=old.heads,
        application=old.application,
        position_input=old.position_input,
        collect=old.collect,
        dtype=old.dtype_of_layers,
        name=old.name,
        unset=True,
    )
    values = plain_values(old)
    for path, weight in model.weights_by_path().items():
        value = np.asarray(values[path])
        if path in TABLES:
            value = _rows(value, sources, weights, TABLES[path])
        weight.assign(value)
    tie_again(model, ties_of(old))
    return model


def _rows(
    table: np.ndarray,
    sources: Sequence[Sequence[int]],
    weights: Sequence[Sequence[float]] | None,
    axis: int,
) -> np.ndarray:
    """The mean of the old rows for each new one; one row is taken as it is."""
    made = np.take(table, [rows[0] for rows in sources], axis)
    for new, rows in enumerate(sources):
        if len(rows) > 1:
            shares = None if weights is None else weights[new]
            old = np.take(table, rows, axis).astype("float32")
            made[(slice(None),) * axis + (new,)] = np.average(old, axis, shares)
    return made


def _config_json(
    given: Mapping[str, Any], renumbered: Mapping[int, int]
) -> dict[str, Any]:
    """Ids of special tokens (eos_token_id ...) as they are now; None for one gone."""
    return {
        key: renumbered.get(value)
        if key.endswith("_token_id") and isinstance(value, int)
        else value
        for key, value in given.items()
    }
