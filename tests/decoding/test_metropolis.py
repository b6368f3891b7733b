"""The kernel of CGMH on a space that can be written out, and its chains."""

import numpy as np
import pytest
from toy_chain import fits
from toy_edits import (
    END,
    START,
    TABLE,
    A,
    B,
    C,
    bigram,
    distance,
    kernel_matrix,
    law_of_ids,
    law_of_weights,
    masked,
    space,
    stationary,
)

from kewen.decoding.mcmc import (
    Contains,
    Cooling,
    Editable,
    Fluency,
    Length,
    MetropolisHastings,
    Proposal,
    Similarity,
    Target,
    by_language_model,
    by_masked_model,
    by_whole_texts,
    sample,
)
from kewen.errors import ConfigError, DataError, ShapeError

BANNED = (START, END)
FLUENT = Fluency(bigram, 0.8, before=[START], after=[END])
ALL = Proposal(by_language_model(bigram, before=[START]), banned=BANNED)
WORDS = {0: [], 1: [(B,)], 2: [(A, B), (B,)]}  # their tokens come free as well


def kernel(words, most, proposal=ALL, shares=(1 / 3, 1 / 3, 1 / 3), target=FLUENT):
    longest = most + sum(map(len, words))
    return MetropolisHastings(
        Target(target, Length(0, longest)),
        proposal,
        insert=shares[0],
        delete=shares[1],
        replace=shares[2],
    )


PROPOSALS = {
    "left": ALL,
    "both sides": Proposal(by_masked_model(masked, START), banned=BANNED),
    "whole texts": Proposal(by_whole_texts(ALL, FLUENT)),
    "best 2, mixed": Proposal(
        by_language_model(bigram, before=[START]),
        top_k=2,
        banned=BANNED,
        uniform=0.05,
    ),
}


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
@pytest.mark.parametrize("shares", [(1 / 3, 1 / 3, 1 / 3), (0.5, 0.2, 0.3)])
@pytest.mark.parametrize("count", WORDS)
def test_the_stationary_law_is_the_target(count, shares, proposal):
    words = WORDS[count]
    states = space(words, 4 - count)
    own = kernel(words, 4 - count, proposal, shares)
    matrix, weights = kernel_matrix(own, proposal, states, shares)
    wanted = law_of_weights({s.ids: w for s, w in zip(states, weights, strict=True)})
    found = law_of_ids(states, stationary(matrix))
    assert distance(found, wanted) < 1e-10
    # Entry by entry, of the law of texts whose frozen words are marked.
    law = np.array([wanted[s.ids] / s.placements for s in states])
    flow = law[:, None] * matrix
    assert np.abs(flow - flow.T).max() < 1e-15


@pytest.mark.parametrize("temperature", [0.3, 2.0])
def test_at_a_temperature_the_law_is_the_targets_power(temperature):
    states = space(WORDS[1], 3)
    own = kernel(WORDS[1], 3)

    def acceptance(text, move, law, gain):
        return own.log_acceptance(text, move, law, gain, temperature)

    shares = (1 / 3, 1 / 3, 1 / 3)
    matrix, weights = kernel_matrix(own, ALL, states, shares, acceptance)
    wanted = law_of_weights(
        {s.ids: w / temperature for s, w in zip(states, weights, strict=True)}
    )
    assert distance(law_of_ids(states, stationary(matrix)), wanted) < 1e-10


def test_the_ratios_as_published_miss_the_target_where_a_word_is_frozen():
    """Without the choice of the place: what the correction is for."""
    words, shares = [(END,)], (1 / 3, 1 / 3, 1 / 3)  # a word that never comes free
    states = space(words, 4)
    own = kernel(words, 4)

    def as_published(text, move, law, gain):
        ratio = {
            "insert": lambda: -law[move.new],
            "delete": lambda: law[move.old],
            "replace": lambda: law[move.old] - law[move.new],
        }[move.kind]()
        return min(0.0, gain + ratio)

    matrix, weights = kernel_matrix(own, ALL, states, shares, as_published)
    wanted = law_of_weights({s.ids: w for s, w in zip(states, weights, strict=True)})
    assert distance(law_of_ids(states, stationary(matrix)), wanted) > 0.05
    matrix, _ = kernel_matrix(own, ALL, states, shares)
    assert distance(law_of_ids(states, stationary(matrix)), wanted) < 1e-10


def test_with_the_best_tokens_only_the_law_is_the_targets_on_what_is_reached():
    proposal = Proposal(
        by_language_model(bigram, before=[START]), top_k=2, banned=BANNED
    )
    shares = (0.3, 0.3, 0.4)
    states = space([], 4)
    own = kernel([], 4, proposal, shares)
    matrix, weights = kernel_matrix(own, proposal, states, shares)
    reached = np.linalg.matrix_power(matrix, 64)[0] > 0  # from the empty text
    assert 1 < reached.sum() < len(states)
    wanted = law_of_weights(
        {s.ids: w for s, w, r in zip(states, weights, reached, strict=True) if r}
    )
    part = [s for s, r in zip(states, reached, strict=True) if r]
    found = law_of_ids(part, stationary(matrix[reached][:, reached]))
    assert distance(found, wanted) < 1e-10


def test_a_replacement_by_the_targets_own_law_is_always_accepted():
    fluent = Fluency(bigram, 1.0, before=[START], after=[END])
    proposal = Proposal(by_whole_texts(ALL, fluent))
    own = MetropolisHastings(fluent, proposal, insert=0, delete=0, replace=1)
    chains = sample(own, [Editable.of([A, C, B, B])] * 3, 60, seed=2)
    for chain in chains:
        assert max(abs(event.log_acceptance) for event in chain.events) < 1e-12
        assert chain.acceptance_rate > 0.98  # what rounding leaves


@pytest.mark.parametrize("count", WORDS)
def test_chains_draw_from_the_target(count):
    """Frequencies of independent chains after many steps, by chi-square."""
    words = WORDS[count]
    own = kernel(words, 2, shares=(0.4, 0.4, 0.2))
    states = space(words, 2)
    weights = own.weigh(states)
    law = law_of_weights({s.ids: w for s, w in zip(states, weights, strict=True)})
    chains = sample(own, [Editable.of_words(words)] * 1500, 60, seed=5)
    counts = {}
    for chain in chains:
        counts[chain.text.ids] = counts.get(chain.text.ids, 0) + 1
    assert fits(counts, law, len(chains))


def test_one_step_moves_as_its_kernel_says():
    shares = (0.3, 0.3, 0.4)
    words = WORDS[2]
    own = kernel(words, 2, shares=shares)
    states = space(words, 2)
    matrix, _ = kernel_matrix(own, ALL, states, shares)
    start = states[30]
    law = {s: p for s, p in zip(states, matrix[30], strict=True) if p > 0}
    counts = {}
    for chain in sample(own, [start] * 6000, 1, seed=1):
        counts[chain.text] = counts.get(chain.text, 0) + 1
    numbers = {state: n for n, state in enumerate(law)}
    assert fits(
        {(numbers[state],): n for state, n in counts.items()},
        {(numbers[state],): p for state, p in law.items()},
        6000,
    )


def test_frozen_words_are_in_every_text_of_a_long_run():
    words = [(A, B, C), (C, C)]
    own = kernel(words, 6)
    (chain,) = sample(own, [Editable.of_words(words)], 2000, seed=3)
    texts = {event.text for event in chain.events}
    assert len(texts) > 100
    for text in texts:
        for number, word in enumerate(words, 1):
            places = [i for i, mark in enumerate(text.words) if mark == number]
            assert tuple(text.ids[i] for i in places) == word
            assert places == list(range(places[0], places[0] + len(word)))


def test_annealing_finds_the_best_text():
    states = space([], 4)
    own = kernel([], 4)
    best = states[own.weigh(states).argmax()]
    chains = sample(
        own, [Editable.of([])] * 10, 400, seed=1, temperature=Cooling(3.0, 0.02, 400)
    )
    assert [chain.text.ids for chain in chains] == [best.ids] * 10
    assert {chain.best.ids for chain in chains} == {best.ids}


def test_at_temperature_0_no_step_goes_down():
    own = kernel([], 5)
    for chain in sample(own, [Editable.of([A, B])] * 5, 100, seed=2, temperature=0):
        weights = [chain.start_weight, *(event.weight for event in chain.events)]
        assert (np.diff(weights) >= 0).all()


STARTS = [
    Editable.of_words([(A, B), (C,)]),
    Editable.of([A, A, B, C], frozen=[(1, 3)]),
    Editable.of([]),
    Editable.of([]),
]


def test_who_else_is_in_the_batch_does_not_change_a_chain():
    own = kernel([], 8, PROPOSALS["both sides"])
    together = sample(own, STARTS, 80, seed=4)
    alone = [sample(own, [start], 80, seed=4)[0] for start in STARTS[:3]]
    assert together[:3] == alone
    assert sample(own, STARTS[::-1], 80, seed=4)[2:] == together[1::-1]
    assert together[2] != together[3], "equal starts are different draws"


def test_a_seed_gives_the_same_chains_and_another_seed_others():
    own = kernel([], 8)
    assert sample(own, STARTS, 40, seed=1) == sample(own, STARTS, 40, seed=1)
    assert sample(own, STARTS, 40, seed=1) != sample(own, STARTS, 40, seed=2)


def test_each_model_is_asked_once_a_step_for_all_chains():
    calls = {"lm": [], "mlm": []}

    def lm(token_ids, padding_mask):
        calls["lm"].append(len(token_ids))
        return bigram(token_ids, padding_mask)

    def mlm(token_ids, padding_mask):
        calls["mlm"].append(len(token_ids))
        return masked(token_ids, padding_mask)

    own = MetropolisHastings(
        Fluency(lm, before=[START]), Proposal(by_masked_model(mlm, END), banned=BANNED)
    )
    sample(own, STARTS, 12)
    assert calls == {"lm": [4] * 13, "mlm": [4] * 12}  # the first lm call: the starts


def test_a_story_can_be_followed():
    own = kernel([(B,)], 3)
    (chain,) = sample(own, [Editable.of_words([(B,)])], 30, seed=6)
    text = chain.start
    for event, line in zip(chain.events, chain.story("abc__".__getitem__), strict=True):
        if event.move is None:
            assert "nothing to move" in line
        else:
            after = text.edited(event.move)
            assert event.text == (after if event.accepted else text)
            assert f"{event.move.kind:7} at {event.move.position}: " in line
            assert ("accepted" if event.accepted else "rejected") in line
        assert line.endswith(": " + " ".join("abc"[i] for i in event.text.ids))
        assert own.weigh([event.text])[0] == event.weight
        text = event.text
    assert chain.text == text
    moves = {event.move.kind for event in chain.events if event.move}
    assert moves == {"insert", "delete", "replace"}


def test_fluency_is_the_sum_of_log_probabilities():
    log_laws = TABLE - np.log(np.exp(TABLE).sum(axis=1, keepdims=True))
    wanted = 0.8 * (log_laws[START, B] + log_laws[B, A] + log_laws[A, END])
    np.testing.assert_allclose(FLUENT([(B, A), (), (C,) * 70])[0], wanted, rtol=1e-12)


def test_terms_say_what_they_are_for():
    texts = [(A, B, C), (A, C), (), (B, C, A, B, C)]
    np.testing.assert_array_equal(Contains([[B, C]])(texts), [0, -np.inf, -np.inf, 0])
    np.testing.assert_array_equal(
        Contains([[B, C], [A]], 2.0)(texts), [0, -2.0, -4.0, 0]
    )
    np.testing.assert_array_equal(Length(1, 3)(texts), [0, 0, -np.inf, -np.inf])
    np.testing.assert_array_equal(Length(1, 3, 0.5)(texts), [0, 0, -0.5, -1.0])

    def encode(token_ids, padding_mask):
        own = np.eye(5)[token_ids] * padding_mask[:, :, None]
        return own.sum(axis=1)

    near = Similarity(encode, [A, B, C], 3.0, before=[START])
    wanted = 3 * np.array([1.0, 3 / np.sqrt(12), 1 / 2, 6 / np.sqrt(40)])
    np.testing.assert_allclose(near(texts), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "text", [Editable.of([B, B, A]), Editable.of([B, B, B, A], [(1, 2), (2, 3)])]
)
def test_placements_are_counted_as_by_trying_all(text):
    words = WORDS[1] * max(text.words)
    same = [s for s in space(words, 4) if s.ids == text.ids] if words else [text]
    assert text.placements == len(same)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: kernel([], 2, shares=(0.5, 0.5, 0.5)), ConfigError, "sum up to 1"),
        (lambda: kernel([], 2, shares=(0.5, 0, 0.5)), ConfigError, "be able to go"),
        (lambda: Fluency(bigram, before=[]), ConfigError, "start token"),
        (lambda: by_language_model(bigram, before=[]), ConfigError, "start token"),
        (lambda: Length(3, 2), ConfigError, "3 to 2"),
        (lambda: Cooling(1.0, 0.0, 5), ConfigError, "above 0"),
        (
            lambda: Proposal(ALL, top_k=0),
            ConfigError,
            "top_k must be a whole",
        ),
        (lambda: Editable.of([A, B], [(0, 3)]), DataError, "text of 2 tokens"),
        (lambda: Editable.of([A, B], [(0, 2), (1, 2)]), DataError, "apart"),
        (
            lambda: sample(kernel([], 1), [Editable.of([A, B])], 3),
            DataError,
            "allows. Received: a start of weight 0, number 0",
        ),
        (lambda: sample(kernel([], 1), [], -1), ConfigError, "steps must be"),
        (
            lambda: sample(kernel([], 2), [Editable.of([A])], 3, temperature=-1.0),
            ConfigError,
            "temperature",
        ),
        (lambda: Target(lambda texts: [np.nan] * len(texts))([()]), DataError, "nan"),
        (
            lambda: Proposal(lambda contexts: TABLE[:1], banned=range(5))([((), ())]),
            DataError,
            "0 tokens",
        ),
        (
            lambda: Proposal(lambda contexts: TABLE[:1] * np.nan)([((), ())]),
            DataError,
            "nan",
        ),
        (
            lambda: Fluency(lambda ids, mask: TABLE[:2], before=[START])([(A,)]),
            ShapeError,
            r"must answer \(N, L, V\) numbers, of 1 texts",
        ),
        (
            lambda: Fluency(
                lambda ids, mask: np.zeros((*ids.shape, 4)), before=[START]
            )([(A, 99)]),
            DataError,
            "from 0 to 3, which the model scores. Received: 99",
        ),
        (
            lambda: Fluency(
                lambda ids, mask: np.zeros((*ids.shape, 4)), before=[START]
            )([(2**31,)]),
            DataError,
            "must fit in int32",
        ),
        (
            lambda: Fluency(
                lambda ids, mask: np.zeros((*ids.shape, 0)), before=[START]
            )([(A,)]),
            ShapeError,
            r"Received: shape \(1, 8, 0\)",
        ),
        (
            lambda: sample(
                MetropolisHastings(
                    Target(Length(1, 3)),
                    Proposal(lambda contexts: np.zeros((len(contexts), 5))),
                ),
                [Editable.of([99])],
                20,
            ),
            DataError,
            "that the proposal knows, from 0 to 4. Received: 99",
        ),
        (
            lambda: Similarity(lambda ids, mask: TABLE[ids], [A], 1.0),
            ShapeError,
            r"must answer \(N, C\)",
        ),
        (lambda: kernel([], 2, shares=("a", 0, 1)), ConfigError, "insert must be"),
        (lambda: sample(kernel([], 2), [[0, 1]], 5), ConfigError, "Editable texts"),
        (lambda: sample(kernel([], 2), Editable.of([A]), 5), ConfigError, "Editable"),
        (
            lambda: sample(kernel([], 2), [Editable.of([A])], 3, temperature="1"),
            ConfigError,
            "temperature must be at least 0. Received: '1'",
        ),
        (lambda: Cooling(float("inf"), 1.0, 5), ConfigError, "first must be a finite"),
        (lambda: Cooling(2.0, 1.0, 1), ConfigError, "steps must be"),
        (lambda: Editable.of([A, -1]), DataError, "0 or more"),
    ],
)
def test_what_cannot_be_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_a_chain_with_nothing_to_move_stays():
    own = MetropolisHastings(FLUENT, ALL, insert=0, delete=0, replace=1)
    (chain,) = sample(own, [Editable.of_words([(A, B)])], 5)
    assert chain.text == chain.start
    assert [event.move for event in chain.events] == [None] * 5
    assert sample(own, [], 5) == []
