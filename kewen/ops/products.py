"""Products of bfloat16 numbers as processors do them: summed in float32."""

import functools
from importlib import import_module
from typing import Any

import keras
from keras import ops

Tensor = Any


def einsum(equation: str, left: Tensor, right: Tensor, dtype: Any = None) -> Tensor:
    """Keras' einsum of two tensors, fast in bfloat16 on JAX' CPU backend too.

    There a product of bfloat16 numbers whose result is bfloat16 runs on no bfloat16
    instruction; one whose result is float32 does, and is rounded afterwards here. The
    same holds for the two products of its gradient. Elsewhere, and in any other dtype,
    it is `keras.ops.einsum` (docs/design/bfloat16.md).

    Args:
        equation: two terms and a result, without ellipsis; no letter twice in a term,
            none in one term only.
        left: float.
        right: float.
        dtype: of the result; "float32" spares the rounding. That of `left` if None.

    Returns:
        Float, of `dtype`.
    """
    if sums_apart(left) and keras.backend.standardize_dtype(right.dtype) == "bfloat16":
        found = _in_float32()(equation, left, right)
    else:
        found = ops.einsum(equation, left, right)
    return ops.cast(found, dtype or left.dtype)


def sums_apart(tensor: Tensor) -> bool:
    """Whether products with this tensor are better asked for in float32."""
    if keras.backend.backend() != "jax":
        return False
    jax: Any = import_module("jax")
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return dtype == "bfloat16" and jax.default_backend() == "cpu"


@functools.cache
def _in_float32() -> Any:
    """(equation, bfloat16, bfloat16) to float32, its gradients of the same kind.

    JAX' own gradient of such a product multiplies float32 by bfloat16, for which there
    is no instruction.
    """
    jax: Any = import_module("jax")
    jnp = jax.numpy

    def product(equation: str, left: Tensor, right: Tensor) -> Tensor:
        return jnp.einsum(equation, left, right, preferred_element_type=jnp.float32)

    def forward(equation: str, left: Tensor, right: Tensor) -> Any:
        return product(equation, left, right), (left, right)

    def backward(equation: str, saved: Any, gradient: Tensor) -> Any:
        left, right = saved
        terms, out = equation.split("->")
        one, other = terms.split(",")
        rough = gradient.astype(jnp.bfloat16)
        to_left = again(f"{out},{other}->{one}", rough, right)
        to_right = again(f"{one},{out}->{other}", left, rough)
        return to_left.astype(left.dtype), to_right.astype(right.dtype)

    again = jax.custom_vjp(product, nondiff_argnums=(0,))
    again.defvjp(forward, backward)
    return again
