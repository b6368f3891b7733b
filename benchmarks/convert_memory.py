"""What converting a model takes in memory, against the size of its weights.

`python -m benchmarks.convert_memory` writes checkpoints of random bits into a temporary
folder: a LLaMA in bfloat16, in shards (4 GB unless `--gb` says otherwise), and a BERT
in float16 (a quarter of that). Each is converted in a process of its own; the LLaMA to
Hugging Face's layout, and to Keras' and back, the BERT to TensorFlow's and back. Then
every tensor is compared with the first file's, bit for bit.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from benchmarks.harness import publish
from kewen.checkpoints import Deferred, open_checkpoint, write_sharded
from kewen.metrics import text_table
from kewen.models import Backbone, Pretrained, family

SHARD_BYTES = 1_000_000_000
WIDTH = 2048
WAYS_OF_SHARDS = (("hf", "hf"), ("hf", "keras", "hf"))
WAYS_OF_ONE = (("hf", "tf1", "hf"),)
MEASURE = """
import json, re, sys, time
from pathlib import Path
import kewen
from kewen.models import convert
def kib(key):
    status = Path("/proc/self/status").read_text()
    return int(re.search(key + r":\\s+(\\d+) kB", status).group(1))
before = kib("VmRSS")
start = time.perf_counter()
convert(sys.argv[1], sys.argv[2], to=sys.argv[3])
print(json.dumps([before, kib("VmHWM"), time.perf_counter() - start]))
"""


def write_model(folder: Path, name: str, dtype: Any, size_gb: float) -> None:
    """A folder of a family's tensors, as many layers as fit into that size."""
    sizes = {"hidden_dim": WIDTH, "num_heads": 16, "vocabulary_size": 32_000}
    sizes["intermediate_dim"] = 5632 if name == "llama" else 4 * WIDTH
    make: Any = family(name).config
    a_layer = make(**sizes, num_layers=1).num_weights
    a_layer -= make(**sizes, num_layers=0).num_weights
    config = make(**sizes, num_layers=int(size_gb * 1e9 / 2 / a_layer))
    # The smallest of its kind lends the layout; only names and shapes are taken.
    tensors = family(name).weights.write(
        {
            path: Deferred(weight.shape, dtype, Noise(weight.shape, dtype, number))
            for number, (path, weight) in enumerate(
                Backbone(config, unset=True).weights_by_path().items()
            )
        },
        origin="hf",
        num_layers=config.layer_counts,
        base="",
    )
    Pretrained(model=Backbone(make(**sizes, num_layers=0), unset=True)).save(folder)
    (folder / "model.safetensors").unlink()
    path = folder / "config.json"
    said = json.loads(path.read_text("utf-8")) | config.to_json()
    path.write_text(json.dumps(said), "utf-8")
    write_sharded(folder, tensors, max_shard_bytes=SHARD_BYTES)


class Noise:
    """Random bits as an array, the same at each call."""

    def __init__(self, shape: Any, dtype: Any, seed: int) -> None:
        self.shape, self.dtype, self.seed = shape, dtype, seed

    def __call__(self) -> Any:
        rng = np.random.default_rng(self.seed)
        bits = rng.integers(0, 1 << 16, self.shape, dtype="uint16")
        return bits.view(self.dtype)


def bytes_in(folder: Path) -> int:
    """Of all tensors."""
    with open_checkpoint(folder) as checkpoint:
        return sum(checkpoint.info(name).nbytes for name in checkpoint)


def differing(one: Path, other: Path) -> int:
    """Tensors that are not in both, or not bit for bit the same."""
    with open_checkpoint(one) as first, open_checkpoint(other) as second:
        lacking = set(first) ^ set(second)
        return len(lacking) + sum(
            not np.array_equal(first[name].view("u2"), second[name].view("u2"))
            for name in first
            if name in second
        )


def converted(source: Path, target: Path, to: str, size: int) -> list[str]:
    """Convert in a new process; the row of the table. `size` is in bytes."""
    command = [sys.executable, "-c", MEASURE, str(source), str(target), to]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, peak, seconds = json.loads(done.stdout.splitlines()[-1])
    return [
        f"{size / 1e9:.2f}",
        str(len(list(source.glob("*.safetensors"))) or 1),
        f"{seconds:.1f}",
        f"{before / 1024:,.0f}",
        f"{peak / 1024:,.0f}",
        f"{(peak - before) / 1024:,.0f}",
    ]


def main() -> None:
    """Write, convert, compare, publish."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gb", type=float, default=4.0, help="size of the LLaMA")
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    given = parser.parse_args()
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        need = int(4.5e9 * given.gb)
        if shutil.disk_usage(folder).free < need:
            raise SystemExit(f"{folder} needs {need:,} bytes free; set TMPDIR.")
        for name, dtype, gb, ways in (
            ("LLaMA", ml_dtypes.bfloat16, given.gb, WAYS_OF_SHARDS),
            ("BERT", np.float16, given.gb / 4, WAYS_OF_ONE),
        ):
            write_model(folder / "source", name.lower(), dtype, gb)
            size = bytes_in(folder / "source")
            for first, *others in ways:
                at, said = folder / "source", first
                for number, to in enumerate(others):
                    out = folder / f"step-{number}"
                    rows.append([f"{name}, {np.dtype(dtype)}, {said} to {to}"])
                    rows[-1] += [*converted(at, out, to, size), ""]
                    at, said = out, to
                rows[-1][-1] = str(differing(folder / "source", at))
                for path in folder.glob("step-*"):
                    shutil.rmtree(path)
            shutil.rmtree(folder / "source")
    head = ["conversion", "GB", "files", "seconds", "before MiB", "peak MiB"]
    publish(
        "convert_memory",
        "Converting larger models than memory would hold",
        f"{text_table([*head, 'peak - before', 'tensors that differ'], rows)}\n"
        "before: resident with kewen imported; peak: the most there ever was",
        write=given.write,
    )


if __name__ == "__main__":
    main()
