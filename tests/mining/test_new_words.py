"""New words against plain Python: counts, cohesion, cuts, entropies, planted words."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, NotFoundError
from kewen.mining import NewWords, key_counts, new_words
from kewen.mining.cohesion import (
    CohesionCutter,
    cohesion,
    count_ngrams,
    frequent_ngrams,
)
from kewen.mining.corpus import Texts, chunks_of
from kewen.mining.freedom import Neighbours, entropies
from kewen.mining.ngrams import Keys, summed

PLANTED = ["葡萄", "蜘蛛网", "乌托邦城", "巧克力蛋糕", "numpy"]
FILLERS = "的一是在不了有和人这中大为上个国我以要他时来用们"


def planted_texts(num=1500, seed=0):
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(num):
        parts = [FILLERS[n] for n in rng.integers(len(FILLERS), size=12)]
        parts.insert(int(rng.integers(13)), PLANTED[int(rng.integers(len(PLANTED)))])
        texts.append("".join(parts) + "。")
    return texts


def random_texts(seed):
    rng = np.random.default_rng(seed)
    letters = list("甲乙丙丁a1，𠮷")
    return ["".join(rng.choice(letters, size=30)) for _ in range(40)]


def chunk(texts):
    return Texts("text", range(len(texts)), texts, 0)


def words_of(keys: Keys, size: int) -> list[str]:
    """What the numbers stand for; halves of wide characters stay halves."""
    return [
        "".join(chr(key >> 16 * n & 0xFFFF) for n in reversed(range(size)))
        for key in keys.tolist()
    ]


def runs(texts):
    """Runs of letters, wide characters as their two halves."""
    for text in texts:
        halves = "".join(
            "".join(chr(int.from_bytes(h, "little")) for h in (b[:2], b[2:]) if h)
            for b in (c.encode("utf-16-le") for c in text)
        )
        run = ""
        for unit in [*halves, "，"]:
            if unit.isalnum() or "\ud800" <= unit <= "\udfff":
                run += unit
                continue
            yield run
            run = ""


def ngrams(texts, size):
    return Counter(
        run[n : n + size] for run in runs(texts) for n in range(len(run) - size + 1)
    )


@pytest.mark.parametrize("seed", range(3))
def test_ngrams_and_their_cohesion_are_those_of_plain_python(seed):
    texts = random_texts(seed)
    halves = [count_ngrams(chunk(part)) for part in (texts[:11], texts[11:], [])]
    truth = {size: ngrams(texts, size) for size in (1, 2, 3, 4)}
    total = truth[1].total()
    tables, letters = frequent_ngrams(iter(halves), 1, 1 << 22)
    assert letters == total
    for size in (1, 2, 3, 4):
        keys = tables[size - 1].keys
        words = words_of(keys, size)
        assert dict(zip(words, tables[size - 1].counts, strict=True)) == truth[size]
        if size > 1:
            expected = [
                min(
                    math.log(
                        total
                        * truth[size][word]
                        / truth[cut][word[:cut]]
                        / truth[size - cut][word[cut:]]
                    )
                    for cut in range(1, size)
                )
                for word in words
            ]
            assert cohesion(tables, size, letters) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_texts_are_cut_where_nothing_cohesive_lies_across(seed):
    texts = [text.replace("𠮷", "吉") for text in random_texts(seed)]
    rng = np.random.default_rng(seed)
    tables = count_ngrams(chunk(texts))
    cohesive = [t.keys[rng.random(len(t.keys)) < 0.1] for t in tables[1:]]
    whole = {w for n, keys in enumerate(cohesive, 2) for w in words_of(keys, n)}
    truth = Counter()
    for run in runs(texts):
        covered = {
            gap
            for size in (2, 3, 4)
            for start in range(len(run) - size + 1)
            if run[start : start + size] in whole
            for gap in range(start + 1, start + size)
        }
        cuts = [0, *(n for n in range(1, len(run)) if n not in covered), len(run)]
        truth.update(run[a:b] for a, b in itertools.pairwise(cuts) if b > a)
    words = {
        part: count
        for part, count in truth.items()
        if len(part) == 1 or (len(part) <= 8 and grams(part) <= whole)
    }
    assert CohesionCutter(cohesive, 8)(chunk(texts)).counts() == words


def grams(word):
    size = min(len(word), 4)
    return {word[n : n + size] for n in range(len(word) - size + 1)}


def test_neighbours_are_counted_wherever_a_word_occurs():
    texts = ["甲乙丙甲乙，甲乙丁", "丁甲乙丙丁戊己庚辛", "甲丙丁戊己庚辛甲乙"]
    words = ["甲乙", "丙丁戊己庚", "丙丁戊己庚辛", "乙丙", "不在"]
    left, right = summed(Neighbours(words)(chunk([text])) for text in texts)
    for table, side in ((left, 0), (right, 1)):
        expected = []
        for word in words:
            beside = Counter()
            for text in texts:
                padded = f"，{text}，"
                places = range(1, len(padded) - len(word))
                shift = len(word) if side else -1
                beside.update(
                    padded[n + shift]
                    for n in places
                    if padded[n : n + len(word)] == word
                )
            total = beside.total()
            expected.append(
                -sum(c / total * math.log(c / total) for c in beside.values())
            )
        assert entropies(table, len(words)) == pytest.approx(expected)


def test_ngrams_that_go_to_the_disk_are_those_that_stay_in_memory(monkeypatch):
    monkeypatch.setattr(key_counts, "ENTRY_BYTES", 1 << 10)
    texts = [
        "".join(part)
        for part in np.random.default_rng(0).choice(
            list("甲乙丙丁戊己庚辛壬癸一齉"), (400, 30)
        )
    ]
    parts = [count_ngrams(chunk(texts[n : n + 20])) for n in range(0, 400, 20)]
    inside, letters = frequent_ngrams(iter(parts), 3, 1 << 40)
    spilled = []
    spill = key_counts.KeyCounts._spill
    monkeypatch.setattr(
        key_counts.KeyCounts, "_spill", lambda each: spilled.append(spill(each))
    )
    outside, again = frequent_ngrams(iter(parts), 3, 1 << 22)
    assert len(spilled) > 3 and letters == again == 400 * 30
    for one, other in zip(inside, outside, strict=True):
        np.testing.assert_array_equal(one.keys, other.keys)
        np.testing.assert_array_equal(one.counts, other.counts)
        assert (np.diff(one.keys) > 0).all() and one.counts.min() >= 3


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(
        new_words, "chunks_of", lambda *a, **k: chunks_of(*a, **k, chunk_bytes=9000)
    )


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_planted_words_are_found_and_nothing_else(small_chunks, workers):
    found = NewWords(workers=workers, min_cohesion=(2, 3, 4)).fit(planted_texts())
    assert {each.word for each in found.words_} == set(PLANTED)
    whole = "".join(planted_texts())
    for each in found.words_:
        assert each.count == found.counts_[each.word] <= whole.count(each.word)
        assert each.freedom == min(each.left, each.right) > 2


def test_any_number_of_workers_gives_equal_words(small_chunks, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(planted_texts()), "utf-8")
    one, two = (NewWords(workers=n, min_count=3).fit(path).words_ for n in (1, 2))
    assert one == two


def test_known_words_are_not_new():
    found = NewWords(workers=1, known=["葡萄"], min_cohesion=(2, 3, 4))
    found.fit(planted_texts())
    assert {each.word for each in found.words_} == set(PLANTED) - {"葡萄"}
    assert "葡萄" in found.counts_


def test_the_segmenter_cuts_into_the_words_that_were_found():
    found = NewWords(workers=1, min_cohesion=(2, 3, 4)).fit(planted_texts())
    words = "我 有 巧克力蛋糕 和 葡萄 ， numpy 是 蜘蛛网".split()
    assert found.segmenter().cut("".join(words)) == words


def test_a_corpus_in_which_nothing_repeats_has_no_words():
    found = NewWords(workers=1).fit(["甲乙丙丁"])
    assert found.words_ == [] and found.counts_ == {"甲": 1, "乙": 1, "丙": 1, "丁": 1}


@pytest.mark.parametrize(
    ("options", "corpus", "kind", "words"),
    [
        ({}, iter(["a"]), DataError, "three passes"),
        ({}, [], DataError, "letters"),
        ({}, ["，。"], DataError, "letters"),
        ({}, "nowhere.txt", NotFoundError, "nowhere"),
        ({"min_count": 1}, ["a"], ConfigError, "at least 2"),
        ({"min_cohesion": (1, 2)}, ["a"], ConfigError, "three numbers"),
        ({"min_cohesion": (1, 2, math.nan)}, ["a"], ConfigError, "three numbers"),
        ({"min_freedom": math.nan}, ["a"], ConfigError, "NaN"),
        ({"memory_bytes": 1 << 20}, ["a"], ConfigError, "memory_bytes must be"),
        ({"known": "dictionary.txt"}, ["a"], ConfigError, "list or a set of words"),
        ({"workers": 0}, ["a"], ConfigError, "workers"),
    ],
)
def test_what_cannot_be_is_refused(options, corpus, kind, words):
    with pytest.raises(kind, match=words):
        NewWords(**options).fit(corpus)
