"""GloVe's own objective, against loops over all pairs written from the paper."""

import numpy as np
import pytest
from planted import random_documents
from scipy import sparse

from kewen.mining import Cooccurrence, GloVe, Lexicon, cooccurrence
from kewen.mining.glove import glove_entries, glove_loss
from kewen.mining.gradients import by_numpy
from kewen.mining.pmi_vectors import first_values


def test_glove_is_not_determined_and_pmi_is():
    generator = np.random.default_rng(0)
    counts = cooccurrence(random_documents(), min_count=1)
    entries = glove_entries(counts, 0.75, 100, "float64")
    size = len(counts.lexicon)
    table, other = generator.standard_normal((2, size, 6))
    bias, other_bias = generator.standard_normal((2, size))
    loss = glove_loss(table, other, bias, other_bias, entries)
    shift = np.full(6, 5.0)
    square = shift @ shift / 2
    moved = (
        table + shift,
        other + shift,
        bias - table @ shift - square,
        other_bias - other @ shift - square,
    )
    assert glove_loss(*moved, entries) == pytest.approx(loss, rel=1e-12)
    assert _cosines(table).mean() < 0.1 < 0.9 < _cosines(table + shift).mean()
    batch = entries.both_ways()
    assert (
        by_numpy(moved[0], moved[0], batch)[1] > 10 * by_numpy(table, table, batch)[1]
    )


def _cosines(table):
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    return (table @ table.T)[np.triu_indices(len(table), k=1)]


def test_glove_learns_its_own_objective():
    counts = cooccurrence(random_documents(), min_count=1, weighting="inverse_distance")
    model = GloVe(30, epochs=300, batch_size=10**6, dtype="float64").fit(counts)
    assert model.losses_[-1] < 0.05 * model.losses_[0]


def test_glove_loss_equals_two_loops():
    counts = cooccurrence(random_documents(), min_count=1)
    entries = glove_entries(counts, 0.75, 100, "float64")
    matrix = counts.matrix.toarray()
    generator = np.random.default_rng(0)
    v, u = generator.standard_normal((2, len(matrix), 4))
    b, c = generator.standard_normal((2, len(matrix)))
    expected = 0.0
    for i, row in enumerate(matrix):
        for j, x in enumerate(row):
            if x:
                error = v[i] @ u[j] + b[i] + c[j] - np.log(x)
                expected += 0.5 * min((x / 100) ** 0.75, 1) * error**2
    assert glove_loss(v, u, b, c, entries) == pytest.approx(expected)


def _paper_gradients(matrix, v, u, b, c, x_max):
    """Slopes of half of equation 8 of Pennington, Socher and Manning, 2014."""
    slopes = [np.zeros_like(each) for each in (v, u, b, c)]
    for i, row in enumerate(matrix):
        for j, x in enumerate(row):
            if x == 0:
                continue
            error = v[i] @ u[j] + b[i] + c[j] - np.log(x)
            pull = (x / x_max) ** 0.75 * error if x < x_max else error
            slopes[0][i] += pull * u[j]
            slopes[1][j] += pull * v[i]
            slopes[2][i] += pull
            slopes[3][j] += pull
    return slopes


def test_training_takes_the_paper_s_gradients():
    """Three steps over all pairs: the later ones also see what the biases became."""
    counts = cooccurrence(random_documents(), min_count=1, weighting="inverse_distance")
    settings = {"learning_rate": 0.2, "x_max": 5.0, "dtype": "float64"}
    model = GloVe(6, epochs=3, batch_size=10**6, random_state=3, **settings).fit(counts)
    matrix = counts.matrix.toarray()
    assert (np.diag(matrix) > 0).any() and (matrix > 5).any() and (matrix == 0).any()
    generator = np.random.default_rng(3)
    first = first_values(generator, len(matrix), 8, "float64")
    second = first_values(generator, len(matrix), 8, "float64")
    tables = [first[:, :6], second[:, :6], first[:, 6], second[:, 7]]
    squares = [np.ones_like(each) for each in tables]
    for _ in range(3):
        slopes = _paper_gradients(matrix, *tables, x_max=5.0)
        for table, square, slope in zip(tables, squares, slopes, strict=True):
            square += slope**2
            table -= 0.2 * slope / np.sqrt(square + 1e-8)
    expected = tables[0] + tables[1]
    np.testing.assert_allclose(model.vectors_.vectors, expected, rtol=1e-9, atol=1e-12)


def test_counts_that_vectors_and_biases_explain_are_explained_to_a_millionth():
    generator = np.random.default_rng(0)
    size = 40
    planted = generator.standard_normal((size, 3)) / 2
    bias = generator.standard_normal(size)
    matrix = np.exp(planted @ planted.T + bias[:, None] + bias)
    upper = np.triu(matrix)
    np.fill_diagonal(upper, matrix.diagonal() / 2)  # is seen from both ends
    counts = Cooccurrence(
        Lexicon(tuple(f"w{i}" for i in range(size)), np.ones(size, np.int64)),
        sparse.csr_array(upper),
        window=10,
    )
    model = GloVe(
        3,
        x_max=float(matrix.min()),  # so that all pairs weigh 1
        epochs=600,
        learning_rate=1.0,
        batch_size=10**6,
        dtype="float64",
        compiled=False,
    ).fit(counts)
    # The loss is the mean of half the squared error.
    assert np.sqrt(2 * model.losses_[-1]) < 1e-6
