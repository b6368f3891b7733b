"""Two layers that hold one variable, and how a file says so.

A place of a weight is the path of the layer that holds it and the attribute that it is
there: `block_0_attention/query|_kernel`. Not the variable's own path: both layers of a
tie hold a variable of the same path.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from kewen.errors import ConfigError

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


def tie_again(
    model: keras.Model, ties: Mapping[str, str], held: Mapping[str, Any] | None = None
) -> None:
    """Tie a model that was made anew as the one was whose ties these are.

    Args:
        model: not tied yet.
        ties: as `ties_of` gives them.
        held: path of a weight -> what a file holds for it; of a tie, both must be the
            same. If None, nothing is compared.

    Raises:
        ConfigError: if they are not places of this model, of one shape, or not equal.
    """
    found = dict(places(model))
    shapes = {name: getattr(*place).shape for name, place in found.items()}
    for name, other in ties.items():
        if shapes.get(name, ()) != shapes.get(other):
            raise ConfigError(
                f"Ties must join two weights of the model, of one shape. Received: "
                f"{name!r} ({shapes.get(name)}) and {other!r} ({shapes.get(other)}). "
                "Take out the ties of the file (kewen.json) that says so."
            )
        one, two = found[name], found[other]
        if held is not None and not _are_same(getattr(*one), getattr(*two), held):
            raise ConfigError(
                f"Tied weights must have the same values in a file. Received: others "
                f"at {name!r} than at {other!r}. Take out the tie (kewen.json), or the "
                "file that was changed after it."
            )
        share(one, two)


def _are_same(one: Any, other: Any, held: Mapping[str, Any]) -> bool:
    return np.array_equal(np.asarray(held[one.path]), np.asarray(held[other.path]))


def copies_of(model: keras.Model, untied: keras.Model) -> dict[str, str]:
    """Path of each weight that a tie took away -> path of the one that is there.

    Args:
        model: with ties.
        untied: the same without, whose weights still have paths of their own.
    """
    now, before = dict(places(model)), dict(places(untied))
    return {
        getattr(*before[name]).path: getattr(*now[name]).path for name in ties_of(model)
    }


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
