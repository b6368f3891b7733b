"""Counting the words of 103 MB of Chinese text with rjieba: kewen beside its peers.

`python -m benchmarks.counting --data FOLDER` makes 475,564 documents of 217 bytes of
the sentences below FOLDER (all .txt, .json, .jsonl, .tsv and .data files), shuffled and
repeated as often as it takes. Each subject then reads and counts them in a process of
its own, in turns; start, imports and dictionary are part of the time. All must give the
same counts. Memory is the highest of the process itself and of any of its children, as
the kernel keeps it. Peers: one dict; the lesson's two processes, which take 1000
documents at a time; polars, if it is installed; and cutting alone. A last table has the
stages of counting one chunk of the same text in one process.
"""

import argparse
import json
import multiprocessing
import os
import pickle
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.harness import ROOT, publish
from kewen.metrics import text_table

DOCUMENTS, DOCUMENT_BYTES = 475_564, 217
ENDINGS = {".txt", ".json", ".jsonl", ".tsv", ".data"}
SENTENCE = re.compile('[\u4e00-\u9fff][^。！？\\\\\n\t"]{3,}[。！？]?')
WORKERS = 2


def sentences_below(folder: Path) -> list[str]:
    """Chinese sentences of all files there, each once, in one order."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            text = path.read_text("utf-8", "ignore")
            found.update(SENTENCE.findall(text))
    if not found:
        raise SystemExit(f"There is no Chinese sentence below {folder}.")
    return sorted(found)


def write_corpus(path: Path, folder: Path, documents: int) -> None:
    """Documents of equal size, a line each."""
    sentences = sentences_below(folder)
    rng = random.Random(0)
    left = b""
    with path.open("wb") as file:
        following: Iterator[str] = iter(())
        for _ in range(documents):
            while len(left) < DOCUMENT_BYTES:
                sentence = next(following, None)
                if sentence is None:
                    rng.shuffle(sentences)
                    following = iter(sentences)
                    continue
                left += sentence.encode()
            document = left[:DOCUMENT_BYTES].decode("utf-8", "ignore").encode()
            left = left[len(document) :]
            file.write(document + b"\n")


def lines_of(path: str) -> Iterator[str]:
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n")


def kewen(path: str) -> dict[str, int]:
    from kewen.mining import WordCounter

    return WordCounter("rjieba", workers=WORKERS).fit(path).counts_


def one_dict(path: str) -> dict[str, int]:
    import rjieba

    counts: dict[str, int] = {}
    for line in lines_of(path):
        for word in rjieba.cut(line):
            counts[word] = counts.get(word, 0) + 1
    return counts


def batches(path: str) -> Iterator[list[str]]:
    lines = lines_of(path)
    while some := list(islice(lines, 1000)):
        yield some


def _count_batch(texts: Iterable[str]) -> dict[str, int]:
    import rjieba

    counts: dict[str, int] = {}
    for text in texts:
        for word in rjieba.cut(text):
            counts[word] = counts.get(word, 0) + 1
    return counts


def two_processes(path: str) -> dict[str, int]:
    total: dict[str, int] = {}
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        for counts in pool.imap_unordered(_count_batch, batches(path)):
            for word, count in counts.items():
                total[word] = total.get(word, 0) + count
    return total


def polars(path: str) -> dict[str, int]:
    import polars as pl
    import rjieba

    parts = []
    words: list[str] = []
    for line in lines_of(path):
        words += rjieba.cut(line)
        if len(words) > 2_000_000:
            parts.append(pl.Series("word", words).value_counts())
            words = []
    parts.append(pl.Series("word", words).value_counts())
    total = pl.concat(parts).group_by("word").agg(pl.col("count").sum())
    return dict(total.rows())


def cutting_alone(path: str) -> dict[str, int]:
    import rjieba

    for line in lines_of(path):
        rjieba.cut(line)
    return {}


SUBJECTS: dict[str, Callable[[str], dict[str, int]]] = {
    "kewen, two workers": kewen,
    "one dict": one_dict,
    "two processes, 1000 texts each": two_processes,
    "polars": polars,
    "cutting alone, one process": cutting_alone,
}


class Watch(threading.Thread):
    """Keeps the highest memory of this process's children.

    Args:
        forked: children stay copies of this process; else a copy is not yet a child.
    """

    def __init__(self, forked: bool = True) -> None:
        super().__init__(daemon=True)
        self.forked = forked
        self.highest_mb = 0.0

    def run(self) -> None:
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        while True:
            for child in children.read_text().split():
                if self.forked or command_of(child) != command_of("self"):
                    self.highest_mb = max(self.highest_mb, peak_mb(child))
            time.sleep(0.05)


def command_of(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def peak_mb(process: str = "self") -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def one_run(name: str, path: str) -> None:
    """In a process of its own: count, and print what it took."""
    watch = Watch()
    watch.start()
    counts = SUBJECTS[name](path)
    print("counted", flush=True)
    total = sum(counts.values())
    digest = hash_of(counts)
    said = {"peak": peak_mb(), "child": watch.highest_mb, "digest": digest}
    print(json.dumps(said | {"words": total, "different": len(counts)}))


def hash_of(counts: dict[str, int]) -> str:
    import hashlib

    return hashlib.sha256(repr(sorted(counts.items())).encode()).hexdigest()


def run(name: str, path: Path) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmarks.counting", "--run", name, str(path)]
    start = time.perf_counter()
    # The answer's digest is part of no subject's time.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    seconds = time.perf_counter() - start
    line = process.stdout.readline()
    process.wait()
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return json.loads(line) | {"seconds": seconds}


def stages(path: Path) -> str:
    """Where the time of one chunk goes, in one process."""
    import rjieba

    from kewen.mining.corpus import chunks_of
    from kewen.mining.counting import CountChunk
    from kewen.mining.packed_words import PackedWords
    from kewen.mining.word_cutters import _joinable

    rjieba.cut("今天")  # its dictionary
    spent: dict[str, float] = {}

    @contextmanager
    def timed(stage: str) -> Generator[None]:
        start = time.perf_counter()
        yield
        spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - start

    chunk = next(chunks_of(path))
    with timed("all of it, as a worker does it"):
        counted = CountChunk("rjieba")(chunk)
    with timed("reading and joining lines"):
        joined = ["\n".join(some) for some in _joinable(chunk.texts())]
    packed = PackedWords()
    for text in joined:
        with timed("rjieba"):
            words = list(rjieba.cut(text))
        with timed("words to one string"):
            "\0".join(words)
        with timed("words to numbers, sorted, counted"):  # the string is made again
            packed.add(words)
        with timed("freeing words"):
            del words
    with timed("words to numbers, sorted, counted"):
        packed._sort()
    spent["words to numbers, sorted, counted"] -= spent["words to one string"]
    with timed("sending and receiving counts"):
        pickle.loads(pickle.dumps(counted))
    rows = [[stage, f"{seconds:.3f}"] for stage, seconds in spent.items()]
    return text_table([f"stages of {chunk.size / 1e6:.1f} MB", "s"], rows)  # type: ignore[attr-defined]


def installed(name: str) -> bool:
    from importlib.util import find_spec

    return name != "polars" or find_spec("polars") is not None


def main() -> None:
    """Make the corpus, run all subjects in turns, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with Chinese texts")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        one_run(*given.run)
        return
    if given.data is None:
        parser.error("--data is needed")
    names = [name for name in SUBJECTS if installed(name)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        write_corpus(path, given.data, given.documents)
        size = path.stat().st_size
        small = Path(folder) / "quarter.txt"
        with path.open("rb") as file:
            small.write_bytes(b"".join(islice(file, given.documents // 4)))
        results: dict[str, list[dict[str, float | str]]] = {name: [] for name in names}
        for turn in range(given.turns):
            for name in names if turn % 2 == 0 else names[::-1]:
                results[name].append(run(name, path))
                print(name, results[name][-1], file=sys.stderr, flush=True)
        quarter = run(names[0], small)
        table_of_stages = stages(path)
    digests = {r[0]["digest"] for n, r in results.items() if "alone" not in n}
    if len(digests) != 1:
        raise SystemExit("The counts differ.")
    ours = statistics.median(float(r["seconds"]) for r in results[names[0]])
    rows = []
    for name, runs in results.items():
        seconds = statistics.median(float(r["seconds"]) for r in runs)
        best = min(float(r["seconds"]) for r in runs)
        rows.append(
            [
                name,
                f"{given.documents / seconds:,.0f}",
                f"{given.documents / best:,.0f}",
                f"{seconds:.2f}",
                f"{seconds / ours:.2f} x",
                f"{max(float(r['peak']) for r in runs):.0f}",
                f"{max(float(r['child']) for r in runs):.0f}",
            ]
        )
    head = ["subject", "documents/s", "at best", "median s", "ours is"]
    table = text_table([*head, "peak MB", "child's peak MB"], rows)
    first = results[names[0]][0]
    body = (
        f"{given.documents:,} documents, {size / 1e6:.1f} MB; {first['words']:,} "
        f"words, {first['different']:,} different, the same by all\n\n{table}\n\n"
        f"kewen on a quarter of it: {quarter['peak']:.0f} MB, "
        f"a worker {quarter['child']:.0f} MB\n\n{table_of_stages}"
    )
    publish("counting", "Counting words", body, write=given.write)


if __name__ == "__main__":
    main()
