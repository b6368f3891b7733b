"""Memory of a tokenizer over long Chinese texts without a space: is it flat?

`python -m benchmarks.long_texts` makes 200 documents of 100,000 characters, each unlike
all before, and gives them to tokenizers of every kind. Each kind has a process of
its own. Models of pieces remember words, and such a document is one word.
"""

import argparse
import multiprocessing
import tempfile
from pathlib import Path
from random import Random

from benchmarks.harness import publish

KINDS = ("word pieces", "words first", "byte-level BPE", "Unigram")
DOCUMENTS, CHARACTERS = 200, 100_000
WARM = 20  # documents until caches are full
CHINESE = [chr(code) for code in range(0x4E00, 0x5E00)]


def make(kind: str, folder: Path):
    """A tokenizer of that kind over some characters and all of their bytes."""
    from tokenizers import Tokenizer as Library
    from tokenizers import models, pre_tokenizers

    from kewen.text import Tokenizer

    path = folder / "tokenizer.json"
    if kind in KINDS[:2]:
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *CHINESE]
        path = folder / "vocab.txt"
        path.write_text("\n".join(tokens), "utf-8")
        words = "rjieba" if kind == "words first" else None
        return Tokenizer.from_file(path, words=words)
    if kind == "Unigram":
        pieces = [("<unk>", 0.0), *((each, -9.0) for each in CHINESE)]
        library = Library(models.Unigram(pieces, 0, byte_fallback=False))
        library.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        ids = {letter: number for number, letter in enumerate(alphabet)}
        library = Library(models.BPE(ids, []))
        library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.save(str(path))
    return Tokenizer.from_file(path)


def resident_mb() -> float:
    """Of this process, now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS in /proc/self/status")


def one(kind: str) -> str:
    """Memory after the warm-up, its most since, and at the end."""
    rng = Random(0)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = make(kind, Path(folder))
    seen: list[float] = []
    for _ in range(DOCUMENTS):
        text = "".join(rng.choices(CHINESE, k=CHARACTERS))
        tokenizer(text, max_length=512)
        seen.append(resident_mb())
    start, rest = seen[WARM], seen[WARM:]
    return (
        f"{kind:15} {start:4.0f} MB after {WARM}, at most {max(rest):4.0f} MB, "
        f"{seen[-1]:4.0f} MB after {DOCUMENTS}: {seen[-1] - start:+.0f} MB"
    )


def main() -> None:
    """Measure each kind in a process of its own, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    given = parser.parse_args()
    lines = [f"{DOCUMENTS} documents of {CHARACTERS:,} Chinese characters"]
    for kind in KINDS:
        # One process for one kind, so that none finds the memory of another.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            lines.append(pool.apply(one, (kind,)))
    publish(
        "long_texts",
        "Memory over long texts without a space",
        "\n".join(lines),
        write=given.write,
    )


if __name__ == "__main__":
    main()
