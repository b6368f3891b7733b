"""Gibbs sampling on joint laws that can be written out."""

import itertools

import numpy as np
from toy_chain import fits
from toy_edits import stationary

from kewen.decoding.mcmc import (
    Cooling,
    Editable,
    Gibbs,
    Proposal,
    by_masked_model,
    sample,
)

V, LENGTH, MASK = 3, 3, 3
JOINT = np.random.default_rng(8).gamma(0.7, size=(V,) * LENGTH)
JOINT /= JOINT.sum()
STATES = list(itertools.product(range(V), repeat=LENGTH))


def of_joint(joint):
    """A masked language model whose laws are those of a joint law: (N, L, V + 1)."""

    def mlm(token_ids, padding_mask):
        found = np.full((*token_ids.shape, V + 1), -np.inf)
        for row, ids in enumerate(token_ids):
            for hole in np.flatnonzero(ids[:LENGTH] == MASK):
                index = list(ids[:LENGTH])
                index[hole] = slice(None)
                found[row, hole, :V] = np.log(joint[tuple(index)])
        return found

    return mlm


def kernel(joint):
    return Gibbs(Proposal(by_masked_model(of_joint(joint), MASK), banned=[MASK]))


def counted(chains):
    counts = {}
    for chain in chains:
        counts[chain.text.ids] = counts.get(chain.text.ids, 0) + 1
    return counts


def test_the_kernel_keeps_the_joint_law():
    proposal = Proposal(by_masked_model(of_joint(JOINT), MASK), banned=[MASK])
    matrix = np.zeros((len(STATES), len(STATES)))
    for n, ids in enumerate(STATES):
        for hole in range(LENGTH):
            (law,) = proposal([(ids[:hole], ids[hole + 1 :])])
            for token in range(V):
                m = STATES.index((*ids[:hole], token, *ids[hole + 1 :]))
                matrix[n, m] += np.exp(law[token]) / LENGTH
    law = JOINT.ravel()
    assert np.abs(stationary(matrix) - law).sum() / 2 < 1e-10
    flow = law[:, None] * matrix
    assert np.abs(flow - flow.T).max() < 1e-15


def test_chains_draw_from_the_joint_law():
    starts = [Editable.of([0, 1, 2])] * 2500
    chains = sample(kernel(JOINT), starts, 50, seed=3)
    law = {ids: JOINT[ids] for ids in STATES}
    assert fits(counted(chains), law, len(chains))


def test_of_independent_tokens_each_place_has_its_own_law():
    laws = np.random.default_rng(1).dirichlet(np.ones(V), size=LENGTH)
    joint = np.einsum("a,b,c->abc", *laws)
    chains = sample(kernel(joint), [Editable.of([1, 1, 1])] * 1500, 40, seed=9)
    for place in range(LENGTH):
        counts = {}
        for chain in chains:
            key = (chain.text.ids[place],)
            counts[key] = counts.get(key, 0) + 1
        assert fits(counts, {(t,): laws[place, t] for t in range(V)}, len(chains))


def test_one_step_changes_an_evenly_chosen_free_token():
    start = Editable.of([0, 1, 2], frozen=[(1, 2)])
    events = [chain.events[0] for chain in sample(kernel(JOINT), [start] * 3000, 1)]
    counts = {}
    for event in events:
        assert event.accepted
        assert event.text == start.edited(event.move)
        key = (event.move.position, event.move.new)
        counts[key] = counts.get(key, 0) + 1
    first = JOINT[:, 1, 2] / JOINT[:, 1, 2].sum()
    last = JOINT[0, 1] / JOINT[0, 1].sum()
    law = {(0, t): first[t] / 2 for t in range(V)}
    law |= {(2, t): last[t] / 2 for t in range(V)}
    assert fits(counts, law, len(events))


def test_cooled_to_0_it_ends_where_no_single_token_is_better():
    def temperature(step):
        return max(1 - step / 60, 0)

    starts = [Editable.of([0, 0, 0])] * 5
    for chain in sample(kernel(JOINT), starts, 120, temperature=temperature):
        ids = chain.text.ids
        for place in range(LENGTH):
            index = list(ids)
            index[place] = slice(None)
            assert JOINT[tuple(index)].argmax() == ids[place]


def test_frozen_alone_there_is_nothing_to_move():
    start = Editable.of([0, 1, 2], frozen=[(0, 3)])
    (chain,) = sample(kernel(JOINT), [start], 4, temperature=Cooling(2.0, 1.0, 4))
    assert [event.move for event in chain.events] == [None] * 4
    assert chain.text == start


def test_who_else_is_in_the_batch_does_not_change_a_chain():
    starts = [Editable.of([0, 1, 2]), Editable.of([2, 2, 0], [(0, 1)])]
    together = sample(kernel(JOINT), starts, 30, seed=2)
    assert together == [sample(kernel(JOINT), [s], 30, seed=2)[0] for s in starts]
