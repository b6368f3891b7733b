"""`keras.RematScope` for layers whose calls take flags and draw random numbers."""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers.dropout import Dropout


class Rematerialized:
    """What Keras' own hook lacks; comes before `keras.layers.Layer`.

    Under `keras.RematScope` a layer's call is run again in the backward pass. Keras
    hands it to the backend with all its arguments: JAX makes tensors of flags too, and
    `if training` fails; TensorFlow takes neither None nor masks; and random numbers
    drawn inside leak out of the trace on JAX, and are others the second time elsewhere.
    Here only what has a gradient is handed on, and seeds are drawn before.
    """

    def rematerialized_call(
        self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """Keras' hook: the call that forgets what it can compute again."""
        layer: Any = self
        inner = list(layer._flatten_layers(include_self=False))
        for each in inner:
            each._remat_mode = None  # this layer forgets for all of them
        dropouts = [each for each in inner if isinstance(each, Dropout) and each.rate]
        if not kwargs.get("training"):
            dropouts = []
        given = [*args, *kwargs.values()]
        places = [i for i, each in enumerate(given) if not _is_constant(each)]

        def again(seeds: list[Any], *tensors: Any) -> Any:
            everything = list(given)
            for place, tensor in zip(places, tensors, strict=True):
                everything[place] = tensor
            named = dict(zip(kwargs, everything[len(args) :], strict=True))
            for dropout, seed in zip(dropouts, seeds, strict=True):
                dropout.given_seed = seed
            try:
                return layer_call(*everything[: len(args)], **named)
            finally:
                for dropout in dropouts:
                    dropout.given_seed = None

        base: Any = super()
        forgetful = base.rematerialized_call(again, [], *args, **kwargs)

        def call(*args: Any, **kwargs: Any) -> Any:
            seeds = [dropout.seed_generator.next() for dropout in dropouts]
            values = [*args, *kwargs.values()]
            return forgetful(seeds, *(values[place] for place in places))

        return call


def keep_what_cannot_be_forgotten(node: Any) -> None:
    """Take an operation of a graph out of `keras.RematScope` where its hook fails.

    Keras' hook is for layers that take tensors with a gradient and nothing else: JAX
    knows no `...` of a slice, TensorFlow no keyword and no mask. What is left out is
    cheap; attention, feed-forward layers and tables are `Rematerialized`. A list of
    layers by name is obeyed.
    """
    operation, given = node.operation, node.arguments
    mode = getattr(operation, "_remat_mode", None)
    if isinstance(operation, Rematerialized) or mode is None:
        return
    suits = (
        isinstance(operation, keras.layers.Layer)
        and not operation._call_has_training_arg
        and not given.kwargs
        and not any(_is_constant(each) for each in given.args)
    )
    if mode.mode in ("full", "larger_than") and not suits:
        inner = getattr(operation, "_flatten_layers", lambda: [operation])
        for each in inner():
            each._remat_mode = None


def _is_constant(value: Any) -> bool:
    """What has no gradient: flags, nothing, masks and ids."""
    if isinstance(value, tuple | list):
        return False
    return "float" not in str(getattr(value, "dtype", ""))
