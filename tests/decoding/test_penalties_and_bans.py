"""Penalties and bans do what plain Python says, and nothing else."""

import itertools

import numpy as np
import pytest
from toy_chain import END, V, chain, fits, law_of_texts, ruled, sampled

from kewen.decoding import (
    AllowedIds,
    BadWords,
    Beams,
    Decoder,
    ForcedEnd,
    ForcedStart,
    FrequencyPenalty,
    MinLength,
    NoRepeatNGram,
    Paths,
    PresencePenalty,
    RepetitionPenalty,
)
from kewen.errors import ConfigError, DataError

FORBIDDEN = -np.inf
SCORES = np.random.default_rng(1).normal(size=(1, V)).astype("float32")


def without(scores, ids):
    return np.where(np.isin(np.arange(V), list(ids)), FORBIDDEN, scores)


def only(scores, ids):
    return np.where(np.isin(np.arange(V), list(ids)), scores, FORBIDDEN)


def repeated(scores, prompt, text):
    occurs = np.isin(np.arange(V), [*prompt, *text])
    return np.where(occurs, np.where(scores > 0, scores / 1.7, scores * 1.7), scores)


def no_second_pair(scores, prompt, text):
    whole = [*prompt, *text]
    pairs = list(itertools.pairwise(whole))
    return without(scores, [b for a, b in pairs if a == whole[-1]])


def no_bad_words(scores, prompt, text):
    whole = [*prompt, *text]
    banned = [4]
    if whole[-1] == 1:
        banned.append(2)
    if whole[-2:] == [2, 3]:
        banned.append(1)
    return without(scores, banned)


RULES = [
    (RepetitionPenalty(1.7), repeated),
    (
        PresencePenalty(0.9),
        lambda s, prompt, text: s - 0.9 * np.isin(np.arange(V), text),
    ),
    (
        FrequencyPenalty(0.6),
        lambda s, prompt, text: s - 0.6 * np.bincount(np.array(text, int), minlength=V),
    ),
    (NoRepeatNGram(2), no_second_pair),
    (BadWords([[4], [1, 2], [2, 3, 1]]), no_bad_words),
    (AllowedIds([0, 2, 3, END]), lambda s, prompt, text: only(s, [0, 2, 3, END])),
    (
        ForcedStart([3, 1]),
        lambda s, prompt, text: only(s, [[3, 1][len(text)]]) if len(text) < 2 else s,
    ),
    (
        ForcedEnd(3, [END, 4]),
        lambda s, prompt, text: only(s, [END, 4]) if len(text) >= 2 else s,
    ),
    (
        MinLength(2, [END]),
        lambda s, prompt, text: without(s, [END]) if len(text) < 2 else s,
    ),
]


@pytest.mark.parametrize("pair", RULES, ids=lambda pair: type(pair[0]).__name__)
def test_texts_of_four_tokens_follow_the_law_of_the_rule(pair):
    rule, plain = pair
    law = law_of_texts(4, [plain], prompt=(2, 3), ends=(END,))
    assert sum(law.values()) == pytest.approx(1.0)
    counts = sampled(chain(), [rule], 3000, 4, ends=(END,), prompt=(2, 3))
    assert fits(counts, law, 3000)


def test_rules_one_after_another_are_the_functions_one_after_another():
    chosen = [RULES[n] for n in (0, 2, 3, 4, 8)]
    law = law_of_texts(4, [plain for _, plain in chosen], ends=(END,))
    rules = [rule for rule, _ in chosen]
    assert fits(sampled(chain(), rules, 3000, 4, ends=(END,)), law, 3000)


def test_beams_obey_rules():
    rules = (NoRepeatNGram(1), ForcedEnd(4, [END]))
    (texts,) = Decoder(chain(), Beams(num_beams=3, rules=rules, end_ids=(END,)))(
        [[0]], 9
    )
    for text in texts:
        ids = text.ids.tolist()
        assert ids[-1] == END
        assert len(set(ids)) == len(ids) <= 4


def test_the_prompt_counts_for_repetition_but_not_for_presence():
    texts, generated = [[1, 2]], [1]
    away = ruled(PresencePenalty(1.0), SCORES, texts, generated) != SCORES
    np.testing.assert_array_equal(np.flatnonzero(away), [2])
    away = ruled(RepetitionPenalty(2.0), SCORES, texts, generated) != SCORES
    np.testing.assert_array_equal(np.flatnonzero(away), [1, 2])


def test_a_word_longer_than_the_text_bans_nothing():
    got = ruled(BadWords([[1, 2, 3, 4, 5, 1, 2]]), SCORES, [[2]])
    np.testing.assert_array_equal(got, SCORES)
    np.testing.assert_array_equal(ruled(NoRepeatNGram(9), SCORES, [[2]]), SCORES)


def test_another_list_of_equal_length_compiles_nothing():
    from kewen.decoding import count_of_compilations

    step = chain()
    Decoder(step, Paths(rules=(BadWords([[1], [2, 3]]),)))([[0]], 4)
    before = count_of_compilations(step)
    Decoder(step, Paths(rules=(BadWords([[4], [5, 2]]),)))([[0]], 4)
    assert count_of_compilations(step) == before


def test_rules_that_forbid_all_are_an_error():
    rules = (AllowedIds([1, 2]), BadWords([[1], [2]]))
    for strategy in (Paths(rules=rules), Beams(num_beams=2, rules=rules)):
        with pytest.raises(DataError, match="At least one token must be allowed"):
            Decoder(chain(), strategy)([[0]], 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RepetitionPenalty(0.0),
        lambda: PresencePenalty(float("nan")),
        lambda: FrequencyPenalty(float("inf")),
        lambda: NoRepeatNGram(0),
        lambda: BadWords([]),
        lambda: BadWords([[]]),
        lambda: BadWords([[-3]]),
        lambda: AllowedIds([]),
        lambda: AllowedIds([0.5]),
        lambda: ForcedStart([]),
        lambda: ForcedEnd(0, [1]),
        lambda: ForcedEnd(3, []),
        lambda: MinLength(-1, [1]),
    ],
)
def test_what_cannot_be_is_refused(make):
    with pytest.raises(ConfigError, match=r"Received|must hold"):
        make()
