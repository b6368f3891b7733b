"""A rule for each place: what plain Python allows, and what cannot be."""

import itertools

import numpy as np
import pytest
from toy_chain import ruled

from kewen.decoding import Places
from kewen.decoding.rules.places import ANY, NEW
from kewen.errors import ConfigError

SETS = np.array([[1, 1, 1, 1, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 1]], bool)


def allowed_by_hand(sets, places, novelty, own):
    """What may come after the generated tokens, told in plain Python."""
    now = min(len(own), len(places) - 1)
    allowed = set(np.flatnonzero(sets[places[now]]))
    old = set()
    if novelty[now] != ANY:
        old |= {b for a, b in itertools.pairwise(own) if a == own[-1]}
    if novelty[now] == NEW:
        last = len(novelty) - 1
        old |= {t for n, t in enumerate(own) if novelty[min(n, last)] == NEW}
    return (allowed - old) or allowed


def test_every_row_is_allowed_what_plain_python_allows():
    luck = np.random.default_rng(0)
    rows, v = 100, 6
    for _ in range(10):
        sets = luck.random((4, v)) < 0.5
        sets[:, 0] = True
        places, novelty = luck.integers(0, 4, 7), luck.integers(0, 3, 7)
        texts = [
            luck.integers(0, v, luck.integers(1, 12)).tolist() for _ in range(rows)
        ]
        counts = [int(luck.integers(0, len(text) + 1)) for text in texts]
        scores = np.zeros((rows, v))
        found = ruled(Places(sets, places, novelty), scores, texts, counts) > -np.inf
        for text, count, row in zip(texts, counts, found, strict=True):
            own = text[len(text) - count :]
            wanted = allowed_by_hand(sets, places, novelty, own)
            assert set(np.flatnonzero(row)) == wanted


@pytest.mark.parametrize(
    ("sets", "places", "novelty"),
    [
        (np.zeros((1, 5), bool), [0], [ANY]),  # nothing may come
        (SETS, [0, 3], [ANY, ANY]),  # no such set
        (SETS, [-1], [ANY]),
        (SETS, [], []),
        (SETS, [0, 1], [ANY]),
        (SETS[0], [0], [ANY]),
    ],
)
def test_places_that_cannot_be_are_refused(sets, places, novelty):
    with pytest.raises(ConfigError, match="Received"):
        Places(sets, places, novelty)
