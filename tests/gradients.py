"""The gradient of a scalar by a tensor, on the backend at hand."""

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
