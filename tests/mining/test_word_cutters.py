"""Many texts are cut in one call: the words must be those of each text alone."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.errors import ConfigError, MissingExtraError
from kewen.mining import WordCounter, word_cutters
from kewen.mining.word_cutters import count_words

# What the cutters treat unlike other characters, and line ends of all kinds.
PIECES = (
    "今天天气不错白切鸡的 A1b2.-+#&_%，。“”\t\r\v\x1c\x85\u2028\u3000\ud7ff𠮷é０ａ①"
)
TEXTS = st.lists(st.text(st.sampled_from(PIECES), min_size=1), min_size=1, max_size=6)


def one_by_one(texts, cut):
    return Counter(word for text in texts for word in cut(text))


@pytest.mark.parametrize("name", ["rjieba", "jieba"])
@given(texts=TEXTS)
@settings(deadline=None, max_examples=200)
def test_joined_texts_have_the_words_of_each_alone(name, texts):
    cut = pytest.importorskip(name).cut
    assert count_words(texts, name, str).counts() == one_by_one(texts, cut)


@given(texts=st.lists(st.text(min_size=1), max_size=6))
def test_characters_and_spaces_are_those_of_python(texts):
    assert count_words(texts, "spaces", str).counts() == one_by_one(texts, str.split)
    visible = Counter(c for text in texts for c in text if not c.isspace())
    assert count_words(texts, "characters", str).counts() == visible


def test_texts_with_line_ends_keep_them_as_words():
    texts = ["一\n二", "三\r", "\n", "四\r\n五", "六"]
    expected = one_by_one(texts, pytest.importorskip("rjieba").cut)
    assert count_words(texts, "rjieba", str).counts() == expected
    assert expected["\n"] == 2


def test_long_texts_are_cut_in_several_calls(monkeypatch):
    texts = ["今天天气不错", "白切鸡的做法"] * 50
    whole = count_words(texts, "rjieba", str).counts()
    monkeypatch.setattr(word_cutters, "JOINED_CHARS", 20)
    assert count_words(texts, "rjieba", str).counts() == whole


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match=r"rjieba.*Received: 'pkuseg'"):
        WordCounter("pkuseg").fit(["一"])
    with pytest.raises(ConfigError, match="Received: 3"):
        WordCounter(3).fit(["一"])


@pytest.mark.parametrize(
    ("name", "extra"), [("rjieba", "mining"), ("jieba", "chinese")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch, name, extra):
    monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"package {name}.*\[{extra}\]"):
        WordCounter(name, workers=2).fit(["一"])
