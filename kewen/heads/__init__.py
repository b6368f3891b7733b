"""What stands on a backbone.

Each head draws its named layers over given tensors and returns a tensor; logits are
before softmax, the pooled vector after its activation.
"""

import kewen.backend.found  # noqa: F401
from kewen.heads.classification import classify_sequence, classify_tokens
from kewen.heads.language_model import language_model
from kewen.heads.masked_lm import masked_lm
from kewen.heads.pooler import pooler
from kewen.heads.span import answer_span

__all__ = [
    "answer_span",
    "classify_sequence",
    "classify_tokens",
    "language_model",
    "masked_lm",
    "pooler",
]
