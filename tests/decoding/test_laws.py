"""The engine against enumeration: beams, sums of probabilities, groups, seeds."""

import itertools
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from toy_chain import END, TABLE, V, chain, law_of_texts, softmax

from kewen.decoding import (
    Beams,
    Decoder,
    Paths,
    Rescoring,
    Temperature,
    TopP,
    continuous,
)
from kewen.errors import ConfigError, DataError


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.5])
def test_beams_as_wide_as_all_beginnings_find_what_enumeration_finds(penalty):
    """Two go on from each beginning, so 8 beams hold all of up to 3 tokens."""
    table = np.full((20, 20), -np.inf, "float32")
    table[:, [0, 1, END]] = np.random.default_rng(2).normal(size=(20, 3))
    law = law_of_texts(4, prompt=(1,), table=table[:V, :V], ends=(END,))
    scores = {text: np.log(p) / len(text) ** penalty for text, p in law.items()}
    best = sorted(scores, key=lambda text: -scores[text])[:8]
    strategy = Beams(num_beams=8, length_penalty=penalty, stop="best", end_ids=(END,))
    (texts,) = Decoder(chain(table), strategy)([[1]], 4)
    assert [tuple(text.ids.tolist()) for text in texts] == best
    np.testing.assert_allclose(
        [text.score for text in texts], [scores[text] for text in best], rtol=1e-4
    )


def test_beams_of_full_width_are_all_texts():
    """More beams than ids: those that nothing fills yet wait."""
    law = law_of_texts(3, prompt=(1,), ends=(END,))
    strategy = Beams(num_beams=V**3, length_penalty=0.0, stop="best", end_ids=(END,))
    (texts,) = Decoder(chain(), strategy)([[1]], 3)
    found = {tuple(text.ids.tolist()): np.exp(text.score) for text in texts}
    assert found == pytest.approx(law, rel=1e-4)


@pytest.mark.parametrize("penalty", [-1000.0, 1000.0])
def test_beams_find_texts_whatever_the_length_penalty(penalty):
    (texts,) = Decoder(chain(), Beams(num_beams=3, length_penalty=penalty))([[1]], 3)
    assert np.isfinite([text.score for text in texts]).tolist() == [True] * 3


def test_a_score_of_beams_may_be_far_below_any_sum():
    law = law_of_texts(3, prompt=(1,))
    (texts,) = Decoder(chain(), Beams(num_beams=3, length_penalty=-30.0))([[1]], 3)
    wanted = [np.log(law[tuple(text.ids.tolist())]) * 3.0**30 for text in texts]
    assert [text.score for text in texts] == pytest.approx(wanted, rel=1e-4)
    assert len(texts) == 3


def test_probabilities_of_all_texts_sum_up_to_1():
    """Each of them scored by the engine itself: greedy over what may come only so."""
    from kewen.decoding import Trie

    law = law_of_texts(3, ends=(END,))
    total = 0.0
    step = chain()
    for text in law:
        words = [token for token in text if token != END]
        if not words:  # the end at once
            total += softmax(TABLE[0])[END]
            continue
        count = len(text)
        ((found,),) = Decoder(
            step, Paths(rules=(Trie([words], [END]),), end_ids=(END,))
        )([[0]], count)
        assert tuple(found.ids.tolist()) == text
        total += np.exp(found.score)
    assert total == pytest.approx(1.0, abs=1e-5)


def groups_in_plain_python(table, prompt, beams, groups, diversity, length):
    """Diverse beam search, texts that do not end: the best of each group."""
    log_law = np.log([softmax(row) for row in table])
    each = beams // groups
    living: list[Any] = [[((), 0.0)] for _ in range(groups)]
    for _ in range(length):
        used = np.zeros(len(table))
        for group in range(groups):
            found = [
                ((*text, token), total + log_law[(*prompt, *text)[-1], token], token)
                for text, total in living[group]
                for token in range(len(table))
            ]
            found.sort(key=lambda each: -(each[1] - diversity * used[each[2]]))
            living[group] = [
                (text, total - diversity * used[token])
                for text, total, token in found[:each]
            ]
            for text, _ in living[group]:
                used[text[-1]] += 1
    return [pair for group in living for pair in group]


@pytest.mark.parametrize(("beams", "groups"), [(2, 2), (3, 3), (3, 1)])
def test_groups_are_diverse_as_in_plain_python(beams, groups):
    wanted = groups_in_plain_python(TABLE, (2,), beams, groups, 0.7, 4)
    strategy = Beams(num_beams=beams, groups=groups, diversity=0.7, length_penalty=0.0)
    (texts,) = Decoder(chain(), strategy)([[2]], 4)
    wanted.sort(key=lambda pair: -pair[1])
    assert [tuple(text.ids.tolist()) for text in texts] == [text for text, _ in wanted]
    np.testing.assert_allclose(
        [text.score for text in texts], [score for _, score in wanted], atol=1e-4
    )


def ending_groups_in_plain_python(law, first, each, groups, diversity, length, ends):
    """Diverse beam search, texts that may end: (ids, score a token), the best first."""
    living: list[Any] = [[((), 0.0)] for _ in range(groups)]
    whole: list[Any] = [[] for _ in range(groups)]
    closed = set()
    for count in range(1, length + 1):
        used = np.zeros(len(law))
        for group in range(groups):
            found = [
                ((*text, token), total + law[(first, *text)[-1], token], token)
                for text, total in living[group]
                for token in range(len(law))
            ]
            found = [(text, total - diversity * used[t], t) for text, total, t in found]
            found = sorted(found, key=lambda x: -x[1])[: 2 * each]
            if group not in closed:
                whole[group] += [
                    (text, total / count)
                    for text, total, token in found[:each]
                    if token in ends or count == length
                ]
                whole[group] = sorted(whole[group], key=lambda x: -x[1])[:each]
            going = [x for x in found if x[2] not in ends][:each]
            for *_, token in going:
                used[token] += 1
            living[group] = [(text, total) for text, total, _ in going]
            is_full = len(whole[group]) == each
            if not going or (is_full and going[0][1] / count <= whole[group][-1][1]):
                closed.add(group)
    return sorted(itertools.chain(*whole), key=lambda x: -x[1])


def test_texts_of_a_group_that_ended_keep_no_other_group_from_their_tokens():
    table = np.random.default_rng(5).normal(size=(12, 12)).astype("float32") * 1.5
    law = np.log([softmax(row) for row in table.astype("float64")])
    ends = (1, 3, 5, 7)  # so many that of a group few texts go on
    strategy = Beams(num_beams=4, groups=2, diversity=0.8, end_ids=ends)
    found = Decoder(chain(table), strategy)([[first] for first in range(12)], 6)
    for first, texts in enumerate(found):
        wanted = ending_groups_in_plain_python(law, first, 2, 2, 0.8, 6, ends)
        assert [tuple(each.ids.tolist()) for each in texts] == [x for x, _ in wanted]
        np.testing.assert_allclose(
            [each.score for each in texts], [score for _, score in wanted], atol=1e-4
        )


def drawn_texts(prompts, seed, count=8):
    rules = (Temperature(1.5), TopP(0.95))
    decoder = Decoder(chain(), Paths(rules=rules, sample=True), seed=seed)
    return [tuple(text.ids.tolist()) for (text,) in decoder(prompts, count)]


def test_a_seed_gives_the_same_texts_and_another_seed_others():
    prompts = [[0], [1, 2], [3]]
    assert drawn_texts(prompts, 1) == drawn_texts(prompts, 1)
    assert drawn_texts(prompts, 1) != drawn_texts(prompts, 2)


def test_who_else_is_in_the_batch_does_not_change_a_draw():
    prompts = [[0], [1, 2, 4, 4, 1], [3, 3], [0]]
    together = drawn_texts(prompts, 7)
    assert [drawn_texts([prompt], 7)[0] for prompt in prompts[:3]] == together[:3]
    assert drawn_texts(prompts[::-1], 7)[1:3] == together[2:0:-1]
    assert together[0] != together[3], "equal prompts are different samples"


@pytest.mark.parametrize("strategy", [Paths(), Beams(num_beams=3)], ids=["greedy", "3"])
def test_unequal_prompts_in_a_batch_are_as_alone(strategy):
    weights = np.random.default_rng(4).normal(size=(V, V)).astype("float32")
    table = ops.convert_to_tensor(weights)

    def whole_text(ids, is_token):
        seen = ops.one_hot(ids, V) * ops.cast(is_token, "float32")[:, :, None]
        return ops.matmul(ops.sum(seen, axis=1), table)

    prompts = [[1], [4, 2, 2, 0, 3, 1], [5, 5]]
    step = Rescoring(whole_text)
    together = Decoder(step, strategy)(prompts, 6)
    for prompt, texts in zip(prompts, together, strict=True):
        (alone,) = Decoder(step, strategy)([prompt], 6)
        for one, other in itertools.zip_longest(alone, texts):
            np.testing.assert_array_equal(one.ids, other.ids)


@pytest.mark.parametrize("strategy", [Paths(), Paths(sample=True), Beams(num_beams=2)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_an_error(strategy, bad):
    table = TABLE.copy()
    table[3, 2] = bad
    with pytest.raises(DataError, match="must be numbers"):
        Decoder(chain(table), strategy)([[3]], 4)


@pytest.mark.parametrize(
    "own",
    [
        {"num_beams": 0},
        {"num_beams": 2.5},
        {"num_beams": 2**30},
        {"num_beams": 3, "num_results": 4},
        {"num_beams": 3, "groups": 2},
        {"num_beams": 2, "stop": "soon"},
        {"num_beams": 2, "stop": []},
    ],
)
def test_beams_that_cannot_be_are_refused(own):
    with pytest.raises(ConfigError, match="Received"):
        Decoder(chain(), Beams(**own))([[0]], 4)


def test_a_predict_that_makes_arrays_is_told_what_to_use():
    if keras.backend.backend() != "jax":
        pytest.skip("elsewhere loops are not compiled, and arrays are as good")
    step = Rescoring(lambda ids, is_token: TABLE[np.asarray(ids)[:, -1]])
    with pytest.raises(ConfigError, match=r"made of keras\.ops"):
        Decoder(step, Paths())([[0]], 4)


@pytest.mark.parametrize("limits", [2.5, "many", [3, 4, 5], [[3]]])
def test_limits_that_are_none(limits):
    with pytest.raises(ConfigError, match="one for each of the prompts, 2"):
        Decoder(chain(), Paths())([[0], [1]], limits)
    with pytest.raises(ConfigError, match="one for each of the prompts, 2"):
        list(continuous(Decoder(chain(), Paths()), [[0], [1]], limits))


def test_no_prompt_at_all_goes_through_rows():
    decoder = Decoder(chain(), Paths())
    assert list(continuous(decoder, [], 4)) == []
    for rows in (0, 2.5):
        with pytest.raises(ConfigError, match="rows must be a whole number"):
            list(continuous(decoder, [[0]], 4, rows=rows))


@pytest.mark.parametrize("seed", [1.5, "a", -1, None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        Decoder(chain(), Paths(), seed=seed)


def test_nothing_to_generate_is_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        Decoder(chain(), Paths())([[0]], 0)
    with pytest.raises(DataError, match="at least one token"):
        Decoder(chain(), Paths())([[]], 4)
