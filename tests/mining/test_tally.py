"""Sums are exact, and where words are dropped the stated bounds hold, on any data."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kewen.errors import ConfigError
from kewen.mining.tally import Tally

PARTS = st.lists(
    st.dictionaries(st.integers(0, 40), st.integers(1, 30), max_size=12), max_size=30
)


def counted(parts, most):
    tally = Tally(most)
    for part in parts:
        tally.add(part)
    return tally


def check_bounds(parts, most):
    truth = Counter()
    for part in parts:
        truth.update(part)
    tally = counted(parts, most)
    kept = tally.kept()
    assert len(kept) <= most
    assert tally.total == truth.total()
    assert tally.error_bound * (most + 1) <= truth.total()
    for word, count in truth.items():
        least, highest = tally.bounds(word)
        assert least <= count <= highest
        assert highest - least <= tally.error_bound
        assert least == kept.get(word, 0)
    return tally, truth


@given(PARTS, st.integers(1, 20))
def test_the_bounds_hold_on_any_data(parts, most):
    check_bounds(parts, most)


def test_the_bounds_hold_where_every_word_is_dropped_before_it_returns():
    # What a rule that only drops the rare would lose without end.
    parts = [{number % 7: 3} for number in range(700)]
    tally, _ = check_bounds(parts, most=2)
    assert tally.error_bound > 0


def test_the_bounds_hold_where_the_frequent_words_come_last():
    rng = np.random.default_rng(0)
    singles = [{int(n): 1} for n in range(5000)]
    frequent = [{-int(n): 1} for n in rng.zipf(1.5, 5000) if n < 1e9]
    tally, truth = check_bounds(singles + frequent, most=100)
    kept = tally.kept()
    assert max(kept, key=kept.__getitem__) == truth.most_common(1)[0][0] == -1


def test_words_that_stay_from_the_start_keep_their_exact_counts():
    parts = [{"的": 100}, *({f"rare {n}": 1, "的": 1} for n in range(1000))]
    tally = counted(parts, most=10)
    assert tally.error_bound > 0
    assert tally.bounds("的") == (1100, 1100)


def test_the_bound_is_reached_so_it_cannot_be_lower():
    # m + 1 words, equally often: one must go with all that it had.
    tally, truth = check_bounds([{n: 5} for n in range(4)], most=3)
    assert tally.error_bound == 5 == truth.total() // 4


def test_keeping_nothing_is_refused():
    with pytest.raises(ConfigError, match="Received: 0"):
        Tally(0)
