"""ALBERT's blocks, each given weights of its own."""

import dataclasses

import numpy as np

from kewen.models.base import Backbone


def unshared(model: Backbone) -> Backbone:
    """A copy whose blocks have equal weights at first, and go on by themselves.

    Its files have as many groups as layers, which transformers reads.
    """
    config = model.config
    made = Backbone(
        dataclasses.replace(config, num_groups=max(config.num_layers, 1)),
        heads=model.heads,
        application=model.application,
        position_input=model.position_input,
        collect=model.collect,
        dtype=model.dtype_of_layers,
        name=model.name,
        unset=True,
    )
    source = {
        made.config.name_of_block(i): config.name_of_block(i)
        for i in range(config.num_layers)
    }
    values = model.weights_by_path()
    for path, weight in made.weights_by_path().items():
        layer, _, rest = path.partition("/")
        block, separator, part = layer.partition("_attention")
        if not separator:
            block, separator, part = layer.partition("_feedforward")
        name = f"{source.get(block, block)}{separator}{part}"
        # A copy each: a variable may give its memory away.
        weight.assign(np.array(values[f"{name}/{rest}"]))
    return made
