"""The families, and the way from a folder to a model and back."""

import kewen.backend.found  # noqa: F401
from kewen.models.base import Backbone
from kewen.models.cached_step import decoding_step
from kewen.models.convert import convert
from kewen.models.load import load
from kewen.models.lora import enable_lora, load_lora, merged_lora, save_lora
from kewen.models.pretrained import Pretrained
from kewen.models.registry import Family, family

__all__ = [
    "Backbone",
    "Family",
    "Pretrained",
    "convert",
    "decoding_step",
    "enable_lora",
    "family",
    "load",
    "load_lora",
    "merged_lora",
    "save_lora",
]
