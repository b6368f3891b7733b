"""What vectors are asked: against brute force over all words."""

import pkgutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, KewenError
from kewen.mining import WordVectors, write_word2vec
from kewen.mining.profiles import profile_directions

WORDS = [f"w{i}" for i in range(40)]


@pytest.fixture
def vectors():
    table = np.random.default_rng(0).standard_normal((40, 6))
    return WordVectors(WORDS, table, np.arange(40, 0, -1))


def _cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def test_related_words_have_the_largest_inner_products(vectors):
    found = vectors.most_related("w3", 5)
    products = {w: vectors["w3"] @ vectors[w] for w in WORDS if w != "w3"}
    best = sorted(products, key=lambda word: -products[word])[:5]
    assert [word for word, _ in found] == best
    assert found[0][1] == pytest.approx(products[best[0]])
    assert vectors.pmi("w3", best[0]) == pytest.approx(products[best[0]])


def test_normalized_relatedness_is_the_cosine(vectors):
    ((word, score),) = vectors.most_related("w3", 1, normalize=True)
    cosines = {w: _cosine(vectors["w3"], vectors[w]) for w in WORDS if w != "w3"}
    assert word == max(cosines, key=lambda each: cosines[each])
    assert score == pytest.approx(cosines[word])


@pytest.mark.parametrize("contexts", [3, 12, 40, 10_000])
def test_profile_similarity_is_pearsons_correlation_of_inner_products(
    vectors, contexts
):
    profiles = vectors.vectors @ vectors.vectors[:contexts].T
    expected = np.corrcoef(profiles)
    for i, j in [(0, 1), (5, 30), (39, 2)]:
        found = vectors.profile_correlation(f"w{i}", f"w{j}", context_words=contexts)
        assert found == pytest.approx(expected[i, j], abs=1e-12)
    ranked = vectors.most_similar("w7", 3, context_words=contexts)
    order = [i for i in np.argsort(-expected[7], kind="stable") if i != 7][:3]
    if contexts > 6:  # with fewer, all correlations are 1 or -1 along a line
        assert [word for word, _ in ranked] == [f"w{i}" for i in order]


def test_profiles_bear_vectors_of_low_rank_and_ones_that_do_not_vary():
    generator = np.random.default_rng(1)
    low = generator.standard_normal((50, 2)) @ generator.standard_normal((2, 10))
    low[7] = 0
    turned = profile_directions(low, 50)
    expected = np.corrcoef(np.delete(low, 7, axis=0) @ low.T)
    kept = np.delete(turned, 7, axis=0)
    np.testing.assert_allclose(kept @ kept.T, expected, atol=1e-10)
    assert (turned[7] == 0).all()
    assert (profile_directions(np.ones((5, 3)), 5) == 0).all()


def test_analogy_equals_brute_force_and_leaves_the_query_out(vectors):
    query = vectors["w1"] + vectors["w2"] - vectors["w3"]
    scores = {word: _cosine(query, vectors[word]) for word in WORDS}
    everything = vectors.analogy(["w1", "w2"], ["w3"], 40, exclude_query=False)
    assert [w for w, _ in everything] == sorted(WORDS, key=lambda w: -scores[w])
    left = vectors.analogy(["w1", "w2"], ["w3"], 40)
    assert [w for w, _ in left] == [
        w for w, _ in everything if w not in ("w1", "w2", "w3")
    ]


def test_keywords_rank_a_text_s_words_against_its_whole(vectors):
    tokens = ["w5", "w9", "w5", "?", "w2"]
    whole = 2 * vectors["w5"] + vectors["w9"] + vectors["w2"]
    scores = {word: vectors[word] @ whole for word in ("w5", "w9", "w2")}
    found = vectors.keywords(tokens)
    assert dict(found) == pytest.approx(scores)
    assert [w for w, _ in found] == sorted(scores, key=lambda w: -scores[w])
    lengths = dict(zip(WORDS, vectors.norms, strict=True))
    for word, score in vectors.keywords(tokens, normalize=True):
        assert score == pytest.approx(scores[word] / lengths[word])
    assert vectors.keywords(["?"]) == []


def test_sentences_are_sums_or_means_of_known_words(vectors):
    total = vectors["w1"] + vectors["w1"] + vectors["w4"]
    np.testing.assert_allclose(vectors.sentence_vector(["w1", "?", "w1", "w4"]), total)
    np.testing.assert_allclose(
        vectors.sentence_vector(["w1", "w1", "w4"], "mean"), total / 3
    )
    assert (vectors.sentence_vector([]) == 0).all()
    assert vectors.sentence_vectors([["w1"], []]).shape == (2, 6)
    assert vectors.sentence_vectors([]).shape == (0, 6)


def test_an_unknown_word_can_count_as_the_mean_of_the_rarest(vectors):
    mean = vectors.vectors.mean(axis=0)  # there are fewer than a hundred
    found = vectors.sentence_vector(["w1", "?"], "mean", unknown=True)
    np.testing.assert_allclose(found, (vectors["w1"] + mean) / 2)


def test_mutual_information_of_sets_is_the_sum_over_pairs(vectors):
    some, others = ["w1", "w2"], ["w3", "w4", "w5"]
    pairs = sum(vectors.pmi(a, b) for a in some for b in others)
    assert vectors.mutual(some, others) == pytest.approx(pairs)
    assert vectors.similarity(some, others, normalize=False) == pytest.approx(pairs)
    expected = _cosine(vectors.sentence_vector(some), vectors.sentence_vector(others))
    assert vectors.similarity(some, others) == pytest.approx(expected)
    assert vectors.similarity(some, ["?"]) == 0


def test_norm_rank_is_smallest_first(vectors):
    ranked = vectors.norm_rank()
    squares = [square for _, square in ranked]
    assert len(ranked) == 40 and squares == sorted(squares)
    assert squares[0] == pytest.approx(
        float(vectors[ranked[0][0]] @ vectors[ranked[0][0]])
    )


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("counts", [None, np.array([9, 3])])
def test_vectors_are_saved_and_loaded_bit_for_bit(tmp_path, ending, counts):
    table = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    WordVectors(["New\nYork", "纽约"], table, counts).save(tmp_path / f"v.{ending}")
    again = WordVectors.load(tmp_path / f"v.{ending}")
    assert again.words == ("New\nYork", "纽约")
    assert (again.vectors == table).all() and again.vectors.dtype == np.float32
    assert again.has_counts == (counts is not None)
    if counts is not None:
        assert (again.lexicon.counts == counts).all()


def test_a_file_of_something_else_is_an_error(tmp_path):
    np.savez(tmp_path / "v.npz", embeddings=np.ones((2, 2)))
    with pytest.raises(DataError, match="embeddings"):
        WordVectors.load(tmp_path / "v.npz")
    words = np.frombuffer(b"a\0b\0", np.uint8)
    np.savez(tmp_path / "flat.npz", words=words, vectors=np.ones(4, np.float32))
    with pytest.raises(DataError, match="2 axes"):
        WordVectors.load(tmp_path / "flat.npz")
    (tmp_path / "v.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(KewenError):
        WordVectors.load(tmp_path / "v.safetensors")


def test_another_ending_is_an_error(tmp_path, vectors):
    with pytest.raises(ConfigError, match="safetensors"):
        vectors.save(tmp_path / "vectors.txt")


@pytest.mark.parametrize(
    ("words", "table"),
    [
        (["a"], np.ones((2, 3))),
        (["a", "b"], np.ones(2)),
        (["a", "a"], np.ones((2, 3))),
        (["a", "b"], np.array([[1.0], [np.nan]])),
        (["a", "b"], np.array([[1.0], [np.inf]])),
        (["a", "b"], np.array([[1.0], [-np.inf]])),
        (["a", "b"], np.array([[1.0], [1e20]], np.float32)),
        (["a"], np.array([["one"]])),
        (["a"], np.array([[1j]])),
        (["a"], np.zeros((1, 0))),
        ([], np.zeros((0, 3))),
    ],
)
def test_words_and_vectors_that_do_not_fit_are_an_error(words, table):
    with pytest.raises(DataError):
        WordVectors(words, table)


def test_a_word_with_a_zero_byte_is_not_saved(tmp_path):
    with pytest.raises(DataError, match="zero byte"):
        WordVectors(["a\0b"], np.ones((1, 2))).save(tmp_path / "v.npz")


@pytest.mark.parametrize(
    "ask",
    [
        lambda v: v["nobody"],
        lambda v: v[["w1", "w2"]],
        lambda v: v.pmi("w1", ""),
        lambda v: v.analogy([]),
        lambda v: v.analogy("w1"),
        lambda v: v.analogy(["w1"], "w2"),
        lambda v: v.keywords("w1 w2"),
        lambda v: v.keywords(["w1"], 0),
        lambda v: v.sentence_vector("w1 w2"),
        lambda v: v.sentence_vectors(["w1", "w2"]),
        lambda v: v.similarity(["w1"], "w2"),
        lambda v: v.mutual("w1", ["w2"]),
        lambda v: v.norm_rank(-1),
        lambda v: v.analogy(["w1", "nobody"]),
        lambda v: v.most_similar("nobody"),
        lambda v: v.most_similar("w1", context_words=1),
        lambda v: v.most_related("w1", 0),
        lambda v: v.sentence_vector(["w1"], "max"),
    ],
)
def test_what_cannot_be_asked_is_an_error(vectors, ask):
    with pytest.raises(KewenError):
        ask(vectors)


def test_half_precision_and_whole_numbers_are_widened():
    table = np.full((2, 4), 200, np.float16)
    vectors = WordVectors(["a", "b"], table)
    assert vectors.vectors.dtype == np.float32
    assert vectors.pmi("a", "b") == 4 * 200**2  # more than half precision can say
    assert WordVectors(["a"], np.array([[3, 4]])).norms.tolist() == [5]


def test_no_module_of_the_room_has_a_public_function_s_name():
    """Else importing the module would put it in the function's place."""
    import kewen.mining

    home = Path(kewen.mining.__file__).parent
    modules = {each.name for each in pkgutil.iter_modules([str(home)])}
    assert not modules & set(kewen.mining.__all__)


@pytest.mark.parametrize("name", ["v.npz", "v.txt", "v.bin"])
def test_half_a_character_is_no_word_of_a_file(tmp_path, name):
    vectors = WordVectors(["好", "x\ud83dy", "b"], np.eye(3, dtype="f4"))
    write = vectors.save if name == "v.npz" else partial(write_word2vec, vectors)
    with pytest.raises(DataError, match=r"'x\\ud83dy', with half"):
        write(tmp_path / name)
    assert not (tmp_path / name).exists()
