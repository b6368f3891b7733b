"""Graphs of near vectors, and clusters of words."""

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.mining import WordVectors, cluster_embeddings, knn_graph


def vectors(count=200, dim=8, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


@pytest.mark.parametrize("block_bytes", [1, 5_000, 64 << 20])
def test_links_are_those_of_a_search_through_all_pairs(block_bytes):
    x = vectors()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    expected = np.zeros_like(cosines)
    for row, near in enumerate(np.argsort(-cosines, 1)[:, :7]):
        expected[row, near] = np.where(cosines[row, near] >= 0.3, cosines[row, near], 0)
    graph = knn_graph(x, 7, 0.3, block_bytes=block_bytes)
    assert graph.directed and graph.num_nodes == 200
    np.testing.assert_allclose(graph.weights.toarray(), expected, atol=1e-6)


def test_a_zero_vector_and_a_far_one_have_no_links():
    x = np.array([[1, 0], [1, 0.1], [0, 0], [-1, 0]], float)
    weights = knn_graph(x, 3, 0.5).weights.toarray()
    assert (weights > 0).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0] * 4, [0] * 4]
    assert weights.max() <= 1


def test_more_neighbours_than_vectors_are_all_others():
    x = np.abs(vectors(5))
    assert knn_graph(x, 50, 0.01).num_links == 20
    assert knn_graph(x[:1], 50, 0.01).num_links == 0


def test_planted_clusters_of_words_come_back():
    rng = np.random.default_rng(4)
    kin = ["父亲", "母亲", "哥哥", "妹妹", "爷爷"]
    money = ["银行", "贷款", "利率", "股票"]
    school = ["老师", "学生", "课堂", "考试", "作业", "教室"]
    centres = rng.normal(size=(3, 20))
    words = [*kin, *money, *school, "孤独"]
    which = np.repeat([0, 1, 2], [5, 4, 6])
    x = centres[which] + rng.normal(size=(15, 20)) * 0.3
    x = np.concatenate([x, -centres.sum(0, keepdims=True)])
    found = cluster_embeddings(x, words, random_state=0)
    groups = {frozenset(group) for group in found.members()}
    assert groups == {frozenset(each) for each in (kin, money, school, ["孤独"])}
    # The most central word leads.
    first = found.members()[0]
    assert set(first) == set(school)
    flows = [found.flow_[words.index(word)] for word in first]
    assert flows == sorted(flows, reverse=True)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: knn_graph(np.zeros(3)), ShapeError, r"\(n, C\).*\(3,\)"),
        (lambda: knn_graph(np.zeros((0, 3))), ShapeError, "at least one"),
        (lambda: knn_graph(np.full((2, 2), np.nan)), DataError, "2 of 2, first in"),
        (lambda: knn_graph(vectors(), 0), ConfigError, "k must be.*Received: 0"),
        (lambda: knn_graph(vectors(), 1.5), ConfigError, "k must be.*1.5"),
        (lambda: knn_graph(vectors() * 1j), DataError, "real numbers.*complex"),
        (lambda: knn_graph([["a", "b"]]), DataError, "real numbers"),
        (lambda: knn_graph(vectors(), 3, 0.0), ConfigError, "above 0"),
        (lambda: knn_graph(vectors(), names=["a"]), ShapeError, "1 names, 200"),
        (
            lambda: cluster_embeddings(np.eye(4)),
            DataError,
            "cosine of 0.6 or more.*Lower",
        ),
    ],
)
def test_what_cannot_be_clustered_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_word_vectors_bring_their_words():
    vectors = WordVectors(["a", "b", "c"], np.eye(3, dtype="f4")[[0, 0, 1]])
    graph = knn_graph(vectors)
    assert list(graph.names) == ["a", "b", "c"]
    assert graph.weights[0, 1] == 1 and graph.num_links == 2
    assert list(knn_graph(vectors, names="xyz").names) == list("xyz")
    members = cluster_embeddings(vectors, random_state=0).members()
    assert sorted(map(sorted, members)) == [["a", "b"], ["c"]]


@pytest.mark.parametrize("unit", [1e-25, 1e25])
def test_the_unit_of_vectors_does_not_matter(unit):
    rows = np.random.default_rng(0).normal(size=(20, 5)).astype("f4")
    plain = knn_graph(rows, 5, 0.1).weights
    other = knn_graph(rows * np.float32(unit), 5, 0.1).weights
    assert plain.nnz > 20
    np.testing.assert_allclose(other.toarray(), plain.toarray(), rtol=1e-5)
