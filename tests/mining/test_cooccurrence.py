"""Counts of near words: against two loops, and whatever the memory."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from planted import as_words, brute_pairs, random_documents

from kewen.errors import ConfigError, DataError, KewenError, NotFoundError
from kewen.mining import Cooccurrence, Lexicon, cooccurrence
from kewen.mining.key_counts import KeyCounts, summed


@pytest.mark.parametrize("window", [1, 3, 10, 40])
def test_flat_counts_equal_two_loops(window):
    documents = random_documents()
    counts = cooccurrence(documents, window=window, min_count=1)
    assert as_words(counts) == brute_pairs(documents, window)


def test_inverse_distances_equal_two_loops():
    documents = random_documents()
    counts = cooccurrence(
        documents, window=10, min_count=1, weighting="inverse_distance"
    )
    expected = brute_pairs(documents, 10, lambda distance: 1 / distance)
    found = as_words(counts)
    assert found.keys() == expected.keys()
    for pair, value in found.items():
        assert value == pytest.approx(expected[pair], rel=1e-12)


def test_rare_words_are_left_out_before_windows_are_laid():
    documents = random_documents()
    often = {
        word for word, n in Counter(chain.from_iterable(documents)).items() if n >= 20
    }
    counts = cooccurrence(documents, window=2, min_count=20)
    assert set(counts.lexicon.words) == often
    assert as_words(counts) == brute_pairs(documents, 2, kept=often)


def test_words_are_sorted_by_count():
    documents = random_documents()
    lexicon = cooccurrence(documents, min_count=1).lexicon
    expected = Counter(chain.from_iterable(documents))
    assert dict(zip(lexicon.words, lexicon.counts, strict=True)) == expected
    assert (np.diff(lexicon.counts) <= 0).all()
    assert lexicon.words == Lexicon.of(expected).words


def test_the_full_matrix_is_symmetric_and_sees_a_word_beside_itself_twice():
    matrix = cooccurrence([["a", "a", "b"]], window=1, min_count=1).matrix.toarray()
    assert (matrix == [[2, 1], [1, 0]]).all()


def test_a_stream_with_little_memory_spills_and_counts_the_same(monkeypatch):
    documents = random_documents(documents=3000, words=2000)
    whole = cooccurrence(documents, min_count=1)
    spilled = []
    parts = KeyCounts.parts

    def watched(self):
        spilled.append(len(self._spilled))
        pieces = list(parts(self))
        assert max(len(keys) for keys, _ in pieces) < (1 << 20) / 64
        return iter(pieces)

    monkeypatch.setattr(KeyCounts, "parts", watched)
    monkeypatch.setattr("kewen.mining.cooccurrences.BLOCK_TOKENS", 5000)
    monkeypatch.setattr("kewen.mining.token_file.SPOOL_BYTES", 1000)
    streamed = cooccurrence(iter(documents), min_count=1, memory_bytes=1 << 20)
    assert spilled[0] >= 2
    assert (streamed.pairs != whole.pairs).nnz == 0
    assert streamed.lexicon.words == whole.lexicon.words


@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_blocks_cut_no_window(monkeypatch, block):
    documents = random_documents(documents=9)
    monkeypatch.setattr("kewen.mining.cooccurrences.BLOCK_TOKENS", block)
    for weighting in ("flat", "inverse_distance"):
        counts = cooccurrence(documents, window=5, min_count=1, weighting=weighting)
        weight = (lambda d: 1.0) if weighting == "flat" else (lambda d: 1 / d)
        assert as_words(counts) == pytest.approx(brute_pairs(documents, 5, weight))


def test_parts_counted_with_one_lexicon_merge_to_the_whole():
    documents = random_documents()
    whole = cooccurrence(documents, min_count=3)
    parts = [
        cooccurrence(part, lexicon=whole.lexicon)
        for part in (documents[:13], documents[13:])
    ]
    both = parts[0].merge(parts[1])
    assert (both.pairs != whole.pairs).nnz == 0
    assert both.num_documents == whole.num_documents == len(documents)


def test_counts_that_do_not_belong_together_are_not_merged():
    documents = random_documents()
    counts = cooccurrence(documents, min_count=1)
    with pytest.raises(DataError, match="window"):
        counts.merge(cooccurrence(documents, window=3, min_count=1))
    with pytest.raises(DataError, match="same words"):
        counts.merge(cooccurrence(documents, min_count=9))


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_counts_are_saved_and_loaded_as_they_were(tmp_path, ending):
    counts = cooccurrence(
        [["机场", "New York", "飞机"]] * 3,
        window=2,
        min_count=1,
        weighting="inverse_distance",
    )
    counts.save(tmp_path / f"counts.{ending}")
    again = Cooccurrence.load(tmp_path / f"counts.{ending}")
    assert again.lexicon.words == counts.lexicon.words
    assert (again.lexicon.counts == counts.lexicon.counts).all()
    assert (again.pairs != counts.pairs).nnz == 0
    assert (again.window, again.weighting) == (2, "inverse_distance")
    assert again.num_documents == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("columns", np.array([9, 1, 1], np.int32)),
        ("columns", np.array([0, -1, 1], np.int32)),
        ("row_ends", np.array([3, 1], np.int64)),
        ("row_ends", np.array([2, 4], np.int64)),
        ("amounts", np.array([1, np.nan, 1])),
        ("amounts", np.array([1.0, 1.0])),
        ("counts", np.array([3], np.int64)),
        ("counts", np.array([3, 0], np.int64)),
        ("words", np.frombuffer(b"a\0b", np.uint8)),
        ("words", np.frombuffer(b"a\0a\0", np.uint8)),
        ("words", np.frombuffer(b"a\0\xff\0", np.uint8)),
        ("settings", np.array([10, 7, 1], np.int64)),
        ("settings", np.array([10], np.int64)),
        ("amounts", np.array([1, 1, 1], np.int64)),
    ],
)
def test_a_damaged_file_of_counts_is_an_error(tmp_path, name, value):
    counts = cooccurrence([["a", "a", "b", "b"]], window=1, min_count=1)
    counts.save(tmp_path / "counts.npz")
    with np.load(tmp_path / "counts.npz") as file:
        arrays = dict(file)
    assert len(arrays["columns"]) == 3
    np.savez(tmp_path / "damaged.npz", **(arrays | {name: value}))
    with pytest.raises(KewenError):
        Cooccurrence.load(tmp_path / "damaged.npz")


def test_a_truncated_file_of_counts_is_an_error(tmp_path):
    cooccurrence([["a", "b"]], min_count=1).save(tmp_path / "counts.npz")
    data = (tmp_path / "counts.npz").read_bytes()
    for end in range(0, len(data) - 1, 97):
        (tmp_path / "part.npz").write_bytes(data[:end])
        with pytest.raises(KewenError):
            Cooccurrence.load(tmp_path / "part.npz")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"window": 0}, ConfigError),
        ({"window": 41, "weighting": "inverse_distance"}, ConfigError),
        ({"weighting": "round"}, ConfigError),
        ({"min_count": 0}, ConfigError),
        ({"memory_bytes": 10}, ConfigError),
        ({"workers": 0}, ConfigError),
        ({"min_count": 100}, DataError),
        ({"lexicon": ["a", "b"]}, ConfigError),
        ({"folder": "no such folder"}, NotFoundError),
    ],
)
def test_what_cannot_be_counted_is_an_error(options, error):
    with pytest.raises(error):
        cooccurrence([["a", "b"]], **options)


def test_a_string_in_place_of_words_is_an_error():
    with pytest.raises(DataError, match="Cut it into words"):
        cooccurrence(["今天天气"], min_count=1)


def test_words_that_are_no_strings_are_an_error():
    with pytest.raises(DataError, match="must be strings"):
        cooccurrence([["a", 7]], min_count=1)


def test_sums_by_key_equal_a_counter():
    generator = np.random.default_rng(0)
    keys = generator.integers(50, size=1000)
    amounts = generator.integers(9, size=1000)
    found, sums = summed(keys, amounts)
    assert dict(zip(found, sums, strict=True)) == {
        key: amounts[keys == key].sum() for key in set(keys)
    }
    assert dict(zip(*summed(keys), strict=True)) == Counter(keys.tolist())
