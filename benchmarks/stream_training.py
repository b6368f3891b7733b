"""Memory and speed of training on a file that stays on the disk: does memory grow?

`python -m benchmarks.stream_training` writes a JSONL of 0.2 GB and one of 2 GB into a
temporary folder, of one KB a row: a Chinese text of 20 to 300 characters, its label,
and a field that nobody asks for. In a process of its own for each file, it indexes the
file, trains a toy BERT for some hundred steps, and reads an epoch of batches without
the model. The smaller file is done in memory too.
"""

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.harness import publish
from kewen.metrics import text_table

SIZES_GB = (0.2, 2.0)
BATCH, LENGTH, STEPS, WARM = 64, 128, 600, 100
CHINESE = [chr(code) for code in range(0x4E00, 0x5A00)]
LABELS = ("一", "二", "三")
POOL = 5000  # texts that differ; a row is one of them with its number


def write_file(path: Path, size_gb: float) -> None:
    """Rows until the file has that size, sorted by label: the worst for a shuffle."""
    rng = Random(0)
    texts = ["".join(rng.choices(CHINESE, k=rng.randint(20, 300))) for _ in range(POOL)]
    notes = ["".join(rng.choices("0123456789abcdef", k=500)) for _ in range(POOL)]
    lines = [
        json.dumps({"note": note, "text": text}, ensure_ascii=False)[1:].encode()
        for note, text in zip(notes, texts, strict=True)
    ]
    size = int(size_gb * 1e9)
    written = number = 0
    with path.open("wb", buffering=1 << 20) as file:
        while written < size:
            label = LABELS[written * len(LABELS) // size]
            head = f'{{"row": {number}, "label": "{label}", '.encode()
            written += file.write(head + lines[rng.randrange(POOL)] + b"\n")
            number += 1


def resident_mb(field: str) -> float:
    """VmRSS is what this process has now, VmHWM the most it ever had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field} in /proc/self/status")


def tokenizer_in(folder: Path) -> Any:
    """Word pieces of single characters."""
    from kewen.text import Tokenizer

    path = folder / "vocab.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *CHINESE]), "utf-8")
    return Tokenizer.from_file(path)


def toy_model() -> Any:
    """A BERT of one narrow block: so quick that it would show each wait for rows."""
    import keras

    from kewen.losses import CrossEntropy
    from kewen.models import Backbone
    from kewen.models.bert import BertConfig

    config = BertConfig(
        vocabulary_size=len(CHINESE) + 4,
        hidden_dim=16,
        num_layers=1,
        num_heads=2,
        intermediate_dim=32,
        max_length=LENGTH,
        num_labels=len(LABELS),
    )
    full = Backbone(config, heads=["sequence_classification"])
    model = keras.Model(full.inputs_by_name, full.output["class_logits"])
    model.compile("adam", CrossEntropy())
    return model


def one(path: Path, streamed: bool) -> list[str]:
    """A row of the table: the seconds and megabytes of one file."""
    from kewen.data import (
        Batches,
        LabelSet,
        StreamedBatches,
        read_examples,
        stream_examples,
    )

    tokenizer = tokenizer_in(path.parent)
    model = toy_model()
    labels = LabelSet(LABELS)

    def encode(examples: Any) -> Any:
        texts = [example.text for example in examples]
        return tokenizer.encode_many(texts, max_length=LENGTH)

    before = resident_mb("VmRSS")
    start = time.perf_counter()
    if streamed:
        batches: Any = StreamedBatches(
            stream_examples(path),
            encode,
            numbers=labels.encode,
            max_length=LENGTH,
            batch_size=BATCH,
        )
    else:
        examples = list(read_examples(path))
        batches = Batches(
            encode(examples),
            labels=labels.encode(examples),
            batch_size=BATCH,
            shuffle=True,
        )
    ready_s = time.perf_counter() - start
    ready_mb = resident_mb("VmHWM") - before

    names = list(model.input) if isinstance(model.input, dict) else []
    rows = 0
    stream = batches.epoch(0)
    for step, batch in enumerate(islice(stream, WARM + STEPS)):
        if step == WARM:
            start, rows = time.perf_counter(), 0
        inputs = {name: batch.inputs[name] for name in names}
        model.train_on_batch(inputs, batch.labels, batch.weights)
        rows += len(batch.indices)
    training = rows / (time.perf_counter() - start)
    stream = None

    start = time.perf_counter()
    read = sum(int((batch.indices >= 0).sum()) for batch in batches.epoch(1))
    reading = read / (time.perf_counter() - start)
    if read != batches.num_rows:
        raise RuntimeError(f"{read} rows of {batches.num_rows} came in an epoch.")
    return [
        f"{path.stat().st_size / 1e9:.1f} GB",
        "streamed" if streamed else "in memory",
        f"{read:,}",
        f"{ready_s:.1f}",
        f"{ready_mb:,.0f}",
        f"{training:,.0f}",
        f"{reading:,.0f}",
        f"{resident_mb('VmHWM') - before:,.0f}",
    ]


def main() -> None:
    """Measure each file in a process of its own, and publish."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gb", type=float, nargs="+", default=SIZES_GB, help="sizes")
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    given = parser.parse_args()
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        need = int(1.1e9 * max(given.gb))
        if shutil.disk_usage(folder).free < need:
            raise SystemExit(f"{folder} needs {need:,} bytes free; set TMPDIR.")
        path = Path(folder) / "rows.jsonl"
        for size in sorted(given.gb):
            write_file(path, size)
            for streamed in (True, False) if size == min(given.gb) else (True,):
                # One process for one, so that none finds the memory of another.
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    rows.append(pool.apply(one, (path, streamed)))
                print("  ".join(rows[-1]), file=sys.stderr, flush=True)
    head = ["file", "way", "rows", "ready s", "ready MB"]
    head += ["trained rows/s", "read rows/s", "most MB"]
    publish(
        "stream_training",
        "Training on a file that stays on the disk",
        f"{text_table(head, rows)}\n"
        f"ready: indexed, or read and encoded; trained: a toy BERT, {STEPS} steps of "
        f"{BATCH};\nread: a whole epoch of batches without a model; MB: the most "
        "memory until then,\nand until the end (with what JAX compiles), over that "
        "before the file was opened",
        write=given.write,
    )


if __name__ == "__main__":
    main()
