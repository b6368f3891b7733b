"""Filters keep what their definitions say, and draws follow the law that is left."""

import numpy as np
import pytest
from toy_chain import TABLE, chain, fits, law_of_texts, ruled, sampled, softmax, subsets

from kewen.decoding import MinP, Temperature, TopK, TopP, Typical, in_usual_order
from kewen.errors import ConfigError

FORBIDDEN = -np.inf


def keep(scores, kept):
    return np.where(kept, scores, FORBIDDEN)


def best_first(scores, goodness, mass):
    """The fewest of the best whose probabilities sum up to mass; ties all."""
    law = softmax(scores)
    total, last = 0.0, FORBIDDEN
    for token in np.argsort(-goodness, kind="stable"):
        last = goodness[token]
        total += law[token]
        if total >= mass:
            break
    return keep(scores, goodness >= last)


def nearest_to_entropy(scores, mass):
    law = softmax(scores)
    log_law = np.log(np.where(law > 0, law, 1.0))
    entropy = -(law * log_law).sum()
    near = np.where(law > 0, -np.abs(log_law + entropy), FORBIDDEN)
    return best_first(scores, near, mass)


FILTERS = [
    (Temperature(0.7), lambda s, *_: s / 0.7),
    (TopK(4), lambda s, *_: keep(s, s >= np.sort(s)[-4])),
    (TopP(0.8), lambda s, *_: best_first(s, s, 0.8)),
    (MinP(0.08), lambda s, *_: keep(s, softmax(s) >= 0.08 * softmax(s).max())),
    (Typical(0.85), lambda s, *_: nearest_to_entropy(s, 0.85)),
]


# Of each number of filters there are programs in the plain run: none, one, two, all.
COMBINATIONS = [
    pytest.param(pairs, marks=pytest.mark.slow if len(pairs) in (3, 4) else ())
    for pairs in subsets(FILTERS)
]


@pytest.mark.parametrize("pairs", COMBINATIONS, ids=len)
def test_draws_follow_the_renormalised_law_of_every_combination(pairs):
    rules = [rule for rule, _ in pairs]
    law = law_of_texts(1, [plain for _, plain in pairs], prompt=(2,))
    assert fits(sampled(chain(), rules, 1500, 1, prompt=(2,)), law, 1500)


@pytest.mark.parametrize("pair", FILTERS, ids=lambda pair: type(pair[0]).__name__)
@pytest.mark.parametrize("size", [5, 700])
def test_a_filter_keeps_what_its_definition_says(pair, size):
    rule, plain = pair
    scores = np.random.default_rng(size).normal(size=(9, size)) * 3
    scores = scores.astype("float32")
    scores[:, 3] = FORBIDDEN
    got = ruled(rule, scores, [[1]] * 9)
    wanted = [plain(row.astype("float64")) for row in scores]
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(wanted))
    seen = np.isfinite(got)
    np.testing.assert_allclose(got[seen], np.array(wanted)[seen], rtol=1e-6)


@pytest.mark.parametrize("rule", [TopK(1), TopP(1e-300), MinP(1.0)], ids=repr)
def test_the_strictest_filter_keeps_the_best_and_its_equals(rule):
    scores = np.array([[0.5, 2.0, -1.0, 2.0], [3.0, -2.0, 0.0, 1.0]])
    got = np.isfinite(ruled(rule, scores, [[1], [1]]))
    np.testing.assert_array_equal(got, [[0, 1, 0, 1], [1, 0, 0, 0]])


def test_the_least_typical_mass_keeps_the_most_typical_token():
    scores = np.array([[0.5, 2.0, -1.0, 1.9]])
    kept = np.isfinite(ruled(Typical(1e-300), scores, [[1]]))
    wanted = nearest_to_entropy(scores[0], 1e-300)
    np.testing.assert_array_equal(kept[0], np.isfinite(wanted))


@pytest.mark.parametrize("rule", [TopK(4), TopP(1.0), Typical(1.0)], ids=repr)
def test_the_loosest_filter_keeps_all(rule):
    scores = np.array([[0.5, 80.0, -40.0, 2.0]])  # exp(-120) is 0 in float32
    assert np.isfinite(ruled(rule, scores, [[1]])).all()


@pytest.mark.parametrize("rule", [pair[0] for pair in FILTERS], ids=repr)
def test_what_is_all_forbidden_stays_so(rule):
    got = ruled(rule, np.full((1, 4), FORBIDDEN), [[1]])
    assert (got == FORBIDDEN).all()


def test_the_usual_order_is_penalties_bans_temperature_filters():
    from kewen.decoding import BadWords, MinLength, RepetitionPenalty

    rules = [
        TopP(0.9),
        Temperature(0.5),
        TopK(3),
        MinLength(2, [5]),
        BadWords([[1]]),
        RepetitionPenalty(1.2),
    ]
    names = [type(rule).__name__ for rule in in_usual_order(rules)]
    assert names == [
        "RepetitionPenalty",
        "BadWords",
        "MinLength",
        "Temperature",
        "TopK",
        "TopP",
    ]


def test_the_order_that_is_given_is_kept():
    """Warm first or cut first: not the same law."""
    warm, cut = Temperature(3.0), TopP(0.6)
    scores = TABLE[1][None]
    one = ruled(cut, ruled(warm, scores, [[1]]), [[1]])
    other = ruled(warm, ruled(cut, scores, [[1]]), [[1]])
    assert np.isfinite(one).sum() != np.isfinite(other).sum()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Temperature(0.0),
        lambda: Temperature(-1.0),
        lambda: Temperature(float("nan")),
        lambda: TopK(0),
        lambda: TopK(True),
        lambda: TopP(0.0),
        lambda: TopP(1.1),
        lambda: MinP(-0.1),
        lambda: Typical(0.0),
    ],
)
def test_a_number_that_cannot_be_is_refused(make):
    with pytest.raises(ConfigError, match="Received"):
        make()
