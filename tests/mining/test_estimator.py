"""Settings of the estimators as scikit-learn reads, copies and changes them."""

import copy

import networkx as nx
import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, NotFittedError
from kewen.mining import (
    GloVe,
    InfoMap,
    NewWords,
    PMIWordVectors,
    WordCounter,
    cooccurrence,
    ppmi_svd,
)

CHANGED = [
    InfoMap(levels="multi", random_state=3),
    WordCounter("spaces", workers=1, most=7),
    NewWords(min_cohesion=(1, 2, 3), known=["一"]),
    PMIWordVectors(32, solver="als"),
    GloVe(16, epochs=2),
]


@pytest.mark.parametrize("estimator", CHANGED, ids=lambda each: type(each).__name__)
def test_scikit_learn_clones_them(estimator):
    base = pytest.importorskip("sklearn.base")
    clone = base.clone(estimator)
    assert clone is not estimator
    assert clone.get_params() == estimator.get_params()
    assert clone.get_params() != type(estimator)().get_params()


@pytest.mark.parametrize("estimator", CHANGED, ids=lambda each: type(each).__name__)
def test_all_arguments_are_settings_and_a_copy_is_made_of_them(estimator):
    params = estimator.get_params()
    assert type(estimator)(**params).get_params() == params


def test_settings_are_changed_by_name():
    infomap = InfoMap(num_trials=2)
    assert infomap.set_params(markov_time=16.0, random_state=0) is infomap
    assert infomap.get_params()["markov_time"] == 16.0
    ring = nx.ring_of_cliques(60, 5)
    assert infomap.fit(ring).labels_.max() < InfoMap().fit(ring).labels_.max()


def test_a_name_that_is_no_setting_is_refused_and_nothing_changed():
    infomap = InfoMap()
    with pytest.raises(ConfigError, match=r"num_trials.*Received: 'trials'"):
        infomap.set_params(levels="multi", trials=3)
    assert infomap.levels == 2


def test_what_is_shown_is_what_differs_from_the_usual():
    assert repr(InfoMap()) == "InfoMap()"
    assert repr(WordCounter("jieba", most=9)) == "WordCounter(words='jieba', most=9)"
    many = repr(NewWords(known=[str(number) for number in range(1000)]))
    assert many.startswith("NewWords(known=['0', ") and len(many) < 100


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (lambda: WordCounter().bounds("x"), "counts_"),
        (lambda: WordCounter().most_common(2), "counts_"),
        (lambda: NewWords().segmenter(), "counts_"),
        (lambda: InfoMap().members(), "memberships_"),
        (lambda: PMIWordVectors().vectors_, "vectors_"),
    ],
)
def test_what_only_fit_gives_is_asked_for_after_it(asked, name):
    with pytest.raises(NotFittedError, match=f"{name} once it was fitted.*Call fit"):
        asked()


def test_a_name_that_is_none_is_an_ordinary_attribute_error():
    fitted = WordCounter("spaces", workers=1).fit(["a b"])
    for each in (WordCounter(), fitted):
        with pytest.raises(AttributeError, match="'WordCounter' object has no"):
            getattr(each, "count")  # noqa: B009
    with pytest.raises(AttributeError, match="no attribute 'word_'"):
        getattr(fitted, "word_")  # noqa: B009
    assert copy.deepcopy(fitted).counts_ == fitted.counts_
    assert not hasattr(WordCounter(), "counts_")


COUNTS = cooccurrence([["a", "b", "c"]] * 3, min_count=1)


@pytest.mark.parametrize("wrong", [-1, 1.5, "a"])
def test_a_random_state_that_cannot_be_is_named(wrong):
    for fit in (
        lambda: PMIWordVectors(2, random_state=wrong).fit(COUNTS),
        lambda: GloVe(2, random_state=wrong).fit(COUNTS),
        lambda: ppmi_svd(COUNTS, 2, random_state=wrong),
        lambda: InfoMap(random_state=wrong).fit([[0, 1], [1, 0]]),
    ):
        with pytest.raises(ConfigError, match="random_state must be"):
            fit()


def test_numpy_s_older_generator_is_a_seed():
    old = np.random.RandomState
    labels = [
        InfoMap(random_state=old(3)).fit([[0, 1], [1, 0]]).trials_ for _ in range(2)
    ]
    assert labels[0] == labels[1]
    one, other = (PMIWordVectors(2, random_state=old(3)).fit(COUNTS) for _ in range(2))
    np.testing.assert_array_equal(one.vectors_.vectors, other.vectors_.vectors)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dim", 1.5),
        ("dim", 0),
        ("epochs", 2.5),
        ("epochs", "3"),
        ("batch_size", 0),
        ("dtype", "x"),
        ("alpha", -1),
        ("alpha", float("nan")),
        ("x_max", 0),
        ("learning_rate", float("inf")),
    ],
)
@pytest.mark.parametrize("model", [PMIWordVectors, GloVe])
def test_settings_of_vectors_that_cannot_be_are_named(model, setting, value):
    with pytest.raises(ConfigError, match=f"{setting} must be"):
        model(**{"dim": 2, setting: value}).fit(COUNTS)


def test_a_corpus_without_pairs_is_told_by_each_model():
    alone = cooccurrence([["a"]], min_count=1)
    for fit in (PMIWordVectors(2).fit, GloVe(2).fit, lambda c: ppmi_svd(c, 1)):
        with pytest.raises(DataError, match="pairs of different words"):
            fit(alone)
    with pytest.raises(ConfigError, match="window must be"):
        cooccurrence([["a", "b"]], window=1.5, min_count=1)


def test_scikit_learn_tells_fitted_from_unfitted():
    validation = pytest.importorskip("sklearn.utils.validation")
    exceptions = pytest.importorskip("sklearn.exceptions")
    for make in (
        lambda: WordCounter("spaces", workers=1).fit(["a b"], None),
        lambda: PMIWordVectors(2).fit(COUNTS, None),
        lambda: GloVe(2).fit(COUNTS, None),
        lambda: InfoMap().fit([[0, 1], [1, 0]], None),
    ):
        fitted = make()
        validation.check_is_fitted(fitted)
        with pytest.raises(exceptions.NotFittedError):
            validation.check_is_fitted(type(fitted)())
