"""Corpora and targets whose answers are known."""

from collections import Counter

import numpy as np

from kewen.mining.entries import Entries

STEMS = 6  # pairs of a country and its capital
TRAITS = 2


def planted_entries(size=200, dim=8, seed=0):
    """All pairs i < j with the inner products of known vectors, and these."""
    vectors = np.random.default_rng(seed).standard_normal((size, dim))
    rows, columns = np.triu_indices(size, k=1)
    return vectors, Entries(
        size,
        rows.astype(np.int32),
        columns.astype(np.int32),
        (vectors @ vectors.T)[rows, columns],
        np.ones(len(rows)),
    )


def brute_pairs(documents, window, weight=lambda distance: 1.0, kept=None):
    """{(a, b): sum of weights}, a <= b as strings, by two loops."""
    found = Counter()
    for tokens in documents:
        tokens = [each for each in tokens if kept is None or each in kept]
        for place, word in enumerate(tokens):
            for distance in range(1, window + 1):
                if place + distance < len(tokens):
                    pair = tuple(sorted((word, tokens[place + distance])))
                    found[pair] += weight(distance)
    return found


def as_words(counts):
    """The same of a Cooccurrence."""
    coo = counts.pairs.tocoo()
    words = counts.lexicon.words
    return {
        tuple(sorted((words[i], words[j]))): value
        for i, j, value in zip(*coo.coords, coo.data, strict=True)
    }


def random_documents(seed=0, documents=40, length=25, words=30):
    """About a thousand words, some often and most rarely."""
    generator = np.random.default_rng(seed)
    chance = 1 / np.arange(1, words + 1)
    return [
        [f"w{i}" for i in generator.choice(words, length, p=chance / chance.sum())]
        for _ in range(documents)
    ]


def topic_documents(seed=0, topics=12, words=60, documents=3000, length=30, stop=4):
    """Zipf's law within each topic; `stop` words are strewn evenly over everything."""
    generator = np.random.default_rng(seed)
    chance = 1 / np.arange(1, words + 1)
    chance /= chance.sum()
    made = []
    for number in range(documents):
        topic = number % topics
        drawn = generator.choice(words, length, p=chance)
        tokens = [f"t{topic}_{i}" for i in drawn]
        for place in generator.choice(length, length // 3, replace=False):
            tokens[place] = f"stop{generator.integers(stop)}"
        made.append(tokens)
    return made


def attribute_documents(seed=0, documents=6000):
    """Words with two attributes each: which country, and country or capital."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(documents):
        stem, trait = generator.integers(STEMS), generator.integers(TRAITS)
        tokens = [f"x{stem}_{trait}"]
        tokens += [f"of{stem}_{i}" for i in generator.integers(4, size=3)]
        tokens += [f"is{trait}_{i}" for i in generator.integers(4, size=3)]
        made.append([tokens[i] for i in generator.permutation(len(tokens))])
    return made


def attribute_questions():
    """a b c d for all pairs of stems: x0_0 is to x0_1 as x1_0 to x1_1."""
    return [
        (f"x{a}_0", f"x{a}_1", f"x{b}_0", f"x{b}_1")
        for a in range(STEMS)
        for b in range(STEMS)
        if a != b
    ]
