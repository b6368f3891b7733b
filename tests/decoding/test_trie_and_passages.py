"""Constrained texts are those that enumeration allows, with the law that is left."""

import numpy as np
import pytest
from toy_chain import END, V, chain, fits, law_of_texts, sampled

from kewen.decoding import Beams, Decoder, PassageNGrams, Paths, Trie, continuous
from kewen.errors import ConfigError, DataError

SEQUENCES = [[1, 2], [1, 2, 3], [1, 4, 4, 0], [3]]
PASSAGES = [[1, 2, 3, 1, 4], [2, 2, 0]]


def allowed_by_trie(scores, prompt, text):
    whole = [[*each, END] for each in SEQUENCES]
    nexts = [s[len(text)] for s in whole if tuple(s[: len(text)]) == text]
    return np.where(np.isin(np.arange(V), nexts), scores, -np.inf)


def slices(n):
    """What may follow: n tokens in a row at most are looked at."""

    def allowed(scores, prompt, text):
        seen = text if n is None else text[max(len(text) - n + 1, 0) :]
        nexts = [END]
        for passage in PASSAGES:
            for at in range(len(passage) - len(seen)):
                if tuple(passage[at : at + len(seen)]) == seen:
                    nexts.append(passage[at + len(seen)])
        return np.where(np.isin(np.arange(V), nexts), scores, -np.inf)

    return allowed


def test_texts_of_a_trie_follow_the_law_that_is_left():
    law = law_of_texts(5, [allowed_by_trie], ends=(END,))
    assert set(law) == {(*each, END) for each in SEQUENCES}
    rule = Trie(SEQUENCES, [END])
    assert fits(sampled(chain(), [rule], 2000, 9, ends=(END,)), law, 2000)


def test_a_full_beam_over_a_trie_finds_every_sequence():
    law = law_of_texts(5, [allowed_by_trie], ends=(END,))
    strategy = Beams(
        num_beams=3, rules=(Trie(SEQUENCES, [END]),), end_ids=(END,), length_penalty=0.0
    )
    (texts,) = Decoder(chain(), strategy)([[0]], 6)
    found = {tuple(text.ids.tolist()) for text in texts}
    assert found <= set(law)
    assert len(found) == 3


def test_a_sequence_that_the_limit_would_cut_off_is_not_begun():
    rule = Trie([[1, 4, 4, 0], [3, 2]], [END])
    counts = sampled(chain(), [rule], 200, 3, ends=(END,))
    assert set(counts) == {(3, 2, END)}
    assert set(sampled(chain(), [rule], 50, 2, ends=(END,))) == {(3, 2)}


def test_a_trie_without_time_for_any_sequence_is_an_error():
    strategy = Paths(rules=(Trie([[1, 2, 3]], [END]),), end_ids=(END,))
    with pytest.raises(DataError, match="let more tokens come"):
        Decoder(chain(), strategy)([[0]], 2)


@pytest.mark.parametrize("n", [1, 2, 3, None])
def test_every_n_tokens_of_a_text_stand_in_a_passage(n):
    law = law_of_texts(4, [slices(n)], ends=(END,))
    rule = PassageNGrams([PASSAGES], [END], n)
    assert fits(sampled(chain(), [rule], 3000, 4, ends=(END,)), law, 3000)


def test_an_unconstrained_length_gives_contiguous_slices():
    joined = ["".join(map(str, passage)) for passage in PASSAGES]
    rule = PassageNGrams([PASSAGES], [END])
    for text in sampled(chain(), [rule], 300, 8, ends=(END,)):
        words = "".join(str(token) for token in text if token != END)
        assert any(words in passage for passage in joined)


@pytest.mark.parametrize("strategy", [Paths, lambda **own: Beams(num_beams=2, **own)])
def test_each_prompt_has_its_own_passages(strategy):
    rule = PassageNGrams([[[1, 2, 1, 2, 1]], [[3, 4, 3, 4]]], [END])
    both = strategy(rules=(rule,), end_ids=(END,))
    first, second = Decoder(chain(), both)([[0], [0]], 3)
    assert {*first[0].ids.tolist()} <= {1, 2, END}
    assert {*second[0].ids.tolist()} <= {3, 4, END}
    with pytest.raises(ConfigError, match="2 entries for 3 rows"):
        Decoder(chain(), Paths(rules=(rule,)))([[0]] * 3, 3)
    with pytest.raises(ConfigError, match="entry for each prompt"):
        next(continuous(Decoder(chain(), Paths(rules=(rule,))), [[0]] * 4, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Trie([], [END]),
        lambda: Trie([[]], [END]),
        lambda: Trie([[1]], []),
        lambda: PassageNGrams([], [END]),
        lambda: PassageNGrams([[]], [END]),
        lambda: PassageNGrams([[[1]]], [END], 0),
    ],
)
def test_what_cannot_be_is_refused(make):
    with pytest.raises(ConfigError, match="Received"):
        make()
