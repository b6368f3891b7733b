"""Which words stand near each other in 103 MB of text: memory, disk and time.

The corpus is that of `benchmarks.counting`. Each budget counts it in a process of its
own; all must give the same pairs. The process' peak is the kernel's; what lies on the
disk is looked at ten times a second.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.counting import DOCUMENTS, peak_mb, write_corpus
from benchmarks.harness import ROOT, publish
from kewen.metrics import text_table

WINDOW, LEAST = 10, 10
BUDGETS_MB = (2000, 1000, 250)
LOOK_S = 0.1


class Disk(threading.Thread):
    """Keeps the most that lies in a folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(daemon=True)
        self.folder, self.most_mb = Path(folder), 0.0

    def run(self) -> None:
        while True:
            sizes = [_size(path) for path in self.folder.rglob("*")]
            self.most_mb = max(self.most_mb, sum(sizes) / 1e6)
            time.sleep(LOOK_S)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def one_run(budget_mb: int, path: str) -> None:
    """In a process of its own: count, and print what it took."""
    from kewen.mining import cooccurrence, documents

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        disk.start()
        counts = cooccurrence(
            documents(path),
            window=WINDOW,
            min_count=LEAST,
            memory_bytes=budget_mb * 10**6,
            folder=folder,
        )
    seconds = time.perf_counter() - start
    peak = peak_mb()
    pairs = counts.pairs
    parts = {"ends": pairs.indptr, "columns": pairs.indices, "amounts": pairs.data}
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts.values()))
    said = {"seconds": seconds, "peak": peak, "disk": disk.most_mb}
    said["cpu"] = sum(os.times()[:2])
    said |= {"digest": digest.hexdigest()}
    result_mb = sum(part.nbytes for part in parts.values()) / 1e6
    said |= {"pairs": len(counts), "words": len(counts.lexicon), "result": result_mb}
    print(json.dumps(said))


def main() -> None:
    """Make the corpus, count it with each budget, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with Chinese texts")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        one_run(int(given.run[0]), given.run[1])
        return
    if given.data is None:
        parser.error("--data is needed")
    rows, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        write_corpus(path, given.data, given.documents)
        for budget in BUDGETS_MB:
            command = [sys.executable, "-m", "benchmarks.pair_memory"]
            command += ["--run", str(budget), str(path)]
            done = subprocess.run(
                command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
            )
            said = json.loads(done.stdout)
            found.append(said)
            print(budget, said, file=sys.stderr, flush=True)
            rows.append(
                [
                    f"{budget:,}",
                    f"{said['seconds']:.1f}",
                    f"{said['cpu']:.1f}",
                    f"{said['peak']:,.0f}",
                    f"{said['disk']:,.0f}",
                ]
            )
        size = path.stat().st_size
    if len({said["digest"] for said in found}) != 1:
        raise SystemExit("The counts differ.")
    head = ["memory_bytes, MB", "s", "of processors", "peak MB", "on the disk MB"]
    first = found[0]
    body = (
        f"{given.documents:,} documents, {size / 1e6:.1f} MB; {first['words']:,} words "
        f"of at least {LEAST} occurrences, {first['pairs']:,} pairs within {WINDOW} "
        f"words, {first['result']:,.0f} MB, the same with all\n\n"
        f"{text_table(head, rows)}"
    )
    publish("pair_memory", "Pairs of words in bounded memory", body, write=given.write)


if __name__ == "__main__":
    main()
