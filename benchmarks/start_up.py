"""How long a new process takes to its first answer, and what loading takes in memory.

Each figure is a process of its own, timed from outside, from its start to its end:
MiniLM loaded, one sentence embedded (the peer: its first logits, that is, its last
hidden state). The processes take turns. kewen has run once before, with JAX'
compilation cache on and the export kept; the files are in the system's cache for all.

Memory is the highest resident size of a process that only loads (as Linux counts it),
less that of one that imports JAX and makes one array, over the size of the weights.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.harness import PLAIN_MALLOC, ROOT, common_arguments, publish
from kewen.metrics import text_table

EMBED = """
import sys
from kewen.cli.surroundings import prepare
prepare()
from kewen.models import load
from kewen.tasks import Embedder
embedder = Embedder(load(sys.argv[1]), max_length=256, engine=sys.argv[2])
assert embedder.embed(["The striker scored twice on Saturday."]).any()
"""
PEER = """
import sys
import torch
from transformers import AutoTokenizer, BertModel
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = BertModel.from_pretrained(sys.argv[1]).eval()
batch = tokenizer(["The striker scored twice on Saturday."], return_tensors="pt")
with torch.inference_mode():
    assert model(**batch).last_hidden_state.numpy().any()
"""
PEAK = """
import re
from pathlib import Path
status = Path("/proc/self/status").read_text()
print(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1))
"""
BARE = "import jax.numpy as jnp\njnp.zeros(8).block_until_ready()\n"
LOADED = "import sys\nimport kewen\nmodel = kewen.load(sys.argv[1])\n"
HELP = "import sys\nfrom kewen.cli import main\nmain(['--help'])\n"

Command = tuple[str, tuple[str, ...], Mapping[str, str]]


def run(command: Command) -> tuple[float, str]:
    """Seconds from start to end, and what it printed."""
    code, arguments, extra = command
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr)
    return seconds, done.stdout


def in_turns(
    commands: Mapping[str, Command], repeats: int, warmup: int
) -> dict[str, list[float]]:
    """Seconds of each command, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(warmup + repeats):
        for name, command in commands.items():
            took, _ = run(command)
            print(f"turn {turn}: {name}, {took:.2f} s", file=sys.stderr, flush=True)
            if turn >= warmup:
                seconds[name].append(took)
    return seconds


def peak_kib(code: str, arguments: Sequence[str], extra: Mapping[str, str]) -> float:
    """The middle of three processes' highest resident size."""
    command = (code + PEAK, tuple(arguments), extra)
    return statistics.median(int(run(command)[1]) for _ in range(3))


def main() -> None:
    """Measure time and memory, and publish."""
    options = common_arguments(__doc__ or "").parse_args()
    from kewen.data.demo_assets import MINILM, bring

    folder = str(bring(MINILM))
    with tempfile.TemporaryDirectory() as cache:
        ours = {"JAX_COMPILATION_CACHE_DIR": cache}
        commands: dict[str, Command] = {
            "kewen, JAX": (EMBED, (folder, "keras"), ours),
            "kewen, OpenVINO": (EMBED, (folder, "openvino"), ours),
            "transformers": (PEER, (folder,), PLAIN_MALLOC),
            "kewen --help": (HELP, (), {}),
        }
        seconds = in_turns(commands, options.repeats, options.warmup)
        bare = peak_kib(BARE, (), {})
        loaded = peak_kib(LOADED, (folder,), {})
    weights = Path(folder, "model.safetensors").stat().st_size / 1024
    peer = statistics.median(seconds["transformers"])
    rows = [
        [
            name,
            f"{statistics.median(each):.2f}",
            f"{min(each):.2f}",
            f"{statistics.median(each) / peer:.2f} x",
        ]
        for name, each in seconds.items()
    ]
    table = text_table(["process", "median s", "best s", "of transformers'"], rows)
    memory = (
        f"memory: bare interpreter with JAX {bare / 1024:.0f} MiB, MiniLM loaded "
        f"{loaded / 1024:.0f} MiB, weights {weights / 1024:.0f} MiB: loading takes "
        f"{(loaded - bare) / weights:.2f} x the weights"
    )
    publish(
        "start_up",
        "A new process until its first answer",
        f"{table}\n{memory}",
        write=options.write,
    )


if __name__ == "__main__":
    main()
