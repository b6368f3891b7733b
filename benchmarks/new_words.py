"""New words of People's Daily against its hand-made segmentation: precision at k.

`python -m benchmarks.new_words SAMPLE` reads lines like `致/v  读者/n`, finds words in
the text without its spaces, and prints which share of the first k are words of the
corpus; likewise for known alternatives of ordering and for the lesson's thresholds. The
last table is of the segmenter: words found over words written, by their places. The
defaults of `NewWords` were chosen on this very text.
"""

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.harness import publish
from kewen.metrics import text_table
from kewen.mining import NewWords

KS = (100, 500, 1000, 2000, 3000)
THRESHOLDS = {
    "kewen's 3, 6, 9": (3.0, 6.0, 9.0),
    "the lesson's 2, 4, 6": (2.0, 4.0, 6.0),
}
ORDERS = {
    "freedom x log count": lambda word: word.score,
    "count": lambda word: word.count,
    "freedom": lambda word: word.freedom,
    "cohesion": lambda word: word.cohesion,
}


def sentences_in(path: Path) -> list[list[str]]:
    lines = path.read_text("utf-8").splitlines()
    return [
        [word.rsplit("/", 1)[0] for word in line.split("  ") if word.strip()]
        for line in lines
    ]


def spans(words: list[str]) -> set[tuple[int, int]]:
    places: set[tuple[int, int]] = set()
    start = 0
    for word in words:
        places.add((start, start + len(word)))
        start += len(word)
    return places


def main() -> None:
    """Find, compare, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    given = parser.parse_args()
    sentences = sentences_in(given.sample)
    truth = Counter(word for words in sentences for word in words if len(word) > 1)
    texts = ["".join(words) for words in sentences]
    ranking, cutting = [], []
    for name, thresholds in THRESHOLDS.items():
        found = NewWords(min_cohesion=thresholds, workers=1).fit(texts)
        for order, key in ORDERS.items():
            words = sorted(found.words_, key=key, reverse=True)
            hits = [word.word in truth for word in words]
            shares = [f"{sum(hits[:k]) / k:.3f}" for k in KS]
            rest = f"{sum(hits) / len(hits):.3f}"
            ranking.append([f"{name}: {order}", *shares, rest, str(len(hits))])
        segmenter = found.segmenter()
        right = written = given_words = 0
        for words in sentences:
            ours, theirs = spans(segmenter.cut("".join(words))), spans(words)
            right += len(ours & theirs)
            written += len(ours)
            given_words += len(theirs)
        shares = [right / written, right / given_words]
        shares.append(2 * right / (written + given_words))
        cutting.append([name, *(f"{share:.3f}" for share in shares)])
    head = ["ordered by", *(f"P@{k}" for k in KS), "all", "words"]
    body = (
        f"{len(sentences):,} sentences, {sum(map(len, texts)):,} characters, "
        f"{len(truth):,} different words of two letters or more\n\n"
        f"{text_table(head, ranking)}\n\n"
        f"{text_table(['segmenter', 'precision', 'recall', 'F1'], cutting)}"
    )
    publish("new_words", "New words of People's Daily", body, write=given.write)


if __name__ == "__main__":
    main()
