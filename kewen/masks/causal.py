"""Nobody looks ahead."""

from typing import Any

from keras import ops

Tensor = Any


def causal(query_length: int, key_length: int | None = None) -> Tensor:
    """A query may look at its own position and at earlier ones.

    Args:
        query_length: T.
        key_length: S; T if not given. Where keys are more than queries (a cache), the
            last query is taken to stand at the last key.

    Returns:
        bool, (1, T, S). `[0, t, s]` is True where `s <= t + S - T`.

    Source: Radford et al., 2018; lesson 6933.
    """
    key_length = query_length if key_length is None else key_length
    queries = ops.arange(query_length, dtype="int32")[:, None] + (
        key_length - query_length
    )
    return (ops.arange(key_length, dtype="int32")[None, :] <= queries)[None]
