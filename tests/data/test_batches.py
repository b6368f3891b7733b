"""Batches: what the plan says, as arrays."""

import numpy as np
import pytest

from kewen.data import Batches
from kewen.errors import ConfigError, DataError, ShapeError

RNG = np.random.default_rng(0)


def made_rows(count: int) -> list[dict[str, np.ndarray]]:
    """Row n holds the number n + 1 in every place, and offsets that no model takes."""
    sizes = RNG.integers(1, 40, count)
    return [
        {
            "token_ids": np.full(size, n + 1, np.int32),
            "segment_ids": np.zeros(size, np.int32),
            "padding_mask": np.ones(size, bool),
            "offsets": np.zeros((size, 2), np.int32),
        }
        for n, size in enumerate(sizes)
    ]


ROWS = made_rows(53)
LABELS = np.arange(53) * 10


def batches(**options) -> Batches:
    return Batches(ROWS, labels=LABELS, **({"batch_size": 8} | options))


@pytest.mark.parametrize("shuffle", [False, True])
def test_each_line_is_the_row_that_its_index_says(shuffle):
    for batch in batches(shuffle=shuffle).epoch(1):
        for line, index in enumerate(batch.indices):
            row = ROWS[index if index >= 0 else batch.indices[0]]
            size = len(row["token_ids"])
            ids = batch.inputs["token_ids"][line]
            assert (ids[:size] == row["token_ids"]).all() and not ids[size:].any()
            assert batch.inputs["padding_mask"][line].sum() == size


def test_fillers_weigh_nothing_and_rows_weigh_one():
    for batch in batches().epoch():
        assert batch.weights.tolist() == (batch.indices >= 0).astype(float).tolist()
    assert any((batch.indices == -1).any() for batch in batches().epoch())


def test_fillers_repeat_the_first_line():
    (batch,) = (b for b in batches().epoch() if (b.indices == -1).any())
    filler = batch.indices == -1
    assert (batch.inputs["token_ids"][filler] == batch.inputs["token_ids"][0]).all()
    assert (batch.labels[filler] == batch.labels[0]).all()


def test_labels_and_weights_follow_their_rows():
    weights = np.linspace(0.5, 2, 53)
    for batch in batches(weights=weights, shuffle=True).epoch():
        real = batch.indices >= 0
        assert (batch.labels[real] == LABELS[batch.indices[real]]).all()
        np.testing.assert_allclose(
            batch.weights[real], weights[batch.indices[real]], rtol=1e-6
        )


def test_dtypes_are_those_of_the_contract():
    batch = next(batches().epoch())
    assert batch.labels.dtype == "int32" and batch.weights.dtype == "float32"
    assert {key: a.dtype.name for key, a in batch.inputs.items()} == {
        "token_ids": "int32",
        "segment_ids": "int32",
        "padding_mask": "bool",
    }


def test_labels_are_optional():
    assert next(Batches(ROWS).epoch()).labels is None


def test_padding_takes_the_tokenizers_id_and_side():
    for batch in batches(pad_ids={"token_ids": 99}, padding_side="left").epoch():
        real = batch.inputs["padding_mask"]
        assert (batch.inputs["token_ids"][~real] == 99).all()
        assert real[:, -1].all()


def test_shapes_steps_and_rows_are_known_beforehand():
    made = batches(tokens_per_batch=200, shuffle=True)
    epoch = list(made.epoch(2))
    assert {b.inputs["token_ids"].shape for b in epoch} == made.shapes
    assert len(epoch) == len(made) and made.num_rows == 53
    assert 0 < made.padding_share < 0.5


@pytest.mark.parametrize("start", [0, 3, None])
def test_restarted_epoch_gives_the_same_tail(start):
    made = batches(shuffle=True, seed=2)
    start = len(made) if start is None else start
    whole = [b.indices.tolist() for b in made.epoch(4)]
    tail = [
        b.indices.tolist()
        for b in batches(shuffle=True, seed=2).epoch(4, start_step=start)
    ]
    assert tail == whole[start:]


def test_start_beyond_the_epoch_is_refused():
    with pytest.raises(ConfigError, match="Received: 99"):
        batches().epoch(0, start_step=99)


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        ([], {}, DataError, "at least one row"),
        (ROWS, {"labels": [1, 2]}, ShapeError, "labels must be"),
        (ROWS, {"weights": [1.0]}, ShapeError, "weights must be"),
        ([{"ids": np.arange(3)}], {}, ShapeError, "Received: ids"),
    ],
)
def test_what_does_not_fit_is_named(rows, options, error, message):
    with pytest.raises(error, match=message):
        Batches(rows, **options)
