"""Inner products are mutual information: planted truths, gradients, analogies."""

from dataclasses import replace

import numpy as np
import pytest
from planted import (
    attribute_documents,
    attribute_questions,
    brute_pairs,
    planted_entries,
    random_documents,
    topic_documents,
)
from scipy.stats import spearmanr

from kewen.errors import ConfigError, DataError, TrainingError
from kewen.mining import GloVe, PMIWordVectors, cooccurrence, ppmi_svd
from kewen.mining.adagrad import AdaGrad
from kewen.mining.entries import pmi_entries
from kewen.mining.gradients import by_numpy, gradients
from kewen.mining.independence import Independence

WAYS = [
    {"solver": "adagrad", "batch_size": 10**6, "epochs": 3000, "learning_rate": 0.1},
    {"solver": "als", "epochs": 60, "ridge": 1e-12},
]


@pytest.mark.parametrize("way", WAYS, ids=["adagrad", "als"])
def test_planted_vectors_are_found_and_so_are_norms_never_shown(way):
    vectors, entries = planted_entries(size=60, dim=4)
    model = PMIWordVectors(4, dtype="float64", compiled=False, **way)
    found, _, losses = model.factorize(entries)
    for loss in losses:
        last = loss
    error = (found @ found.T - vectors @ vectors.T)[entries.rows, entries.columns]
    assert np.sqrt((error**2).mean()) < 1e-6
    assert np.abs((found**2).sum(axis=1) - (vectors**2).sum(axis=1)).max() < 1e-5
    assert last < 1e-12


def test_pmi_of_counts_equals_its_definition_by_two_loops():
    documents = random_documents()
    counts = cooccurrence(documents, window=4, min_count=1)
    entries = pmi_entries(counts, alpha=0.75, x_max=100, truncate=True, dtype="float64")
    pairs = brute_pairs(documents, 4)
    number = {
        word: sum(d.count(word) for d in documents) for word in counts.lexicon.words
    }
    total = sum(number.values())
    everything = 2 * sum(value for (a, b), value in pairs.items() if a != b)
    assert len(entries) == sum(a != b for a, b in pairs)
    for i, j, target, weight in zip(
        entries.rows, entries.columns, entries.targets, entries.weights, strict=True
    ):
        a, b = counts.lexicon.words[i], counts.lexicon.words[j]
        seen = pairs[tuple(sorted((a, b)))]
        chance = number[a] * number[b] / total**2
        assert target == pytest.approx(np.log(seen / everything / chance))
        assert weight == pytest.approx(min((seen / 100) ** 0.75, 1))


def test_without_truncation_weights_exceed_one():
    counts = cooccurrence([["a", "b"]] * 300, min_count=1)
    settings = {"alpha": 0.75, "x_max": 100, "dtype": "float64"}
    (weight,) = pmi_entries(counts, truncate=False, **settings).weights
    assert weight == pytest.approx(3**0.75)


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_are_those_of_the_loss(compiled):
    if compiled:
        pytest.importorskip("numba")
    vectors, entries = planted_entries(size=12, dim=3)
    generator = np.random.default_rng(1)
    entries = replace(entries, weights=generator.random(len(entries)))
    batch = entries.both_ways()
    table = generator.standard_normal(vectors.shape)
    other = generator.standard_normal(vectors.shape)
    compute = gradients(compiled)
    found, loss = compute(table, other, batch)
    assert loss == pytest.approx(_loss(table, other, entries))
    for place in [(0, 0), (3, 2), (11, 1)]:
        moved = table.copy()
        moved[place] += 1e-6
        slope = (compute(moved, other, batch)[1] - loss) / 1e-6
        assert found[place] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def _loss(table, other, entries):
    products = table @ other.T
    i, j = entries.rows, entries.columns
    both = (products[i, j] - entries.targets) ** 2
    both = both + (products[j, i] - entries.targets) ** 2
    return 0.5 * (entries.weights * both).sum()


def test_numba_and_numpy_train_alike():
    pytest.importorskip("numba")
    counts = cooccurrence(random_documents(), min_count=1)
    runs = [
        PMIWordVectors(8, epochs=5, batch_size=64, dtype="float64", compiled=compiled)
        .fit(counts)
        .vectors_.vectors
        for compiled in (False, True)
    ]
    np.testing.assert_allclose(*runs, rtol=1e-9, atol=1e-12)


def test_one_adagrad_step_equals_its_formula_and_leaves_other_rows():
    generator = np.random.default_rng(0)
    table = generator.standard_normal((5, 3))
    before = table.copy()
    gradient = generator.standard_normal((2, 3))
    rows = np.array([1, 4])
    optimizer = AdaGrad(table, 0.1)
    optimizer.step(rows, gradient)
    sums = 1 + gradient**2
    expected = before[rows] - 0.1 * gradient / np.sqrt(sums + 1e-8)
    np.testing.assert_allclose(table[rows], expected, rtol=1e-14)
    np.testing.assert_array_equal(table[[0, 2, 3]], before[[0, 2, 3]])
    np.testing.assert_allclose(optimizer.sums[rows], sums)


def test_adagrad_steps_equal_those_of_keras():
    import keras

    generator = np.random.default_rng(0)
    table = generator.standard_normal((4, 3)).astype("float32")
    variable = keras.Variable(table.copy())
    theirs = keras.optimizers.Adagrad(0.1, initial_accumulator_value=1.0, epsilon=1e-8)
    theirs.build([variable])
    ours = AdaGrad(table, 0.1)
    for _ in range(3):
        gradient = generator.standard_normal((4, 3)).astype("float32")
        theirs.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        ours.step(np.arange(4), gradient)
    np.testing.assert_allclose(
        ours.table, keras.ops.convert_to_numpy(variable), rtol=1e-5, atol=1e-6
    )


@pytest.fixture(scope="module")
def topics():
    """Counts of topics that follow Zipf's law, with stop words strewn in."""
    return cooccurrence(topic_documents(), window=10, min_count=5)


def test_squared_norms_are_importance_and_stop_words_come_first(topics):
    vectors = (
        PMIWordVectors(
            24,
            epochs=40,
            truncate=False,
            compiled=False,
            batch_size=2048,
        )
        .fit(topics)
        .vectors_
    )
    rarity = -np.log(topics.lexicon.counts / topics.lexicon.total)
    assert spearmanr(vectors.norms**2, rarity).statistic > 0.6
    least = [word for word, _ in vectors.norm_rank(len(vectors) // 10)]
    assert {f"stop{i}" for i in range(4)} <= set(least)


@pytest.fixture(scope="module")
def attributes():
    return cooccurrence(attribute_documents(), window=10, min_count=1)


@pytest.mark.parametrize(
    "way",
    [
        # Words of one kind never meet here; with one table, that would part them.
        {"epochs": 60, "batch_size": 256, "unseen": 0},
        {"epochs": 60, "batch_size": 256, "tables": "concat"},
        {"epochs": 60, "batch_size": 256, "tables": "sum"},
        {"epochs": 20, "solver": "als", "ridge": 0.1},
    ],
    ids=["shared", "concat", "sum", "als"],
)
def test_generated_analogies_are_all_solved(attributes, way):
    vectors = PMIWordVectors(12, compiled=False, **way).fit(attributes).vectors_
    candidates = {word for row in attribute_questions() for word in row}
    for a, b, c, d in attribute_questions():
        ranked = vectors.analogy([b, c], [a], len(vectors))
        best = next(word for word, _ in ranked if word in candidates)
        assert best == d


def _independent_gradient(table, other, weights):
    """By two loops."""
    found = np.zeros_like(table)
    for i in range(len(table)):
        for j in range(len(other)):
            if i != j:
                product = weights[i] * weights[j] * (table[i] @ other[j])
                found[i] += product * other[j]
    return found


def test_the_gradient_of_independence_equals_a_sum_over_all_pairs():
    generator = np.random.default_rng(0)
    table, other = generator.standard_normal((2, 9, 4))
    independence = Independence(generator.random(9))
    for partner in (table, other):
        np.testing.assert_allclose(
            independence.gradient(table, partner, 0.5),
            0.5 * _independent_gradient(table, partner, independence.weights),
            rtol=1e-12,
        )


def test_weights_of_independence_are_those_of_counts_by_chance():
    documents = random_documents()
    counts = cooccurrence(documents, window=4, min_count=1)
    found = Independence.by_chance(counts, 0.75, 10.0, 0.3, "float64").weights
    matrix = counts.matrix.toarray()
    np.fill_diagonal(matrix, 0)
    share = counts.lexicon.counts / counts.lexicon.total
    chance = matrix.sum() * np.outer(share, share)
    expected = 0.3 * (chance / 10) ** 0.75
    few = share < 1 / np.sqrt(matrix.sum() / 10)  # truncated are the others
    assert few.any() and not few.all()
    pairs = np.ix_(few, few)
    np.testing.assert_allclose(np.outer(found, found)[pairs], expected[pairs])
    np.testing.assert_allclose(found[~few], np.sqrt(0.3))


@pytest.mark.parametrize(
    ("way", "share"),
    [
        ({"solver": "als", "epochs": 400, "ridge": 1e-9}, 1e-5),
        # Its steps for the two demands take turns, and shrink for ever.
        ({"solver": "adagrad", "epochs": 3000}, 0.1),
    ],
    ids=["als", "adagrad"],
)
def test_both_solvers_end_where_seen_and_unseen_pairs_are_in_balance(way, share):
    counts = cooccurrence(random_documents(words=12), window=4, min_count=1)
    model = PMIWordVectors(2, unseen=0.5, dtype="float64", compiled=False, **way)
    model.fit(counts)
    table = model.vectors_.vectors
    settings = {"alpha": 0.75, "x_max": 10.0, "dtype": "float64"}
    batch = pmi_entries(counts, truncate=True, **settings).both_ways()
    seen, _ = by_numpy(table, table, batch)
    unseen = Independence.by_chance(counts, unseen=0.5, **settings)
    balance = np.zeros_like(table)
    balance[batch.rows] = seen
    balance += _independent_gradient(table, table, unseen.weights)
    assert np.abs(balance).max() < share * np.abs(seen).max()


def test_one_seed_gives_one_result(topics):
    runs = [
        PMIWordVectors(8, epochs=2, random_state=seed, compiled=False).fit(topics)
        for seed in (3, 3, 4)
    ]
    first, again, other = (run.vectors_.vectors for run in runs)
    assert (first == again).all() and not (first == other).all()
    assert runs[0].losses_ == runs[1].losses_


def test_the_loss_of_least_squares_never_rises(topics):
    settings = {"solver": "als", "ridge": 1e-6, "dtype": "float64", "unseen": 0}
    model = PMIWordVectors(8, epochs=6, **settings).fit(topics)
    assert (np.diff(model.losses_) <= 1e-12).all()


def test_variants_have_their_widths(topics):
    widths = {}
    for tables in ("shared", "concat", "sum"):
        model = PMIWordVectors(8, epochs=1, tables=tables, compiled=False)
        widths[tables] = model.fit(topics).vectors_.dim
    assert widths == {"shared": 8, "concat": 16, "sum": 8}


def test_ppmi_svd_equals_the_eigenvectors_of_the_whole_matrix():
    counts = cooccurrence(random_documents(), min_count=1)
    entries = pmi_entries(counts, alpha=1, x_max=1, truncate=True, dtype="float64")
    whole = np.zeros((entries.size, entries.size))
    whole[entries.rows, entries.columns] = np.maximum(entries.targets, 0)
    values, vectors = np.linalg.eigh(whole + whole.T)
    largest = np.argsort(-np.abs(values))[:5]
    expected = vectors[:, largest] * np.sqrt(np.abs(values[largest]))
    found = ppmi_svd(counts, 5, num_products=60).vectors
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-4)


@pytest.mark.parametrize(
    "setting",
    [
        {"dim": 0},
        {"tables": "two"},
        {"solver": "newton"},
        {"dtype": "float16"},
        {"epochs": 0},
        {"learning_rate": float("nan")},
        {"batch_size": -1},
        {"x_max": 0},
        {"unseen": -0.1},
        {"unseen": float("nan")},
    ],
)
def test_a_setting_that_cannot_be_is_an_error(setting, topics):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        PMIWordVectors(**setting).fit(topics)


def test_ppmi_of_more_numbers_than_words_is_an_error(topics):
    with pytest.raises(ConfigError, match="dim"):
        ppmi_svd(topics, 10**4)


@pytest.mark.parametrize("learn", [PMIWordVectors(4).fit, GloVe(4).fit, ppmi_svd])
def test_texts_in_place_of_counts_are_an_error(learn):
    with pytest.raises(DataError, match=r"cooccurrence\(corpus\)"):
        learn([["a", "b"], ["b", "a"]])


def test_a_corpus_of_one_word_is_an_error():
    with pytest.raises(DataError, match="different words"):
        PMIWordVectors(4).fit(cooccurrence([["a", "a"]], min_count=1))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_is_an_error(topics):
    with pytest.raises(TrainingError, match="learning_rate"):
        PMIWordVectors(8, learning_rate=1e30, compiled=False).fit(topics)
