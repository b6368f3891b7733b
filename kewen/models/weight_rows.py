"""Rows that many families' weight maps have.

A row of a variable that a model lacks (a bias) is not used, so tables list all.
"""

from typing import Any

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    OptionalRow,
    Row,
    Source,
)


def dense(ours: str, hf: str, tf: str | None = None) -> list[Row]:
    """A dense layer's kernel and bias."""
    kernel: dict[str, Any] = {"hf": Source(f"{hf}.weight", TRANSPOSE)}
    bias: dict[str, Any] = {"hf": f"{hf}.bias"}
    if tf is not None:
        kernel |= {"tf": f"{tf}/kernel"}
        bias |= {"tf": f"{tf}/bias"}
    return [Row(f"{ours}/kernel", **kernel), Row(f"{ours}/bias", **bias)]


def heads_in(ours: str, hf: str, tf: str | None = None) -> list[Row]:
    """A projection into heads: query, key or value."""
    kernel: dict[str, Any] = {"hf": Source(f"{hf}.weight", TRANSPOSE, SPLIT_HEADS)}
    bias: dict[str, Any] = {"hf": Source(f"{hf}.bias", SPLIT_HEADS)}
    if tf is not None:
        kernel |= {"tf": Source(f"{tf}/kernel", SPLIT_HEADS)}
        bias |= {"tf": Source(f"{tf}/bias", SPLIT_HEADS)}
    return [Row(f"{ours}/kernel", **kernel), Row(f"{ours}/bias", **bias)]


def heads_out(ours: str, hf: str, tf: str | None = None) -> list[Row]:
    """The projection out of the heads."""
    kernel: dict[str, Any] = {"hf": Source(f"{hf}.weight", TRANSPOSE, MERGE_HEADS)}
    bias: dict[str, Any] = {"hf": f"{hf}.bias"}
    if tf is not None:
        kernel |= {"tf": Source(f"{tf}/kernel", MERGE_HEADS)}
        bias |= {"tf": f"{tf}/bias"}
    return [Row(f"{ours}/kernel", **kernel), Row(f"{ours}/bias", **bias)]


def norm(ours: str, hf: str, tf: str | None = None) -> list[Row]:
    """A layer norm; files of 2019 call its weights gamma and beta.

    What makes them depend on a condition is nobody's but ours: a file need not have it.
    """
    gamma: dict[str, Any] = {"hf": Source(f"{hf}.weight", aliases=[f"{hf}.gamma"])}
    beta: dict[str, Any] = {"hf": Source(f"{hf}.bias", aliases=[f"{hf}.beta"])}
    if tf is not None:
        gamma |= {"tf": f"{tf}/gamma"}
        beta |= {"tf": f"{tf}/beta"}
    rows = [Row(f"{ours}/gamma", **gamma), Row(f"{ours}/beta", **beta)]
    for name in ("condition_hidden", "condition_beta", "condition_gamma"):
        origins: dict[str, Any] = {"hf": Source(f"{hf}.{name}.weight", TRANSPOSE)}
        if tf is not None:
            origins |= {"tf": Source(f"{tf}/{name}/kernel")}
        rows.append(OptionalRow(f"{ours}/{name}/kernel", **origins))
    return rows


def untied_decoder(decoder: str, bias: str) -> list[Row]:
    """An output table of its own, and its bias.

    transformers keeps the tied head's `bias` too, unused: it is written along, and the
    decoder's own comes last, so that it is the one that stays.
    """
    own = f"{decoder}.bias"
    return [
        Row("mlm_decoder/kernel", hf=Source(f"{decoder}.weight", TRANSPOSE)),
        Row("mlm_decoder/bias", hf=Source(bias, aliases=[own])),
        Row("mlm_decoder/bias", hf=Source(own, aliases=[bias])),
    ]
