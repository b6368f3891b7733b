"""Tiny models that write bytes."""

import keras

import kewen
from kewen.models import Backbone
from kewen.models.registry import family


def made(name, tokenizer, heads, application=None, config_json=None, **sizes):
    kewen_family = family(name)
    config = kewen_family.config.from_dict(
        {
            "vocabulary_size": 256,
            "num_layers": 2,
            "num_heads": 2,
            "hidden_dim": 16,
            **sizes,
        }
    )
    keras.utils.set_random_seed(1)
    model = Backbone(config, heads=heads, application=application)
    for weight in model.weights:  # far from uniform, so that choices are clear
        weight.assign(weight.numpy() * 8 if weight.ndim > 1 else weight)
    return kewen.Pretrained(
        model=model, tokenizer=tokenizer, config_json=config_json or {}
    )
