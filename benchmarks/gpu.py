"""kewen on JAX beside transformers on torch, on one GPU, in bfloat16.

BERT-base forward and fine-tuning, and generation with GPT-2 small, each with random
weights that both read from one folder. Both hold their model and its inputs on the
device; an answer counts when it is back in the host's memory.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.bert_forward import (
    kewen_compiled,
    largest_difference,
    transformers_bert,
    write_random_bert,
)
from benchmarks.decoding import (
    MODELS,
    NEW,
    Way,
    kewen_subject,
    row_of,
    transformers_subject,
    write_random,
)
from benchmarks.finetune_minilm import BATCH_SIZE, kewen_epochs, torch_epochs
from benchmarks.harness import (
    Subject,
    common_arguments,
    measure,
    publish,
    speed_table,
)
from kewen.metrics import text_table

SHARED = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # the peer needs memory too
FORWARD = (64, 128)
LENGTH, ROWS_OF_AN_EPOCH, VOCABULARY = 128, 1600, 20000
WAYS = [Way(1), Way(64), Way(8, beams=4)]


def card() -> str:
    """The GPU's name and its driver's version."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def forward(repeats: int, warmup: int) -> str:
    """BERT-base on texts of unequal length."""
    with tempfile.TemporaryDirectory() as parent:
        folder = str(Path(parent, "bert"))
        write_random_bert(folder, 12)
        given = (folder, FORWARD)
        timings = measure(
            [
                Subject("kewen", kewen_compiled, (*given, "mixed_bfloat16"), SHARED),
                Subject(
                    "transformers", transformers_bert, (*given, "bfloat16", "cuda")
                ),
            ],
            repeats=repeats,
            warmup=warmup,
        )
    apart = largest_difference(timings[1:], FORWARD, timings[0])
    table = speed_table(timings, work=FORWARD[0], unit="texts")
    return f"BERT-base forward, 64 x 128, outputs {apart:.3f} apart\n{table}"


def fine_tuning(repeats: int, warmup: int) -> str:
    """BERT-base as a classifier; a call is an epoch of texts of one length."""
    rng = np.random.default_rng(0)
    ids = list(rng.integers(200, VOCABULARY, (ROWS_OF_AN_EPOCH, LENGTH), np.int32))
    labels = rng.integers(0, 5, ROWS_OF_AN_EPOCH).astype(np.int32)
    with tempfile.TemporaryDirectory() as parent:
        folder = str(Path(parent, "bert"))
        write_random_bert(folder, 12)
        given = (folder, ids, labels)
        timings = measure(
            [
                Subject("kewen", kewen_epochs, (*given, "mixed_bfloat16"), SHARED),
                Subject("torch, autocast", torch_epochs, (*given, True, "cuda")),
            ],
            repeats=repeats,
            warmup=warmup,
        )
    table = speed_table(timings, ROWS_OF_AN_EPOCH, "texts")
    return f"BERT-base fine-tuning, batches of {BATCH_SIZE} x {LENGTH}\n{table}"


def generation(repeats: int, warmup: int) -> str:
    """GPT-2 small, 64 tokens after 32."""
    kind, sizes, length, _ = MODELS["GPT-2 small"]
    rows = []
    with tempfile.TemporaryDirectory() as parent:
        folder = f"{parent}/model"
        write_random(folder, kind, sizes)
        for way in WAYS:
            given = (folder, kind, way, length)
            subjects = [
                Subject("kewen", kewen_subject, (*given, False, "bfloat16"), SHARED),
                Subject(
                    "transformers", transformers_subject, (*given, "bfloat16", "cuda")
                ),
            ]
            timings = measure(subjects, repeats=repeats, warmup=warmup)
            for timing in timings:
                if timing.answer != [NEW] * way.rows:
                    raise SystemExit(f"{timing.name} wrote {timing.answer} tokens.")
            rows += [row_of(timing, timings, way) for timing in timings]
    head = ["search", "subject", "tokens/s", "spread", "first s", "of transformers"]
    return f"GPT-2 small, {NEW} new tokens after {length}\n{text_table(head, rows)}"


PARTS = {"forward": forward, "fine-tuning": fine_tuning, "generation": generation}


def main() -> None:
    """Measure and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=2)
    parser.add_argument("--part", choices=PARTS, help="one of them; else all")
    options = parser.parse_args()
    names = [options.part] if options.part else list(PARTS)
    bodies = [PARTS[name](options.repeats, options.warmup) for name in names]
    title = f"On one GPU, bfloat16: {card()}"
    publish("gpu", title, "\n\n".join(bodies), write=options.write)


if __name__ == "__main__":
    main()
