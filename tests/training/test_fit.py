"""What a training does to the weights, and what it must leave alone."""

import random

import keras
import numpy as np
import pytest
from small import batches_of, loss_by_hand, small_model, train, weights_of

from kewen.data import Batches
from kewen.errors import ConfigError
from kewen.layers import Dropout
from kewen.training import seeded
from kewen.training.seeds import reseed_dropout


def assert_same(left, right):
    for path, value in left.items():
        np.testing.assert_array_equal(value, right[path], err_msg=path)


def test_two_accumulated_batches_do_what_one_batch_of_their_size_does():
    rows = (8,) * 12
    big, small = small_model(), small_model()
    # Clipped and decayed, so that accumulated gradients meet both, and twice warm.
    options = {"epochs": 2, "clip_norm": 0.01, "weight_decay": 0.3, "warmup": 0.5}
    train(big, batches_of(rows, batch_size=4), **options)
    train(small, batches_of(rows, batch_size=2), accumulate=2, **options)
    start = weights_of(small_model())
    for path, value in weights_of(big).items():
        assert not np.allclose(value, start[path], atol=1e-3), path
        np.testing.assert_allclose(
            value, weights_of(small)[path], atol=2e-5, err_msg=path
        )


def test_batches_left_over_by_accumulation_change_nothing():
    exact, longer = small_model(), small_model()
    more = batches_of((8,) * 8, batch_size=2)
    # Unshuffled, the first rows are the last batch.
    enough = Batches(more.rows[2:], labels=more.labels[2:], batch_size=2)
    train(exact, enough, accumulate=3)
    train(longer, more, accumulate=3)
    assert_same(weights_of(longer), weights_of(exact))


def test_more_accumulated_batches_than_there_are_is_an_error_that_counts_them():
    batches = batches_of((8,) * 4, batch_size=2)
    with pytest.raises(ConfigError, match=r"at most 4, .* Received: 5"):
        train(small_model(), batches, epochs=2, accumulate=5)


def test_a_training_in_which_nothing_learns_is_refused():
    model = small_model()
    with pytest.raises(ConfigError, match=r"weights that learn.*freeze=\['\*'\]"):
        train(model, batches_of(), freeze=["*"])
    assert len(model.trainable_weights) == 3


def test_frozen_weights_stay_bit_identical_and_others_learn():
    model = small_model()
    before = weights_of(model)
    train(model, batches_of(), freeze=["tab*"])
    after = weights_of(model)
    np.testing.assert_array_equal(after["table/embeddings"], before["table/embeddings"])
    assert not np.array_equal(after["top/kernel"], before["top/kernel"])


def test_layers_are_as_trainable_afterwards_as_before():
    model = small_model()
    model.get_layer("top").bias.trainable = False
    train(model, batches_of(), freeze=["top"])
    trainable = {weight.path for weight in model.trainable_weights}
    assert trainable == {"table/embeddings", "top/kernel"}


def test_layers_are_trainable_again_after_an_exception():
    model = small_model()

    def broken():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(model, batches_of(), freeze=["table"], validate=broken)
    assert model.get_layer("table").trainable
    assert len(model.trainable_weights) == 3


def test_learning_rates_slow_the_layers_that_match():
    # One step; AdamW's first step is as long as the learning rate.
    model = small_model()
    before = weights_of(model)
    batches = batches_of((8,) * 2, batch_size=2)
    train(model, batches, learning_rates={"top": 0.1}, weight_decay=0.0)
    moved = {
        path: np.abs(value - before[path]).max()
        for path, value in weights_of(model).items()
    }
    assert moved["table/embeddings"] == pytest.approx(0.05, rel=0.01)
    assert moved["top/kernel"] == pytest.approx(0.005, rel=0.01)


@pytest.mark.parametrize(
    "option", [{"freeze": ["tabel"]}, {"learning_rates": {"tabel": 0.1}}]
)
def test_a_pattern_that_matches_no_layer_is_an_error_that_lists_them(option):
    model = small_model()
    with pytest.raises(ConfigError, match=r"'tabel'.*\['table', 'top'\]"):
        train(model, batches_of(), **option)
    assert len(model.trainable_weights) == 3


@pytest.mark.parametrize(
    "option",
    [
        {"epochs": 0},
        {"accumulate": 0},
        {"accumulate": 1.5},
        {"patience": 0, "validate": dict},
        {"warmup": 1.1},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate": "fast"},
        {"weight_decay": -0.1},
        {"clip_norm": 0.0},
        {"clip_norm": float("nan")},
        {"learning_rates": {"top": -1.0}},
        {"learning_rates": {"top": float("nan")}},
        {"learning_rates": {"top": float("inf")}},
        {"patience": 2},
        {"monitor": "val_accuracy"},
    ],
)
def test_a_number_that_cannot_be_is_refused(option):
    name = next(iter(option))
    with pytest.raises(ConfigError, match=name):
        train(small_model(), batches_of(), **option)


def trained_twice(seeds):
    result = []
    for seed in seeds:
        model = small_model(dropout=0.5)
        batches = batches_of(batch_size=4, shuffle=True, seed=seed)
        train(model, batches, seed=seed, epochs=2)
        result.append(weights_of(model))
    return result


def test_a_seed_gives_the_same_weights_bit_for_bit_again():
    assert_same(*trained_twice([7, 7]))


def test_no_dropout_layer_draws_what_another_draws_some_steps_later():
    ids = keras.Input((8,))
    model = keras.Model(ids, [Dropout(0.5)(ids), Dropout(0.5)(ids)])
    reseed_dropout(model, 0)
    states = [
        tuple(np.asarray(layer.seed_generator.next()).tolist())
        for layer in model.layers
        if isinstance(layer, Dropout)
        for _ in range(3)
    ]
    assert len(set(states)) == 6


def test_another_seed_gives_other_weights():
    first, second = trained_twice([7, 8])
    assert not np.allclose(first["top/kernel"], second["top/kernel"])


def test_fillers_change_neither_loss_nor_weights():
    # Three rows fill a batch of three, or a batch of four with a filler.
    exact, filled = small_model(), small_model()
    histories = [
        train(exact, batches_of((8,) * 3, batch_size=3)),
        train(filled, batches_of((8,) * 3, batch_size=4)),
    ]
    assert histories[0].loss == pytest.approx(histories[1].loss)
    assert batches_of((8,) * 3, batch_size=4).shapes == {(4, 8)}
    for path, value in weights_of(exact).items():
        np.testing.assert_allclose(
            value, weights_of(filled)[path], atol=1e-4, err_msg=path
        )


def test_mixed_precision_learns_in_single_precision_weights():
    model = small_model(dtype="mixed_bfloat16")
    history = train(model, batches_of(), epochs=8)
    assert np.isfinite(history.loss).all()
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"]
    assert {weight.dtype for weight in model.weights} == {"float32"}


def test_rows_that_the_model_does_not_take_are_left_aside():
    model = small_model()
    batches = batches_of()
    batches.pad_values["segment_ids"] = 0
    for row in batches.rows:
        row["segment_ids"] = np.zeros_like(row["token_ids"])
    assert len(train(model, batches).loss) == 1


def test_seeded_layers_leave_the_global_generator_alone():
    random.seed(3)
    expected = random.random()
    random.seed(3)
    with seeded(1):
        random.random()
    assert random.random() == expected


def test_frozen_dropout_rests_while_training_and_comes_back():
    model = small_model(dropout=0.5)
    batches = batches_of((8,) * 4, batch_size=4)
    by_hand = loss_by_hand(model, next(iter(batches.epoch(0))))
    history = train(model, batches, freeze=["[td][ar]*"])  # table and drop
    assert history.loss[0] == pytest.approx(by_hand, rel=1e-5)
    assert model.get_layer("drop").rate == 0.5
