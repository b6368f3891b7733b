"""AdamW by layer against Keras' AdamW and against AdamW in NumPy."""

import keras
import numpy as np
import pytest

from kewen.optimizers import LayerwiseAdamW

RNG = np.random.default_rng(0)
STEPS = 4


def fresh():
    """Weights of two layers, the same ones at every call."""
    dense = [keras.layers.Dense(3, name=name) for name in ("dense_0", "dense_1")]
    norm = keras.layers.LayerNormalization(name="norm")
    values = np.random.default_rng(1)
    for layer in [*dense, norm]:
        layer.build((None, 3))
        for weight in layer.weights:
            weight.assign(values.normal(size=weight.shape).astype("float32"))
    return [weight for layer in [*dense, norm] for weight in layer.weights]


def named(weights):
    return {weight.path: np.asarray(weight).copy() for weight in weights}


GRADIENTS = [
    [RNG.normal(size=weight.shape).astype("float32") for weight in fresh()]
    for _ in range(STEPS)
]


def trained(optimizer, steps=STEPS):
    weights = fresh()
    optimizer.build(weights)
    for gradients in GRADIENTS[:steps]:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
    return named(weights)


def adamw_by_hand(rate, decay, clip, epsilon, multipliers):
    """Decoupled decay, then Adam with its corrections (Loshchilov and Hutter, 2019)."""
    values = {path: v.astype("float64") for path, v in named(fresh()).items()}
    m = {path: np.zeros_like(value) for path, value in values.items()}
    v = {path: np.zeros_like(value) for path, value in values.items()}
    for t, gradients in enumerate(GRADIENTS, start=1):
        norm = np.sqrt(sum(np.square(g, dtype="float64").sum() for g in gradients))
        shrink = 1 if clip is None else min(1, clip / norm)
        for path, gradient in zip(values, gradients, strict=True):
            own_rate = rate * multipliers.get(path.split("/")[0], 1)
            if path.endswith("kernel"):
                values[path] *= 1 - own_rate * decay
            g = gradient.astype("float64") * shrink
            m[path] = 0.9 * m[path] + 0.1 * g
            v[path] = 0.999 * v[path] + 0.001 * g**2
            # Keras puts epsilon beside the uncorrected root, as in Kingma and Ba's
            # "efficient" form (section 2).
            alpha = own_rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            values[path] -= alpha * m[path] / (np.sqrt(v[path]) + epsilon)
    return values


@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("multipliers", [{}, {"dense_0": 0.25, "norm": 3.0}])
def test_steps_are_those_of_adamw_in_numpy(clip, multipliers):
    optimizer = LayerwiseAdamW(
        0.05,
        weight_decay=0.3,
        epsilon=1e-6,
        global_clipnorm=clip,
        multipliers=multipliers,
    )
    wanted = adamw_by_hand(0.05, 0.3, clip, 1e-6, multipliers)
    for path, value in trained(optimizer).items():
        # An update is 0.05; single precision blurs its corrections in the 5th digit.
        np.testing.assert_allclose(value, wanted[path], atol=1e-5, err_msg=path)


def test_without_multipliers_it_is_keras_adamw_that_spares_biases_and_norms():
    ours = trained(LayerwiseAdamW(0.05, weight_decay=0.3))
    theirs = keras.optimizers.AdamW(0.05, weight_decay=0.3)
    theirs.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    for path, value in trained(theirs).items():
        np.testing.assert_allclose(
            ours[path], value, rtol=1e-6, atol=1e-7, err_msg=path
        )


def test_only_kernels_decay():
    decayed = trained(LayerwiseAdamW(0.05, weight_decay=0.3), steps=1)
    plain = trained(LayerwiseAdamW(0.05, weight_decay=0.0), steps=1)
    changed = {path for path in plain if not np.array_equal(plain[path], decayed[path])}
    assert changed == {"dense_0/kernel", "dense_1/kernel"}


def test_factor_of_a_half_halves_the_first_update_of_its_layer_alone():
    start = named(fresh())
    full = trained(LayerwiseAdamW(0.05, weight_decay=0.3), steps=1)
    half = trained(
        LayerwiseAdamW(0.05, weight_decay=0.3, multipliers={"dense_1": 0.5}), steps=1
    )
    for path, before in start.items():
        share = 0.5 if path.startswith("dense_1/") else 1.0
        np.testing.assert_allclose(
            half[path] - before, share * (full[path] - before), atol=1e-6, err_msg=path
        )


def test_the_first_pattern_that_matches_counts():
    optimizer = LayerwiseAdamW(multipliers={"dense_0": 0.1, "dense_*": 0.2})
    factors = [optimizer.multiplier_of(weight) for weight in fresh()]
    assert factors == [0.1, 0.1, 0.2, 0.2, 1.0, 1.0]


def test_config_brings_the_optimizer_back():
    optimizer = LayerwiseAdamW(0.01, weight_decay=0.2, multipliers={"block_*": 0.5})
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, LayerwiseAdamW)
    assert again.get_config() == optimizer.get_config()
    assert again.multipliers == {"block_*": 0.5}


def test_a_schedule_counts_updates_and_not_accumulated_batches():
    asked = []

    @keras.saving.register_keras_serializable("kewen_tests")
    class Noted(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            asked.append(int(step))
            return 0.1

        def get_config(self):
            return {}

    weights = fresh()[:1]
    optimizer = LayerwiseAdamW(Noted(), gradient_accumulation_steps=2)
    optimizer.build(weights)
    seen = []
    for gradients in GRADIENTS:
        asked.clear()
        optimizer.apply([keras.ops.convert_to_tensor(gradients[0])], weights)
        seen.append(set(asked))
    # TensorFlow asks only when it updates, the others at every batch.
    assert seen[1::2] == [{0}, {1}]
    assert seen[0] <= {0} and seen[2] <= {1}
