"""The demo's split of the news, on a made-up folder of classes."""

from collections import Counter

import pytest

from kewen.tasks.news_demo import split_news

SIZES = {"business": 40, "sport": 20, "tech": 20}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("news")
    for name, size in SIZES.items():
        (folder / name).mkdir()
        for number in range(size):
            path = folder / name / f"{number:03}.txt"
            path.write_text(f"{name} article {number}\n", encoding="utf-8")
    return folder


def test_every_part_has_the_classes_in_their_shares(corpus):
    counted = [Counter(each.label for each in part) for part in split_news(corpus)]
    assert counted == [
        {"business": 32, "sport": 16, "tech": 16},
        {"business": 4, "sport": 2, "tech": 2},
        {"business": 4, "sport": 2, "tech": 2},
    ]


def test_every_article_is_in_exactly_one_part(corpus):
    texts = [each.text for part in split_news(corpus) for each in part]
    assert len(texts) == len(set(texts)) == 80


def test_the_split_is_the_same_at_every_call(corpus):
    assert split_news(corpus) == split_news(corpus)


def test_the_split_is_the_one_that_was_published(corpus):
    # A change here changes every accuracy that was ever stated.
    *_, test = split_news(corpus)
    assert [f"{each.label} {each.text.split()[-1]}" for each in test] == [
        *("business 9", "business 26", "business 27", "business 38"),
        *("sport 3", "sport 14", "tech 11", "tech 15"),
    ]


def test_a_limited_split_keeps_the_shares(corpus):
    parts = split_news(corpus, limit=40)
    counted = Counter(each.label for part in parts for each in part)
    assert counted == {"business": 20, "sport": 10, "tech": 10}
