"""A small law of texts, and what the rules say in plain Python."""

import itertools

import numpy as np
from keras import ops

from kewen.decoding import Decoder, Paths, Rescoring, Text

V = 6
TABLE = np.random.default_rng(5).normal(size=(V, V)).astype("float32") * 1.5
END = 5


def chain(table=TABLE) -> Rescoring:
    """A Markov chain: the scores depend on the newest token."""
    rows = ops.convert_to_tensor(table)
    return Rescoring(lambda ids, is_token: ops.take(rows, ids[:, -1], axis=0))


def ruled(rule, logits, texts, generated=None, left=99) -> np.ndarray:
    """What a rule makes of scores (N, V), after these texts."""
    logits = np.asarray(logits, "float32")
    width = max(map(len, texts)) + 2
    ids = np.full((len(texts), width), -1, "int32")
    for row, text in zip(ids, texts, strict=True):
        row[width - len(text) :] = text
    counts = [len(text) for text in texts] if generated is None else generated
    own = rule.with_numbers(rule.numbers())
    state = own.start(len(texts))
    given = Text(
        ops.convert_to_tensor(ids),
        ops.convert_to_tensor(counts, "int32"),
        ops.full((len(texts),), left, "int32"),
        state,
    )
    return np.array(ops.convert_to_numpy(own(ops.convert_to_tensor(logits), given)))


def softmax(scores):
    scores = np.asarray(scores, "float64")
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def law_of_texts(count, rules=(), prompt=(0,), table=TABLE, ends=()):
    """Every text of at most `count` tokens, with its probability.

    Args:
        rules: functions of (scores, prompt, generated) to scores.
    """
    law = {}

    def grow(text, chance):
        if len(text) == count or (text and text[-1] in ends):
            law[text] = law.get(text, 0.0) + chance
            return
        scores = table[(*prompt, *text)[-1]].astype("float64")
        for rule in rules:
            scores = rule(scores, prompt, text)
        for token, p in enumerate(softmax(scores)):
            if p > 0:
                grow((*text, token), chance * p)

    grow((), 1.0)
    return law


def fits(counts, law, count):
    """Whether frequencies pass a chi-square test at 0.001; rare ones are put together.

    The quantile is Wilson's and Hilferty's.
    """
    assert set(counts) <= set(law), "a text that the law forbids"
    observed, expected = [], []
    for text, p in sorted(law.items(), key=lambda pair: -pair[1]):
        if expected and expected[-1] < 8:
            expected[-1] += p * count
            observed[-1] += counts.get(text, 0)
        else:
            expected.append(p * count)
            observed.append(counts.get(text, 0))
    observed, expected = np.array(observed), np.array(expected)
    if len(expected) > 1 and expected[-1] < 8:
        expected = np.append(expected[:-2], expected[-2:].sum())
        observed = np.append(observed[:-2], observed[-2:].sum())
    free = len(expected) - 1
    statistic = ((observed - expected) ** 2 / expected).sum()
    if not free:
        return True
    part = 2 / (9 * free)
    return statistic < free * (1 - part + 3.09 * part**0.5) ** 3


def sampled(step, rules, count, length, ends=None, prompt=(0,), seed=0, strategy=None):
    """How often each text came."""
    strategy = strategy or Paths(rules=tuple(rules), sample=True, end_ids=ends)
    found = Decoder(step, strategy, seed=seed)([list(prompt)] * count, length)
    counts = {}
    for (text,) in found:
        key = tuple(text.ids.tolist())
        counts[key] = counts.get(key, 0) + 1
    return counts


def subsets(things):
    for size in range(len(things) + 1):
        yield from itertools.combinations(things, size)
