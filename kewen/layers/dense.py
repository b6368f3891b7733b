"""Dense layers whose bfloat16 and int8 products are fast on every backend."""

import math
import string
from typing import Any

import keras
from keras import ops

from kewen.layers.initial_values import Zeros
from kewen.ops import (
    MOST_INT8_ROWS,
    are_few_rows,
    einsum,
    few_rows_by,
    int8_product,
    sums_apart,
    turned_kernel,
)

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class Dense(keras.layers.Dense):
    """Keras' `Dense`; see `kewen.ops.einsum` and `int8_product` for what differs."""

    def __init__(
        self, units: int, *, bias_initializer: Any = None, **kwargs: Any
    ) -> None:
        initializer: Any = bias_initializer or Zeros()
        super().__init__(units, bias_initializer=initializer, **kwargs)

    def quantize(self, mode: Any = None, type_check: bool = True, **config: Any) -> Any:
        """Keras' own, which would refuse every class but its own."""
        return super().quantize(mode, type_check=False, **config)

    @property
    def summed(self) -> int:
        """Axes that are summed over: last of the inputs, first of the kernel."""
        return 1

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        turned = _turned(self, inputs)
        if turned is not None:
            return turned
        if not sums_apart(inputs):
            return super().call(inputs, training=training)
        rows = string.ascii_lowercase[: len(inputs.shape) - 1]
        return _finished(self, einsum(f"{rows}y,yz->{rows}z", inputs, self.kernel))

    def _int8_call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if self.lora_enabled or not are_few_rows(inputs, most=MOST_INT8_ROWS):
            return super()._int8_call(inputs, training=training)
        return _finished(self, _int8_rows(self, inputs, 1))


@keras.saving.register_keras_serializable("kewen")
class EinsumDense(keras.layers.EinsumDense):
    """Keras' `EinsumDense`; what differs is as of `Dense`."""

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        *,
        bias_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        initializer: Any = bias_initializer or Zeros()
        super().__init__(equation, output_shape, bias_initializer=initializer, **kwargs)

    def quantize(self, mode: Any = None, type_check: bool = True, **config: Any) -> Any:
        """Keras' own, which would refuse every class but its own."""
        return super().quantize(mode, type_check=False, **config)

    @property
    def summed(self) -> int:
        """As of `Dense`; 0 if the equation is another."""
        return _summed_between(self.equation)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        turned = _turned(self, inputs)
        if turned is not None:
            return turned
        summed = self.summed
        if summed > 1 and keras.backend.backend() == "jax":
            # JAX' einsum may sum over these axes in another order than the kernel
            # has them in, and copies the kernel for it, each time.
            return _finished(self, _rows_by_matrix(inputs, self.kernel, summed))
        if not sums_apart(inputs):
            return super().call(inputs, training=training)
        return _finished(self, einsum(self.equation, inputs, self.kernel))

    def _int8_call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        summed = self.summed
        few = are_few_rows(inputs, summed, MOST_INT8_ROWS)
        if not summed or self.lora_enabled or not few:
            return super()._int8_call(inputs, training=training)
        return _finished(self, _int8_rows(self, inputs, summed))


def _summed_between(equation: str) -> int:
    """How many axes are summed over, if they end the inputs and begin the kernel."""
    terms, out = equation.split("->")
    inputs, kernel = terms.split(",")
    count = sum(axis not in out for axis in inputs)
    is_product = inputs[len(inputs) - count :] == kernel[:count]
    is_product = is_product and out == inputs[: len(inputs) - count] + kernel[count:]
    return count if is_product else 0


def _rows_by_matrix(inputs: Tensor, kernel: Tensor, summed: int) -> Tensor:
    """The product of the last axes of inputs with the first ones of a kernel."""
    kernel = ops.convert_to_tensor(kernel)
    inner, outer = kernel.shape[:summed], kernel.shape[summed:]
    matrix = ops.reshape(kernel, (math.prod(inner), math.prod(outer)))
    before = inputs.shape[: len(inputs.shape) - summed]
    rows = ops.reshape(inputs, (-1, math.prod(inner)))
    return ops.reshape(einsum("ni,io->no", rows, matrix), (*before, *outer))


def _int8_rows(layer: Any, inputs: Tensor, summed: int) -> Tensor:
    """The product of a quantised layer, as one of rows with a matrix."""
    kernel: Any = ops.convert_to_tensor(layer._kernel)
    inner, outer = kernel.shape[:summed], kernel.shape[summed:]
    matrix = ops.reshape(kernel, (math.prod(inner), math.prod(outer)))
    rows = ops.reshape(inputs, (-1, math.prod(inner)))
    scale = ops.reshape(ops.convert_to_tensor(layer.kernel_scale), (-1,))
    before = inputs.shape[: len(inputs.shape) - summed]
    return ops.reshape(int8_product(rows, matrix, scale), (*before, *outer))


def _turned(layer: Any, inputs: Tensor) -> Tensor | None:
    """What the layer answers with its turned kernel, if there is one just now."""
    matrix = turned_kernel(layer._kernel)
    if matrix is None or layer.lora_enabled or not are_few_rows(inputs, layer.summed):
        return None
    before = inputs.shape[: len(inputs.shape) - layer.summed]
    rows = ops.reshape(ops.cast(inputs, matrix.dtype), (-1, matrix.shape[1]))
    outer = layer._kernel.shape[layer.summed :]
    return _finished(layer, ops.reshape(few_rows_by(matrix, rows), (*before, *outer)))


def _finished(layer: Any, found: Tensor) -> Tensor:
    if layer.bias is not None:
        found = ops.add(found, layer.bias)
    return found if layer.activation is None else layer.activation(found)
