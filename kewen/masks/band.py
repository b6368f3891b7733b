"""Only neighbours may be looked at."""

from typing import Any

from keras import ops

Tensor = Any


def band(
    query_length: int, before: int, after: int, key_length: int | None = None
) -> Tensor:
    """A query may look at some positions before its own, and at some after it.

    Args:
        query_length: T.
        before: positions before its own that a query may look at.
        after: and after it; 0 for a causal window.
        key_length: S; T if not given. Where keys are more than queries (a cache), the
            last query is taken to stand at the last key.

    Returns:
        bool, (1, T, S). `[0, t, s]` is True where
        `-before <= s - (t + S - T) <= after`.

    Source: Beltagy et al., 2020, section 3.1 (arXiv 2004.05150), "sliding window"; with
    `after=0` Jiang et al., 2023, section 2 (arXiv 2310.06825), whose W is `before + 1`.
    """
    key_length = query_length if key_length is None else key_length
    queries = ops.arange(query_length, dtype="int32")[:, None] + (
        key_length - query_length
    )
    offsets = ops.arange(key_length, dtype="int32")[None, :] - queries
    return ops.logical_and(offsets >= -before, offsets <= after)[None]
