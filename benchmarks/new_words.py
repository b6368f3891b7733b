"""New words of People's Daily against its hand-made segmentation: precision at k.

`python -m benchmarks.new_words SAMPLE` reads lines like `致/v  读者/n`, finds words in
the text without its spaces, and prints which share of the first k are words of the
corpus; likewise for known alternatives of ordering and for the lesson's thresholds. The
table after it is of the segmenter: words found over words written, by their places. The
defaults of `NewWords` were chosen on this very text.

With `--data FOLDER`, also seconds and memory on a quarter and on all of the 103 MB that
`python -m benchmarks.counting` makes of FOLDER, with two workers, each in a process of
its own. Memory is the highest: of the process once with the pages of its temporary
files, as the kernel keeps it, and once without them, which the kernel may drop.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.counting import DOCUMENTS, Watch, peak_mb, write_corpus
from benchmarks.harness import ROOT, publish
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


class Own(threading.Thread):
    """Keeps the highest memory of this process that is no page of a file."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest_mb = 0.0

    def run(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text()
            now = int(status.partition("RssAnon:")[2].split()[0]) / 1024
            self.highest_mb = max(self.highest_mb, now)
            time.sleep(0.02)


def one_run(corpus: str) -> None:
    """In a process of its own: find the words of a file, and print what it took."""
    watch, own = Watch(forked=False), Own()
    watch.start()
    own.start()
    start = time.perf_counter()
    found = NewWords(workers=2).fit(corpus)
    seconds = time.perf_counter() - start
    peaks = [own.highest_mb, peak_mb(), watch.highest_mb]
    print(json.dumps([seconds, *peaks, len(found.words_)]))


def costs(data: Path) -> str:
    """A row for a quarter and for all of the large corpus."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        for documents in (DOCUMENTS // 4, DOCUMENTS):
            write_corpus(path, data, documents)
            command = [sys.executable, "-m", "benchmarks.new_words", "--run", str(path)]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, cwd=ROOT, text=True, check=True
            )
            seconds, *peaks, words = json.loads(done.stdout)
            megabytes = f"{path.stat().st_size / 1e6:.0f}"
            sizes = [f"{peak:.0f}" for peak in peaks]
            rows.append([megabytes, f"{seconds:.1f}", *sizes, str(words)])
    head = ["MB of text", "s", "peak MB", "with files", "a worker's", "words"]
    return text_table(head, rows)


def main() -> None:
    """Find, compare, publish."""
    if sys.argv[1:2] == ["--run"]:
        one_run(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--data", type=Path, help="folder of texts for a large corpus")
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
    if given.data is not None:
        body += f"\n\n{costs(given.data)}"
    publish("new_words", "New words of People's Daily", body, write=given.write)


if __name__ == "__main__":
    main()
