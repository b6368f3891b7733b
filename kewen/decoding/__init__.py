"""Ids in, ids out: every way to choose the next token, over any model's scores.

A model is a `Step`; `kewen.models.decoding_step` makes one of a loaded model, and
`Rescoring` one of a function. A `Decoder` drives a strategy over it.
"""

from kewen.decoding.beams import Beams
from kewen.decoding.continuous import continuous
from kewen.decoding.contrastive import Contrastive
from kewen.decoding.decoder import Decoder
from kewen.decoding.drawing import drawn, uniforms
from kewen.decoding.grammar import json_pattern
from kewen.decoding.paths import Paths
from kewen.decoding.programs import count_of_compilations
from kewen.decoding.rules.bans import (
    AllowedIds,
    BadWords,
    ForcedEnd,
    ForcedStart,
    MinLength,
    NoRepeatNGram,
)
from kewen.decoding.rules.filters import MinP, Temperature, TopK, TopP, Typical
from kewen.decoding.rules.grammar import Grammar
from kewen.decoding.rules.passage_ngrams import PassageNGrams
from kewen.decoding.rules.penalties import (
    FrequencyPenalty,
    PresencePenalty,
    RepetitionPenalty,
)
from kewen.decoding.rules.places import Places
from kewen.decoding.rules.rule import Rule, Text, in_usual_order
from kewen.decoding.rules.trie import Trie
from kewen.decoding.speculative import Drafted, Speculative
from kewen.decoding.step import Rescoring, Step
from kewen.decoding.strategy import Generated, Strategy

__all__ = [
    "AllowedIds",
    "BadWords",
    "Beams",
    "Contrastive",
    "Decoder",
    "Drafted",
    "ForcedEnd",
    "ForcedStart",
    "FrequencyPenalty",
    "Generated",
    "Grammar",
    "MinLength",
    "MinP",
    "NoRepeatNGram",
    "PassageNGrams",
    "Paths",
    "Places",
    "PresencePenalty",
    "RepetitionPenalty",
    "Rescoring",
    "Rule",
    "Speculative",
    "Step",
    "Strategy",
    "Temperature",
    "Text",
    "TopK",
    "TopP",
    "Trie",
    "Typical",
    "continuous",
    "count_of_compilations",
    "drawn",
    "in_usual_order",
    "json_pattern",
    "uniforms",
]
