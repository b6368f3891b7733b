"""Random bits that cost a few instructions each, for masks such as dropout's."""

from typing import Any

Tensor = Any


def hashed_bits(key: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Random words by hashing the place of each one with a key; on JAX only.

    JAX's own generators (Threefry, Philox) pass every test, and take most of the time
    of a dropout and of its compilation. Here the n-th word is a hash of n: XLA computes
    it in registers, inside the loop that wants it, and no word is ever stored.

    The words are good for masks: each bit is balanced, and independent of its
    neighbours and of other keys' as far as tests see. They are not for secrets, and
    they repeat after 2**32 words.

    Args:
        key: uint32, (2,), such as a state of Keras' `SeedGenerator`.
        shape: static.

    Returns:
        uint32, `shape`.

    Source: the constants of `_mixed` are from Wellons, "Prospecting for Hash
    Functions" (2018), the one of least bias; a hash of a counter as a generator:
    Salmon et al., 2011 (SC11, "Parallel random numbers: as easy as 1, 2, 3").
    """
    from jax import lax
    from jax import numpy as jnp

    # A key is a seed and a small count: mixed, so that near keys have far words.
    seed, count = jnp.asarray(key, "uint32")
    first = _mixed(seed ^ _mixed(count))
    second = _mixed(count ^ first)
    place = jnp.zeros(shape, "uint32")
    for axis, size in enumerate(shape):
        along = lax.broadcasted_iota("uint32", shape, axis)
        place = place * jnp.uint32(size) + along
    return _mixed(_mixed(place + first) ^ second)


def _mixed(word: Tensor) -> Tensor:
    """A bijection of 32-bit words that changes half of the bits where one changes."""
    word = (word ^ (word >> 16)) * word.dtype.type(0x21F0AAAD)
    word = (word ^ (word >> 15)) * word.dtype.type(0xD35A2D97)
    return word ^ (word >> 15)
