"""AdamW with a learning rate for each layer."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import keras

# Offsets and scales of norms are not shrunk towards zero (Devlin et al., 2019, A.2).
NOT_DECAYED = ("bias", "gamma", "beta")


@keras.saving.register_keras_serializable("kewen")
class LayerwiseAdamW(keras.optimizers.AdamW):
    """Keras' AdamW; layers whose name matches a pattern learn faster or slower.

    Keras' own way, one optimizer for each group, has no common learning rate and no
    loss scaling. Weight decay follows the layer's rate. Biases and norms do not decay.
    A schedule counts updates: k accumulated batches are one step of it, so that they
    do what one batch of their size does.

    Args:
        multipliers: pattern of layer names (`*` stands for anything) -> factor. The
            first pattern that matches counts; others learn at the common rate.
        **kwargs: those of `keras.optimizers.AdamW`.

    Source: Loshchilov and Hutter, 2019 (arXiv 1711.05101); Howard and Ruder, 2018,
    section 3.2 (arXiv 1801.06146), "discriminative fine-tuning".
    """

    def __init__(
        self, *args: Any, multipliers: Mapping[str, float] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.multipliers = dict(multipliers or {})
        self.exclude_from_weight_decay(var_names=list(NOT_DECAYED))

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._factors = [self.multiplier_of(variable) for variable in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """All weights' step; every gradient is a whole array then."""
        super().apply([_whole(gradient) for gradient in grads], trainable_variables)

    def _get_current_learning_rate(self) -> Any:
        # Keras asks a schedule about batches; with accumulation those are not updates.
        if isinstance(
            self._learning_rate, keras.optimizers.schedules.LearningRateSchedule
        ):
            return self._learning_rate(self.iterations)
        return super()._get_current_learning_rate()

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Adam's step at the variable's own rate."""
        # By its number: on TensorFlow the variable that comes here knows no layer.
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def _apply_weight_decay(self, variables: Any) -> None:
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = keras.ops.cast(self.learning_rate, variable.dtype)
                share = rate * self.weight_decay * self.multiplier_of(variable)
                variable.assign(variable - variable * share)

    def multiplier_of(self, variable: Any) -> float:
        """The factor of the layer that a variable belongs to."""
        layer = variable.path.split("/")[0]
        for pattern, factor in self.multipliers.items():
            if fnmatchcase(layer, pattern):
                return factor
        return 1.0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "multipliers": self.multipliers}


def _whole(gradient: Any) -> Any:
    """On TensorFlow, the array that a list of rows means.

    A table's gradient comes as rows there, a token's as often as it occurs, and the
    norm of such a list, by which gradients are clipped, is not that of the gradient.
    """
    if keras.backend.backend() != "tensorflow" or gradient is None:
        return gradient
    import tensorflow as tf

    return tf.convert_to_tensor(gradient)
