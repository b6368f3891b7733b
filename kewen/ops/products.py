"""Products of bfloat16 numbers as processors do them: summed in float32."""

import functools
from importlib import import_module
from typing import Any

import keras
from keras import ops

from kewen.ops.platform import on_jax_cpu

Tensor = Any

# What every model asks for: rows by a matrix; queries by keys, and scores by values.
PROBES = (
    ("ab,bc->ac", (8, 32), (32, 16)),
    ("bthd,bshd->bhts", (2, 8, 4, 16), (2, 8, 4, 16)),
    ("bhts,bshd->bthd", (2, 4, 8, 8), (2, 8, 4, 16)),
)


def einsum(equation: str, left: Tensor, right: Tensor, dtype: Any = None) -> Tensor:
    """Keras' einsum of two tensors, fast in bfloat16 on JAX' CPU backend too.

    There a product of bfloat16 numbers whose result is bfloat16 uses no instruction for
    them; one whose result is float32 does, and is rounded afterwards here. The same
    holds for the two products of its gradient. Elsewhere, and in any other dtype, it is
    `keras.ops.einsum` (docs/design/bfloat16.md).

    Args:
        equation: two terms and a result, without ellipsis; no letter twice in a term,
            none in one term only.
        left: float.
        right: float.
        dtype: of the result; "float32" spares the rounding. That of `left` if None.

    Returns:
        Float, of `dtype`.
    """
    # Of a variable too, in the dtype that its layer computes in.
    left, right = ops.convert_to_tensor(left), ops.convert_to_tensor(right)
    if sums_apart(left) and sums_apart(right):
        found = _in_float32()(equation, left, right)
    else:
        found = ops.einsum(equation, left, right)
    return ops.cast(found, dtype or left.dtype)


def sums_apart(tensor: Tensor) -> bool:
    """Whether products with this tensor are better asked for in float32."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return dtype == "bfloat16" and on_jax_cpu() and _runs_here()


@functools.cache
def _runs_here() -> bool:
    """Whether JAX' compiler takes such products on this processor."""
    jax: Any = import_module("jax")
    jnp = jax.numpy
    product = _in_float32()

    # Eagerly, although this may be asked while a model is traced.
    with jax.ensure_compile_time_eval():
        try:
            for equation, *shapes in PROBES:
                tensors = [jnp.ones(shape, jnp.bfloat16) for shape in shapes]
                jax.jit(product, static_argnums=0)(equation, *tensors).tolist()
        except jax.errors.JaxRuntimeError:
            return False
    return True


@functools.cache
def _in_float32() -> Any:
    """(equation, bfloat16, bfloat16) to float32, its gradients of the same kind.

    JAX' own gradient of such a product multiplies float32 by bfloat16, for which there
    is no instruction.
    """
    jax: Any = import_module("jax")
    jnp = jax.numpy

    def product(equation: str, left: Tensor, right: Tensor) -> Tensor:
        one, other, out = _terms(equation)
        if _comes_first(other, one, out):
            one, other, left, right = other, one, right, left
        found = jnp.einsum(
            f"{one},{other}->{out}", left, right, preferred_element_type=jnp.float32
        )
        # XLA would give the product the memory order that its user likes best, and has
        # no such product in bfloat16 if that is a transposed one.
        return jax.lax.optimization_barrier(found)

    def forward(equation: str, left: Tensor, right: Tensor) -> Any:
        return product(equation, left, right), (left, right)

    def backward(equation: str, saved: Any, gradient: Tensor) -> Any:
        left, right = saved
        one, other, out = _terms(equation)
        rough = gradient.astype(jnp.bfloat16)
        to_left = again(f"{out},{other}->{one}", rough, right)
        to_right = again(f"{one},{out}->{other}", left, rough)
        return to_left.astype(left.dtype), to_right.astype(right.dtype)

    again = jax.custom_vjp(product, nondiff_argnums=(0,))
    again.defvjp(forward, backward)
    return again


def _terms(equation: str) -> tuple[str, str, str]:
    terms, out = equation.replace(" ", "").split("->")
    one, other = terms.split(",")
    return one, other, out


def _comes_first(this: str, that: str, out: str) -> bool:
    """Whether the last of the result's letters that one term has alone is `that`'s."""
    return next((x in that for x in reversed(out) if (x in this) != (x in that)), False)
