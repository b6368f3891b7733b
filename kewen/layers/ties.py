"""Two layers that hold one variable, and how a file says so.

A place of a weight is the path of the layer that holds it and the attribute that it is
there: `block_0_attention/query|_kernel`. Not the variable's own path: both layers of a
tie hold a variable of the same path.
"""

from collections.abc import Iterator, Mapping

import keras

Place = tuple[keras.layers.Layer, str]


def places(model: keras.Model) -> Iterator[tuple[str, Place]]:
    """Each place where a layer of the model holds a variable, with its name."""
    for layer in model._flatten_layers(include_self=False):
        own = {id(weight) for weight in layer._trainable_variables}
        for attribute, value in vars(layer).items():
            if id(value) in own:
                yield f"{layer.path}|{attribute}", (layer, attribute)


def ties_of(model: keras.Model) -> dict[str, str]:
    """Place -> the first place that holds the same variable, if that is another."""
    first: dict[int, str] = {}
    ties: dict[str, str] = {}
    for name, (layer, attribute) in places(model):
        here = first.setdefault(id(getattr(layer, attribute)), name)
        if here != name:
            ties[name] = here
    return ties


def tie_again(model: keras.Model, ties: Mapping[str, str]) -> None:
    """Tie a model that was made anew as the one was whose ties these are."""
    found = dict(places(model))
    for name, other in ties.items():
        share(found[name], found[other])


def share(place: Place, other: Place) -> None:
    """Let the first place hold what the other holds, in the same rank of its weights.

    The rank matters: Keras' default way of saving a layer numbers its weights.
    """
    layer, attribute = place
    old, new = getattr(layer, attribute), getattr(*other)
    if old is new:
        return
    weights = layer._trainable_variables
    rank = next(i for i, weight in enumerate(weights) if weight is old)
    layer._untrack_variable(old)
    was_locked = layer._tracker.locked
    layer._tracker.unlock()
    setattr(layer, attribute, new)
    if was_locked:
        layer._tracker.lock()
    list.insert(weights, rank, list.pop(weights))  # past the tracker: it has it already
