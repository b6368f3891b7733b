"""Buckets and the edges they choose."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.data import Buckets
from kewen.data.edges import choose_edges
from kewen.errors import ConfigError, DataError

LENGTHS = st.lists(st.integers(0, 200), min_size=1, max_size=150)
OPTIONS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 40),
        "tokens_per_batch": st.none() | st.integers(208, 3000),
        "max_shapes": st.integers(1, 6),
        "multiple": st.sampled_from([1, 8, 16]),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 5),
    }
)


@settings(max_examples=150, deadline=None)
@given(LENGTHS, OPTIONS, st.integers(0, 3))
def test_every_row_is_in_exactly_one_batch_that_holds_it(lengths, options, epoch):
    buckets = Buckets(lengths, **options)
    plan = buckets.epoch(epoch)
    rows = np.concatenate([rows for rows, _ in plan])
    assert sorted(rows[rows >= 0]) == list(range(len(lengths)))
    for rows, edge in plan:
        assert all(lengths[row] <= edge for row in rows if row >= 0)
        assert rows[0] >= 0


@settings(max_examples=150, deadline=None)
@given(LENGTHS, OPTIONS, st.integers(0, 3))
def test_shapes_are_few_and_known_beforehand(lengths, options, epoch):
    buckets = Buckets(lengths, **options)
    plan = buckets.epoch(epoch)
    assert {(len(rows), edge) for rows, edge in plan} == buckets.shapes
    assert len(buckets.shapes) <= options["max_shapes"]
    assert len({edge for _, edge in buckets.shapes}) == len(buckets.shapes)
    assert len(plan) == len(buckets)
    budget = options["tokens_per_batch"]
    for size, edge in buckets.shapes:
        assert edge % options["multiple"] == 0
        assert (
            size <= options["batch_size"] if budget is None else size * edge <= budget
        )


@settings(max_examples=100, deadline=None)
@given(LENGTHS, OPTIONS, st.integers(0, 3))
def test_at_most_one_batch_an_epoch_has_fillers(lengths, options, epoch):
    plan = Buckets(lengths, **options).epoch(epoch)
    assert sum(bool((rows < 0).any()) for rows, _ in plan) <= 1


@settings(max_examples=100, deadline=None)
@given(LENGTHS, OPTIONS)
def test_padding_share_is_what_the_plan_computes_in_vain(lengths, options):
    buckets = Buckets(lengths, **options)
    cells = sum(len(rows) * edge for rows, edge in buckets.epoch(2))
    assert buckets.padding_share == pytest.approx(1 - sum(lengths) / cells)


def listed(plan) -> list[tuple[list[int], int]]:
    return [(rows.tolist(), edge) for rows, edge in plan]


MANY = np.random.default_rng(0).integers(3, 200, 300)


def test_an_epoch_is_the_same_again_whatever_came_before():
    one, two = (Buckets(MANY, shuffle=True, seed=4) for _ in range(2))
    listed(one.epoch(0))
    assert listed(one.epoch(3)) == listed(two.epoch(3))


def test_epochs_and_seeds_differ_in_rows_and_order():
    plans = [
        listed(Buckets(MANY, shuffle=True, seed=seed).epoch(epoch))
        for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]
    for one, two in combinations(plans, 2):
        assert {tuple(rows) for rows, _ in one} != {tuple(rows) for rows, _ in two}
        assert [edge for _, edge in one] != [edge for _, edge in two]


def test_without_shuffling_the_longest_come_first_and_epochs_are_alike():
    buckets = Buckets(MANY)
    edges = [edge for _, edge in buckets.epoch(0)]
    assert edges == sorted(edges, reverse=True)
    assert listed(buckets.epoch(0)) == listed(buckets.epoch(5))


def test_buckets_compute_less_than_one_length_for_all():
    assert Buckets(MANY).padding_share < 0.6 * Buckets(MANY, max_shapes=1).padding_share


def test_token_budget_gives_short_rows_larger_batches():
    shapes = sorted(Buckets(MANY, tokens_per_batch=1024).shapes, key=lambda s: s[1])
    sizes = [size for size, _ in shapes]
    assert sizes == [1024 // edge for _, edge in shapes]


@pytest.mark.parametrize(("count", "size"), [(1, 1), (3, 4), (16, 16), (40, 16)])
def test_few_rows_do_not_fill_a_whole_batch(count, size):
    assert Buckets([5] * count).shapes == {(size, 8)}


def test_edges_do_not_pass_the_longest_that_a_model_takes():
    assert Buckets([77, 3], max_length=77).shapes == {(2, 77)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(1, 4))
def test_edges_are_the_best_there_are(lengths, max_shapes):
    array = np.array(lengths)
    rounded = -(-array // 8) * 8
    *shorter, longest = np.unique(rounded)

    def cells(edges) -> int:
        return sum(min(edge for edge in edges if edge >= size) for size in rounded)

    best = min(
        cells((*some, longest))
        for number in range(max_shapes)
        for some in combinations(shorter, number)
    )
    edges = choose_edges(array, max_shapes, 8)
    assert cells(edges) == best and len(edges) <= max_shapes


def test_edges_of_very_many_lengths_are_found_in_bounded_time():
    lengths = np.random.default_rng(0).integers(1, 100_000, 50_000)
    edges = choose_edges(lengths, 6, 1)
    assert len(edges) == 6 and edges[-1] == lengths.max()


@pytest.mark.parametrize(
    ("lengths", "options", "error", "message"),
    [
        ([], {}, DataError, "at least one row"),
        ([3, 90], {"max_length": 77}, DataError, "row 1 with 90"),
        ([90], {"tokens_per_batch": 64}, ConfigError, "Received: 64"),
        ([3], {"batch_size": 0}, ConfigError, "batch_size"),
        ([3], {"shuffle": True, "seed": -1}, ConfigError, "seed"),
    ],
)
def test_impossible_wishes_are_named(lengths, options, error, message):
    with pytest.raises(error, match=message):
        Buckets(lengths, **options)
