"""Gradients by a tensor, on the backend at hand, in one compilation."""

import keras
from keras import ops


def gradient(function, at):
    """NumPy array of the shape of `at`: d function(at) / d at."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        found = jax.jit(jax.grad(function))(ops.convert_to_tensor(at))
    elif backend == "torch":
        point = ops.convert_to_tensor(at).detach().clone().requires_grad_(True)
        function(point).backward()
        found = point.grad
    else:
        import tensorflow as tf

        point = tf.Variable(at)
        with tf.GradientTape() as tape:
            value = function(point)
        found = tape.gradient(value, point)
    return ops.convert_to_numpy(found)


def jacobian(function, at):
    """NumPy array, (K, *shape of at): d function(at)[k] / d at."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        found = jax.jit(jax.jacrev(function))(ops.convert_to_tensor(at))
    elif backend == "torch":
        import torch

        point = ops.convert_to_tensor(at).detach().clone().requires_grad_(True)
        found = torch.stack(
            [
                torch.autograd.grad(value, point, retain_graph=True)[0]
                for value in function(point)
            ]
        )
    else:
        import tensorflow as tf

        point = tf.Variable(at)
        with tf.GradientTape(persistent=True) as tape:
            values = tf.unstack(function(point))
        # Gathers of rows give sparse gradients, which only a conversion makes arrays.
        slopes = [tape.gradient(value, point) for value in values]
        found = tf.stack([tf.convert_to_tensor(slope) for slope in slopes])
    return ops.convert_to_numpy(found)
