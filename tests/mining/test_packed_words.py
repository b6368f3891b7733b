"""Words as numbers are counted like words as strings, whatever they are made of."""

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
