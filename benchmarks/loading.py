"""What loading a model takes in memory and time: kewen on JAX against transformers.

Each figure comes from a process of its own, which imports, loads, and tells: its
resident size with nothing but the framework imported (JAX or torch, one array made),
with everything imported, and the highest one at the end; and the seconds of loading
alone. Then every weight is added up once, and size and seconds are told again: what
transformers loads from safetensors is the file, mapped, and comes into memory when it
is used. Last comes the forward of one sentence of 16 tokens, the first of its process,
with what JAX compiles for it. The processes take turns; the files are in the system's
cache for all.

The models are MiniLM with its tokenizer and a BERT-base of random weights without one,
in float32. Sizes are resident ones as Linux counts them: pages of a mapped file, too.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bert_forward import write_random_bert
from benchmarks.harness import PLAIN_MALLOC, common_arguments, publish
from benchmarks.start_up import Command, run
from kewen.metrics import text_table

SIZES = """
import json, re, sys, time
from pathlib import Path
def kib(key):
    status = Path("/proc/self/status").read_text()
    return int(re.search(key + r":\\s+(\\d+) kB", status).group(1))
"""
KEWEN = f"""{SIZES}
import kewen  # sets how memory is kept, before the backend starts
import jax.numpy as jnp
import numpy as np
jnp.zeros(8).block_until_ready()
bare = kib("VmRSS")
from kewen.models import load
"""
PEER = f"""{SIZES}
import torch
torch.zeros(8)
bare = kib("VmRSS")
from transformers import AutoTokenizer, BertModel
from transformers.utils.logging import disable_progress_bar
disable_progress_bar()
"""
TIMED = """
imported = kib("VmRSS")
start = time.perf_counter()
{load}
seconds = time.perf_counter() - start
loaded = kib("VmHWM")
{use}
used_s = time.perf_counter() - start
used = kib("VmHWM")
start = time.perf_counter()
{answer}
answered_s = seconds + time.perf_counter() - start
print(json.dumps([bare, imported, loaded, used, seconds, used_s, answered_s]))
"""
LOAD_OURS = "model = load(sys.argv[1])"
USE_OURS = "for v in model.model.weights: v.value.sum().block_until_ready()"
USE_PEERS = "for p in model.parameters(): p.detach().sum().item()"
LOAD_PEERS = """
model = BertModel.from_pretrained(sys.argv[1], dtype=torch.float32)
if Path(sys.argv[1], "tokenizer.json").exists():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
"""
ANSWER_OURS = """
ids = np.full((1, 16), 7, "int32")
given = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": ids > 0}
model.backbone.predict_on_batch(given)
"""
ANSWER_PEERS = """
ids = torch.full((1, 16), 7)
with torch.no_grad():
    model(input_ids=ids, attention_mask=torch.ones_like(ids))
"""
COMMANDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "kewen, JAX": (
        KEWEN + TIMED.format(load=LOAD_OURS, use=USE_OURS, answer=ANSWER_OURS),
        {},
    ),
    "transformers, torch": (
        PEER + TIMED.format(load=LOAD_PEERS, use=USE_PEERS, answer=ANSWER_PEERS),
        PLAIN_MALLOC,
    ),
}
HEAD = [
    "subject",
    "load s",
    "and use s",
    "or answer s",
    "bare MiB",
    "imported",
    "loaded",
    "used",
    "loaded - bare",
    "loaded - imported",
    "used - imported",
]


def measured(folder: str, repeats: int, warmup: int) -> dict[str, list[list[float]]]:
    """For each subject the runs: KiB bare, imported, loaded, used; seconds thrice."""
    runs: dict[str, list[list[float]]] = {name: [] for name in COMMANDS}
    for turn in range(warmup + repeats):
        for name, (code, environment) in COMMANDS.items():
            command: Command = (code, (folder,), environment)
            found = json.loads(run(command)[1].splitlines()[-1])
            print(f"turn {turn}: {name}, {found[4]:.2f} s", file=sys.stderr, flush=True)
            if turn >= warmup:
                runs[name].append(found)
    return runs


def report(name: str, folder: str, repeats: int, warmup: int) -> str:
    """One model's table."""
    runs = measured(folder, repeats, warmup)
    weights = Path(folder, "model.safetensors").stat().st_size / 1024
    rows = [row(subject, found, weights) for subject, found in runs.items()]
    ours, peers = (
        [statistics.median(each) for each in list(zip(*found, strict=True))[4:]]
        for found in runs.values()
    )
    return (
        f"{name}, weights of {weights / 1024:.0f} MiB; medians; differences over "
        "the weights\n"
        f"{text_table(HEAD, rows)}\n"
        f"kewen loads in {ours[0] / peers[0]:.2f} x transformers' time, and has used "
        f"every weight once in {ours[1] / peers[1]:.2f} x; or, instead, has answered "
        f"its first sentence in {ours[2] / peers[2]:.2f} x"
    )


def row(name: str, runs: Sequence[Sequence[float]], weights: float) -> list[Any]:
    """A subject's line: the median of each figure."""
    bare, imported, loaded, used, load_s, use_s, answer_s = (
        statistics.median(column) for column in zip(*runs, strict=True)
    )
    return [
        name,
        f"{load_s:.2f}",
        f"{use_s:.2f}",
        f"{answer_s:.2f}",
        *(f"{size / 1024:.0f}" for size in (bare, imported, loaded, used)),
        f"{(loaded - bare) / weights:.2f} x",
        f"{(loaded - imported) / weights:.2f} x",
        f"{(used - imported) / weights:.2f} x",
    ]


def main() -> None:
    """Measure both models and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=1)
    options = parser.parse_args()
    from kewen.data.demo_assets import MINILM, bring

    with tempfile.TemporaryDirectory() as parent:
        base = str(Path(parent, "bert"))
        write_random_bert(base, num_layers=12)
        parts = [
            report(name, folder, options.repeats, options.warmup)
            for name, folder in (
                ("MiniLM with its tokenizer", str(bring(MINILM))),
                ("BERT-base", base),
            )
        ]
    publish("loading", "Loading a model", "\n\n".join(parts), write=options.write)


if __name__ == "__main__":
    main()
