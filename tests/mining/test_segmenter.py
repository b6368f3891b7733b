"""The path of a text is the best of all ways to cut it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kewen.errors import ConfigError
from kewen.mining import Segmenter
from kewen.mining.segmenter import UNSEEN

COUNTS = st.dictionaries(
    st.text("甲乙丙", min_size=1, max_size=3), st.integers(1, 50), min_size=1
)


def cost(words, counts):
    total = math.log(sum(counts.values()))
    return sum(total - math.log(counts.get(word, UNSEEN)) for word in words)


def ways(text, counts):
    for cuts in itertools.product([False, True], repeat=len(text) - 1):
        places = [0, *(n for n, cut in enumerate(cuts, 1) if cut), len(text)]
        words = [text[a:b] for a, b in itertools.pairwise(places)]
        if all(len(word) == 1 or word in counts for word in words):
            yield words


@given(COUNTS, st.text("甲乙丙", min_size=1, max_size=7))
def test_no_other_way_to_cut_is_cheaper(counts, text):
    words = Segmenter(counts).cut(text)
    assert "".join(words) == text
    best = min(cost(way, counts) for way in ways(text, counts))
    assert cost(words, counts) == pytest.approx(best)


@given(st.text())
def test_the_words_are_the_text_whatever_it_holds(text):
    assert "".join(Segmenter({"白切鸡": 3}).cut(text)) == text


def test_punctuation_stands_alone():
    cutter = Segmenter({"白切鸡": 5, "白": 9, "切": 2, "，白": 99})
    assert cutter.cut("白切鸡，白 切") == ["白切鸡", "，", "白", " ", "切"]


@pytest.mark.parametrize("counts", [{}, {"a": 0}, {"a": float("nan")}, {"": 1}])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ConfigError, match="counts above 0"):
        Segmenter(counts)
