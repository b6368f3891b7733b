"""Counts are those of one dict, for any number of workers and kind of corpus."""

import gzip
import json
from collections import Counter
from itertools import pairwise

import jobs
import pytest

from kewen.errors import ConfigError, DataError, WorkerError
from kewen.mining import WordCounter, counting
from kewen.mining.corpus import chunks_of

SENTENCES = ["今天天气不错，去公园吧。", "白切鸡的做法 No.1", "天气 预报 说 明天 有 雨"]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A file of 600 lines, read in chunks of some hundred bytes."""
    monkeypatch.setattr(
        counting, "chunks_of", lambda *a, **k: chunks_of(*a, **k, chunk_bytes=2000)
    )
    path = tmp_path / "corpus.txt"
    lines = [f"{SENTENCES[n * n % 3]}{n % 97}" for n in range(600)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def brute_force(path, cut):
    return Counter(
        w for line in path.read_text("utf-8").splitlines() for w in cut(line)
    )


@pytest.mark.parametrize("words", ["rjieba", "spaces", "characters", jobs.by_twos])
def test_counts_and_their_order_are_the_same_with_any_number_of_workers(corpus, words):
    rjieba = pytest.importorskip("rjieba")
    cut = {
        "rjieba": rjieba.cut,
        "spaces": str.split,
        "characters": lambda line: line.replace(" ", ""),
    }.get(words, words)
    truth = brute_force(corpus, cut)
    counters = [WordCounter(words, workers=n).fit(corpus) for n in (1, 2, 4)]
    for counter in counters:
        assert counter.counts_ == dict(truth)
        assert list(counter.counts_.items()) == list(counters[0].counts_.items())
        pairs = counter.most_common(len(truth))
        assert pairs == sorted(truth.items(), key=lambda pair: (-pair[1], pair[0]))
        assert counter.num_words_ == truth.total()
        assert (counter.num_texts_, counter.error_bound_) == (600, 0)


def test_kept_words_and_bounds_are_the_same_with_any_number_of_workers(corpus):
    truth = brute_force(corpus, jobs.by_twos)
    counters = [
        WordCounter(jobs.by_twos, workers=n, most=20).fit(corpus) for n in (1, 2, 4)
    ]
    for counter in counters:
        assert list(counter.counts_.items()) == list(counters[0].counts_.items())
        assert len(counter.counts_) <= 20
        assert 0 < counter.error_bound_ <= truth.total() / 21
        for word, count in truth.items():
            least, most = counter.bounds(word)
            assert least <= count <= most


def test_files_of_all_kinds_and_texts_give_equal_counts(corpus, tmp_path):
    lines = corpus.read_text("utf-8").splitlines()
    rows = "\n".join(json.dumps({"text": line}) for line in lines)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "all.jsonl").write_text(rows, "utf-8")
    expected = WordCounter("spaces", workers=1).fit(corpus).counts_
    for same in (tmp_path / "folder", lines, iter(lines)):
        assert WordCounter("spaces", workers=2).fit(same).counts_ == expected


def test_punctuation_can_be_left_out(corpus):
    counter = WordCounter("characters", workers=1, punctuation=False).fit(corpus)
    assert not {"，", "。", "."} & counter.counts_.keys()
    assert {"天", "N", "1"} <= counter.counts_.keys()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_text_on_which_the_function_fails_is_named(corpus, workers):
    lines = corpus.read_text("utf-8").splitlines()
    lines[400] = "a bad text"
    corpus.write_text("\n".join(lines), "utf-8")
    with pytest.raises(WorkerError, match=r"corpus.txt, line 401: 'a bad.*ValueError"):
        WordCounter(jobs.words_but_bad, workers=workers).fit(corpus)
    with pytest.raises(WorkerError, match=r"text 400: 'a bad"):
        WordCounter(jobs.words_but_bad, workers=workers).fit(lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_is_no_utf_8_is_named_with_its_line(corpus, workers):
    corpus.write_bytes(corpus.read_bytes() + "中文".encode("gb18030"))
    with pytest.raises(DataError, match=r"corpus.txt.*line 601"):
        WordCounter("spaces", workers=workers).fit(corpus)


@pytest.mark.parametrize("corpus", [[], ["", "  "]])
def test_a_corpus_without_a_text_is_refused(corpus):
    with pytest.raises(DataError, match="at least one text"):
        WordCounter("spaces", workers=2).fit(corpus)


def test_progress_ends_with_all_bytes_of_lines_and_knows_no_total_of_packed(corpus):
    told = []
    WordCounter("spaces", workers=2).fit(
        corpus, on_progress=lambda *each: told.append(each)
    )
    size = corpus.stat().st_size
    assert len(told) > 3 and told[-1] == (size, size)
    assert all(before < after for (before, _), (after, _) in pairwise(told))
    packed = corpus.with_name("corpus.txt.gz")
    packed.write_bytes(gzip.compress(corpus.read_bytes()))
    WordCounter("spaces", workers=1).fit(
        packed, on_progress=lambda *each: told.append(each)
    )
    assert told[-1] == (size, None)


def test_an_encoding_of_two_bytes_is_counted_too(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(SENTENCES), "utf-16")
    rows = [json.dumps({"body": text}, ensure_ascii=False) for text in SENTENCES]
    (tmp_path / "b.jsonl").write_text("\n".join(rows), "utf-16")
    for corpus, times in [(tmp_path / "a.txt", 1), (tmp_path, 2)]:
        counter = WordCounter("characters", workers=1, text="body", encoding="utf-16")
        assert counter.fit(corpus).counts_["天"] == 4 * times
        assert counter.num_texts_ == 3 * times


@pytest.mark.parametrize(
    ("words", "said"),
    [(lambda text: None, "failed on text 0"), (lambda text: [1, 2], "must give str")],
)
def test_what_cuts_no_strings_is_refused(words, said):
    with pytest.raises(WorkerError, match=f"The function for words {said}"):
        WordCounter(words, workers=1).fit(["a"])


@pytest.mark.parametrize("most", ["5", 1.5, 0])
def test_numbers_of_words_that_cannot_be_are_named(most):
    with pytest.raises(ConfigError, match="most must be a whole number"):
        WordCounter("spaces", workers=1, most=most).fit(["a b"])
