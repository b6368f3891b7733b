"""The named layers of a model: made once, shared by every graph drawn over them."""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from kewen.layers import Unset


class Parts:
    """Gives the layer of a name, and makes it only if nobody has yet.

    So a model with a head, the same model without it, and the same model that shows its
    hidden states are three graphs over one set of weights (the lessons' "layer reuse";
    bert4keras' `layers` option).

    Args:
        shared: layers of other models, taken by their names.
        dtype: Keras dtype policy of the layers made here.
        unset: whether layers made here begin with zeros, because a checkpoint follows.
    """

    def __init__(
        self,
        shared: Iterable[keras.layers.Layer] = (),
        dtype: Any = None,
        unset: bool = False,
    ) -> None:
        self._by_name = {layer.name: layer for layer in shared}
        self._dtype = dtype
        self._unset = unset

    def __call__(
        self, make: Callable[..., keras.layers.Layer], name: str, **options: Any
    ) -> keras.layers.Layer:
        """The layer called `name`; `make(**options, name=name)` if there is none."""
        if name not in self._by_name:
            if self._unset:
                options |= {key: Unset() for key in options if "initializer" in key}
            self._by_name[name] = make(**options, dtype=self._dtype, name=name)
        return self._by_name[name]
