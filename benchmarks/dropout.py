"""Dropout of attention probabilities, one batch of BERT-base: ours and Keras' own.

The first call compiles: a Transformer has several dropouts in each block, and every
shape of a batch compiles them all again.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.harness import Subject, common_arguments, measure, publish, speed_table

SHAPE = (8, 12, 128, 128)  # batch, heads, tokens, tokens
RATE = 0.1


def dropout_of(library: str) -> Callable[[], Any]:
    """A compiled call in training, of `kewen` or `keras`, on JAX."""
    import jax

    import kewen.layers  # chooses the backend, before Keras looks for one

    if library == "kewen":
        layer = kewen.layers.Dropout(RATE, seed=0)
    else:
        import keras

        layer = keras.layers.Dropout(RATE, seed=0)
    numbers = jax.numpy.ones(SHAPE)
    layer.build(SHAPE)

    @jax.jit
    def call(state: list[Any]) -> Any:
        return layer.stateless_call([], state, numbers, training=True)

    state = [variable.value for variable in layer.variables]
    return lambda: jax.block_until_ready(call(state))[0].shape


def main() -> None:
    """Measure and publish."""
    options = common_arguments((__doc__ or "").splitlines()[0]).parse_args()
    subjects = [
        Subject("kewen", dropout_of, ("kewen",)),
        Subject("keras", dropout_of, ("keras",)),
    ]
    timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    publish(
        "dropout",
        f"Dropout of {SHAPE} numbers on JAX",
        speed_table(timings, 1, "calls"),
        write=options.write,
    )


if __name__ == "__main__":
    main()
