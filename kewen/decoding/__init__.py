"""Ids in, ids out: every way to choose the next token, over any model's scores.

A model is a `Step`; `kewen.models.decoding_step` makes one of a loaded model, and
`Rescoring` one of a function. A `Decoder` drives a strategy over it.
"""

from kewen.decoding.beams import Beams
from kewen.decoding.decoder import Decoder
from kewen.decoding.drawing import drawn, uniforms
from kewen.decoding.paths import Paths
from kewen.decoding.programs import count_of_compilations
from kewen.decoding.rules.rule import Rule, Text
from kewen.decoding.step import Rescoring, Step
from kewen.decoding.strategy import Generated, Strategy

__all__ = [
    "Beams",
    "Decoder",
    "Generated",
    "Paths",
    "Rescoring",
    "Rule",
    "Step",
    "Strategy",
    "Text",
    "count_of_compilations",
    "drawn",
    "uniforms",
]
