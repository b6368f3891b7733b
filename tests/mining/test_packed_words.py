"""Words as numbers are counted like words as strings, whatever they are made of."""

import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kewen.mining import packed_words
from kewen.mining.packed_words import PackedWords

# U+0000 ends a word in the packed form, and wide characters have two units.
LETTERS = "a一\0\uffff\ue000\ud7ff𠮷\U0010ffff\n"
WORDS = st.lists(st.text(st.sampled_from(LETTERS), min_size=1, max_size=6), min_size=1)


@pytest.mark.parametrize("most", [0, 3, 1 << 22])
@given(lists=st.lists(WORDS, max_size=5))
def test_counts_are_those_of_a_counter(most, lists):
    packed = PackedWords()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_words, "_MOST_KEYS", most)
        for words in lists:
            packed.add(words)
    assert packed.counts() == Counter(word for words in lists for word in words)


@given(lists=st.lists(WORDS, max_size=6), taken=st.integers(0, 3))
def test_what_others_counted_is_taken_in_whole(lists, taken):
    total = PackedWords()
    for number, words in enumerate(lists):
        part = PackedWords()
        part.add(words)
        part.add_counts({"一": -taken})
        total.merge(pickle.loads(pickle.dumps(part)) if number % 2 else part)
    expected = Counter(word for words in lists for word in words)
    expected["一"] -= taken * len(lists)
    assert total.counts() == {word: n for word, n in expected.items() if n}
