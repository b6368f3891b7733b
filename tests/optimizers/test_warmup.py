"""The learning rate at every step."""

import keras
import pytest

from kewen.optimizers import WarmupLinearDecay


def rates(peak, total, warmup, steps):
    schedule = WarmupLinearDecay(peak, total, warmup)
    return [float(schedule(step)) for step in range(steps)]


def by_hand(peak, total, warmup, step):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * max(0, total - step) / max(1, total - warmup)


@pytest.mark.parametrize(("total", "warmup"), [(10, 3), (10, 0), (4, 4), (1, 0)])
def test_every_step_has_the_rate_of_the_formula(total, warmup):
    wanted = [by_hand(0.5, total, warmup, step) for step in range(total + 3)]
    assert rates(0.5, total, warmup, total + 3) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("warmup", [0, 1, 5, 9])
def test_no_step_of_the_training_has_rate_zero(warmup):
    assert min(rates(1.0, 10, warmup, 10)) > 0


def test_first_step_of_a_warmup_learns():
    assert rates(1.0, 100, 9, 1) == pytest.approx([0.1])


def test_peak_is_reached_once_right_after_the_warmup():
    assert [step for step, rate in enumerate(rates(2.0, 10, 4, 10)) if rate == 2] == [4]


def test_rate_is_zero_after_the_end():
    assert rates(1.0, 5, 2, 9)[5:] == [0, 0, 0, 0]


def test_config_brings_the_schedule_back():
    schedule = WarmupLinearDecay(0.3, 20, 4)
    config = keras.saving.serialize_keras_object(schedule)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, WarmupLinearDecay)
    assert again.get_config() == {"peak": 0.3, "total_steps": 20, "warmup_steps": 4}
