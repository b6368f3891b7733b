"""What word vectors are measured by: Chinese texts at hand, and questions to them.

The texts are some 500,000 sentences of a dozen data sets (`--data`; they are not part
of kewen), labels left out: some 8 million words. They are no encyclopaedia, and most
analogy questions ask for words that they lack; how many are left is stated.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Which fields of a JSON set hold text.
TEXT_FIELDS = {
    "context",
    "question",
    "text",
    "sentence",
    "sentence1",
    "sentence2",
    "content",
    "abst",
}
Rows = list[list[str]]
WAYS = ("raw", "unit", "raw rare", "unit rare")  # of adding up a sentence
RARE = 1e-3


def corpus(data: Path) -> Iterator[str]:
    """Every text, in a fixed order."""
    for line in _lines(data / "chinese_sentiment" / "train.data"):
        yield line.rpartition("\t")[0]
    for line in _lines(data / "peoples_daily_pos" / "sample.txt"):
        yield "".join(word.rpartition("/")[0] for word in line.split())
    for name in ("cmrc2018/dev", "cmrc2018/trial"):
        yield from _fields(json.loads(_text(data / f"{name}.json")))
    for kind in "md":
        for part in ("train", "dev", "test"):
            read = json.loads(_text(data / "c3" / f"{kind}_{part}.json"))
            for document, questions, _ in read:
                yield "".join(document)
                yield from (each["question"] for each in questions)
    for folder in ("fewclue", "duie_sample", "cluener", "ocnli"):
        for path in sorted((data / folder).glob("*.jsonl")):
            for line in _lines(path):
                yield from _fields(json.loads(line))
    for folder in ("lcqmc", "afqmc"):
        for path in sorted((data / folder).glob("*.tsv")):
            for line in _lines(path):
                yield from line.split("\t")[:2]
    for line in _lines(data / "stsb_zh" / "train.tsv"):
        yield from line.split("\t")[:2]
    with gzip.open(data / "msra_ner" / "all.txt.gz", "rt", encoding="utf-8") as file:
        for sentence in file.read().split("\n\n"):
            yield "".join(line.partition("\t")[0] for line in sentence.split("\n"))


def _fields(record: Any, wanted: bool = False) -> Iterator[str]:
    if isinstance(record, str):
        if wanted:
            yield record
    elif isinstance(record, list):
        for each in record:
            yield from _fields(each, wanted)
    elif isinstance(record, dict):
        for name, each in record.items():
            if name in TEXT_FIELDS or isinstance(each, list | dict):
                yield from _fields(each, name in TEXT_FIELDS)


def _lines(path: Path) -> list[str]:
    return [line for line in _text(path).split("\n") if line.strip()]


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def analogies(data: Path) -> dict[str, Rows]:
    """a b c d: a to b is as c to d; by file, repetitions left out."""
    found = {}
    for name in ("semantic", "morphological", "translated"):
        lines = _lines(data / "ca8_analogy" / f"{name}.txt")
        rows = [tuple(line.split()) for line in lines if not line.startswith(":")]
        found[name] = [list(row) for row in dict.fromkeys(rows) if len(row) == 4]
    return found


def analogy_score(
    words: Sequence[str], vectors: np.ndarray, questions: Rows
) -> tuple[float, int]:
    """Share of questions whose d is nearest to b - a + c by cosine, and how many.

    Only questions whose four words have vectors are asked; a, b, c are no answers.
    """
    index = {word: number for number, word in enumerate(words)}
    known = [row for row in questions if all(word in index for word in row)]
    if not known:
        return float("nan"), 0
    table = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    ids = np.array([[index[word] for word in row] for row in known])
    right = 0
    for a, b, c, d in (part.T for part in np.array_split(ids, -(-len(ids) // 256))):
        scores = (table[b] - table[a] + table[c]) @ table.T
        for each in (a, b, c):
            np.put_along_axis(scores, each[:, None], -np.inf, axis=1)
        right += int((scores.argmax(axis=1) == d).sum())
    return right / len(known), len(known)


def halves(questions: Rows) -> tuple[Rows, Rows]:
    """Every second question, to choose settings by, and the others, to report."""
    return questions[::2], questions[1::2]


def sentence_pairs(data: Path, part: str) -> tuple[list[str], list[str], np.ndarray]:
    """STS-B's pairs, "dev" or "test", and how alike people find them, 0 to 5."""
    with (data / "stsb_zh" / f"{part}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    one, other, score = zip(*(row[:3] for row in rows), strict=True)
    return list(one), list(other), np.array(score, float)


def weighed(vectors: np.ndarray, counts: np.ndarray, way: str) -> np.ndarray:
    """What is summed up for a sentence.

    "raw" are the vectors, "unit" those of length 1; with " rare" a word of probability
    p is multiplied by a / (a + p), a = 0.001 (Arora, Liang and Ma, 2017).
    """
    table = vectors
    if way.startswith("unit"):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        table = vectors / np.maximum(lengths, 1e-9)
    if way.endswith(" rare"):
        table = table * (RARE / (RARE + counts / counts.sum()))[:, None]
    return table


def sentence_score(
    words: Sequence[str],
    table: np.ndarray,
    cut: Callable[[str], list[str]],
    data: Path,
    part: str,
) -> float:
    """Spearman of people's scores and the cosine of the sentences' summed rows."""
    from scipy.stats import spearmanr

    index = {word: number for number, word in enumerate(words)}
    one, other, truth = sentence_pairs(data, part)

    def sums(texts: list[str]) -> np.ndarray:
        rows = [[index[w] for w in cut(text) if w in index] for text in texts]
        found = np.stack([table[row].sum(axis=0) for row in rows])
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    cosines = (sums(one) * sums(other)).sum(axis=1)
    return float(np.asarray(spearmanr(cosines, truth))[0])


def cut(text: str) -> list[str]:
    """The words of a text of a task, cut as the corpus is."""
    import rjieba

    return rjieba.cut(text)


def sentiment(data: Path, name: str) -> tuple[list[str], np.ndarray]:
    """Texts and labels of one file of the reviews."""
    rows = [
        line.rpartition("\t")[::2]
        for line in _lines(data / "chinese_sentiment" / f"{name}.data")
    ]
    return [text for text, _ in rows], np.array([int(label) for _, label in rows])
