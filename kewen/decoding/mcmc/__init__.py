"""Texts drawn from any target: Markov chains that edit one token a step.

A `Target` says what is wanted, a `Proposal` which tokens are tried, a kernel
(`MetropolisHastings`, `Gibbs`) makes a step of both, and `sample` runs many chains side
by side. Models are plain functions of token ids; nothing here knows which.
"""

from kewen.decoding.mcmc.chain import Chain, Event
from kewen.decoding.mcmc.editable import Editable, Move
from kewen.decoding.mcmc.gibbs import Gibbs
from kewen.decoding.mcmc.metropolis import MetropolisHastings
from kewen.decoding.mcmc.proposals import (
    Proposal,
    by_language_model,
    by_masked_model,
    by_whole_texts,
)
from kewen.decoding.mcmc.sampling import Cooling, sample
from kewen.decoding.mcmc.target import (
    Contains,
    Fluency,
    Length,
    Similarity,
    Target,
)

__all__ = [
    "Chain",
    "Contains",
    "Cooling",
    "Editable",
    "Event",
    "Fluency",
    "Gibbs",
    "Length",
    "MetropolisHastings",
    "Move",
    "Proposal",
    "Similarity",
    "Target",
    "by_language_model",
    "by_masked_model",
    "by_whole_texts",
    "sample",
]
