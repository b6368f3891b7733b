"""How long a new process takes to its first answer.

Each figure is a process of its own, timed from outside, from its start to its end:
MiniLM loaded, one sentence embedded (the peer: its first logits, that is, its last
hidden state). The processes take turns. kewen has run once before, with JAX'
compilation cache on and the export kept; the files are in the system's cache for all.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

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


def main() -> None:
    """Measure and publish."""
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
    publish(
        "start_up",
        "A new process until its first answer",
        table,
        write=options.write,
    )


if __name__ == "__main__":
    main()
