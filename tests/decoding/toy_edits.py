"""A space of texts that can be written out, and the exact kernel on it."""

import itertools

import numpy as np

from kewen.decoding.mcmc import Editable, Move

A, B, C, START, END = range(5)
TOKENS = (A, B, C)
TABLE = np.random.default_rng(3).normal(size=(5, 5)) * 1.3


def bigram(token_ids, padding_mask):
    """A language model, (N, L, V): the next token depends on the newest."""
    return TABLE[token_ids]


def masked(token_ids, padding_mask):
    """A masked language model, (N, L, V), that sees both neighbours."""
    before = np.pad(token_ids, ((0, 0), (1, 0)))[:, :-1]
    after = np.pad(token_ids, ((0, 0), (0, 1)))[:, 1:]
    return TABLE[before] - 0.5 * TABLE[after] ** 2


def space(words, most):
    """Every text with these frozen words and at most so many free tokens."""
    found = []
    for count in range(most + 1):
        for tokens in itertools.product(TOKENS, repeat=count):
            # Where each word stands: after how many of the free tokens.
            for cuts in itertools.combinations_with_replacement(
                range(count + 1), len(words)
            ):
                ids, marks = [], []
                for place in range(count + 1):
                    for number, word in enumerate(words):
                        if cuts[number] == place:
                            ids += word
                            marks += [number + 1] * len(word)
                    if place < count:
                        ids.append(tokens[place])
                        marks.append(0)
                found.append(Editable(tuple(ids), tuple(marks)))
    return found


def tries(text, shares):
    """Every move at a text, with its chance but for the token's.

    Counted here from the marks, apart from the library.
    """
    free = [i for i, mark in enumerate(text.words) if mark == 0]
    slots = [
        i
        for i in range(len(text.ids) + 1)
        if i in (0, len(text.ids)) or text.words[i - 1] != text.words[i]
        or text.words[i] == 0
    ]  # fmt: skip
    insert, delete, replace = shares
    for i in slots:
        yield from ((Move("insert", i, None, t), insert / len(slots)) for t in TOKENS)
    for i in free:
        yield Move("delete", i, text.ids[i]), delete / len(free)
        for t in TOKENS:
            yield Move("replace", i, text.ids[i], t), replace / len(free)


def kernel_matrix(kernel, proposal, states, shares, acceptance=None, temperature=1.0):
    """The chance of each step, (M, M), and log rho of each state, (M,).

    Args:
        acceptance: (text, move, law, gain) -> log; the kernel's own if None.
    """
    number = {state: n for n, state in enumerate(states)}
    weights = kernel.weigh(states)
    acceptance = acceptance or kernel.log_acceptance
    matrix = np.zeros((len(states), len(states)))
    for n, text in enumerate(states):
        moves = list(tries(text, shares))
        laws = proposal([text.around(move.kind, move.position) for move, _ in moves])
        for (move, chance), law in zip(moves, laws, strict=True):
            if move.new is not None:
                chance *= np.exp(law[move.new])
            m = number.get(text.edited(move))
            if m is None or not chance:
                continue  # beyond the space, which the target forbids
            gain = weights[m] - weights[n]
            matrix[n, m] += chance * np.exp(acceptance(text, move, law, gain))
        matrix[n, n] += 1 - matrix[n].sum()
    return matrix, weights


def stationary(matrix):
    """The law that a kernel keeps."""
    size = len(matrix)
    system = np.vstack([matrix.T - np.eye(size), np.ones(size)])
    goal = np.zeros(size + 1)
    goal[-1] = 1
    return np.linalg.lstsq(system, goal, rcond=None)[0]


def law_of_ids(states, law):
    """A law of texts, whatever is frozen in them."""
    found = {}
    for state, chance in zip(states, law, strict=True):
        found[state.ids] = found.get(state.ids, 0.0) + chance
    return found


def law_of_weights(weights_by_ids):
    highest = max(weights_by_ids.values())
    weights = {ids: np.exp(w - highest) for ids, w in weights_by_ids.items()}
    total = sum(weights.values())
    return {ids: weight / total for ids, weight in weights.items()}


def distance(one, other):
    """Total variation."""
    return sum(abs(one.get(x, 0) - other.get(x, 0)) for x in {*one, *other}) / 2
