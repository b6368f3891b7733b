"""stratified_split."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.data import stratified_split
from kewen.data.permutation import permutation
from kewen.errors import ConfigError, DataError

LABELS = ["a"] * 50 + ["b"] * 30 + ["c"] * 21


@settings(max_examples=50, deadline=None)
@given(
    labels=st.lists(st.sampled_from("abcd"), min_size=40, max_size=120),
    seed=st.integers(0, 99),
)
def test_every_row_is_in_exactly_one_part(labels, seed):
    parts = stratified_split(labels, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    for part in parts:
        assert (np.diff(part) > 0).all()


def test_each_class_is_split_within_one_row_of_its_share():
    for part, share in zip(stratified_split(LABELS), (0.8, 0.1, 0.1), strict=True):
        names, counts = np.unique(np.array(LABELS)[part], return_counts=True)
        wanted = {"a": 50 * share, "b": 30 * share, "c": 21 * share}
        for name, count in zip(names, counts, strict=True):
            assert abs(count - wanted[name]) < 1


def test_ties_go_to_the_part_that_lags():
    # Five of each class: 4 + 0.5 + 0.5. A fixed choice would starve one part.
    sizes = [len(part) for part in stratified_split(np.arange(50) // 5)]
    assert sizes == [40, 5, 5]


def test_split_is_the_same_for_ever():
    # Written down once: a change of NumPy or of ours must not move a row.
    assert permutation(8, 0, 1).tolist() == [7, 4, 5, 1, 6, 2, 0, 3]
    assert stratified_split(LABELS, seed=3)[2].tolist() == [
        15,
        21,
        24,
        33,
        46,
        55,
        63,
        72,
        82,
        91,
    ]


def test_other_seeds_are_other_splits():
    one, two = (stratified_split(LABELS, seed=seed)[0].tolist() for seed in (0, 1))
    assert one != two


@pytest.mark.parametrize("fractions", [(0.8, 0.1), (1.2, -0.2), ()])
def test_fractions_that_do_not_add_up_are_refused(fractions):
    with pytest.raises(ConfigError, match="add up to 1"):
        stratified_split(LABELS, fractions)


def test_too_few_rows_for_a_part_is_a_data_error():
    with pytest.raises(DataError, match="one part would be empty"):
        stratified_split(["a", "b"])


def test_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="Received: -1"):
        stratified_split(LABELS, seed=-1)
