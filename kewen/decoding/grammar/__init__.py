"""From a regular expression to a table of states and bytes."""

from kewen.decoding.grammar.automaton import Automaton, automaton
from kewen.decoding.grammar.json_pattern import json_pattern

__all__ = ["Automaton", "automaton", "json_pattern"]
