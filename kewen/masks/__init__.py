"""Who may look at whom: boolean attention masks, (B or 1, T or 1, S), row = query.

True means "may look". Masks are made from ids, lengths and segments, joined with
`all_of` and `any_of`, and applied with `where` before the softmax; a query that may
look at nothing gets zeros.
"""

import kewen.backend.found  # noqa: F401
from kewen.masks.band import band
from kewen.masks.causal import causal
from kewen.masks.combination import all_of, any_of
from kewen.masks.padding import from_lengths, padding
from kewen.masks.permuted import permuted
from kewen.masks.prefix import prefix
from kewen.masks.unilm import unilm

__all__ = [
    "all_of",
    "any_of",
    "band",
    "causal",
    "from_lengths",
    "padding",
    "permuted",
    "prefix",
    "unilm",
]
