"""How long a new process takes from its imports to the first token that it writes.

GPT-2 small with random weights, a prompt of 32 tokens. Each figure is a process of its
own, which tells the time of its parts; the files are in the system's cache for all.
`compiled` has JAX' compilation cache off; `found` finds there what a process before it
has compiled, as the program `kewen` does by itself. The second token of the same
process, and the second prompt, compile nothing.
"""

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.decoding import write_random
from benchmarks.harness import PLAIN_MALLOC, common_arguments, publish
from benchmarks.start_up import Command, run
from kewen.metrics import text_table

KEWEN = """
import json, sys, time
began = time.perf_counter()
from kewen.cli.surroundings import prepare
prepare()
import jax
from kewen.decoding.programs import count_of_compilations
from kewen.models import load
from kewen.tasks.generation_options import GenerationOptions
from kewen.tasks.id_generation import IdGenerator
said = {"imports": time.perf_counter() - began}
began = time.perf_counter()
writer = IdGenerator(load(sys.argv[1], tokenizer=False))
said["loading"] = time.perf_counter() - began
prompt = list(range(100, 132))
options = GenerationOptions(max_new_tokens=64, ignore_end=True)
decoder, rows, extra = writer.prepared([prompt], options)
def first(rows):
    loop = decoder.begin(rows, 64, extra)
    return loop, decoder.results(loop)
start = time.perf_counter()
loop, _ = first(rows)
said["first token"] = time.perf_counter() - start
said["after imports"] = time.perf_counter() - began
start = time.perf_counter()
decoder.results(decoder.advance(loop, 1))
said["second token"] = time.perf_counter() - start
start = time.perf_counter()
first([prompt[::-1]])
said["first of a second prompt"] = time.perf_counter() - start
said["programs"] = count_of_compilations(writer.step)
print(json.dumps(said))
"""
PEER = """
import json, sys, time
began = time.perf_counter()
import torch
from transformers import AutoModelForCausalLM
said = {"imports": time.perf_counter() - began}
began = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
said["loading"] = time.perf_counter() - began
def first(ids):
    with torch.no_grad():
        return model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, 32),
                              max_new_tokens=1, pad_token_id=0, do_sample=False)
prompt = list(range(100, 132))
start = time.perf_counter()
first(prompt)
said["first token"] = time.perf_counter() - start
said["after imports"] = time.perf_counter() - began
start = time.perf_counter()
first(prompt[::-1])
said["first of a second prompt"] = time.perf_counter() - start
print(json.dumps(said))
"""
PARTS = [
    *("imports", "loading", "first token", "after imports"),
    *("second token", "first of a second prompt", "programs"),
]


def main() -> None:
    """Measure and publish."""
    options = common_arguments(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = f"{parent}/model"
        write_random(folder, "gpt2", {})
        kept = str(Path(parent) / "compiled")
        cache = "JAX_COMPILATION_CACHE_DIR"
        commands: dict[str, Command] = {
            "kewen, compiled": (KEWEN, (folder,), {cache: ""}),
            "kewen, found": (KEWEN, (folder,), {cache: kept}),
            "transformers, torch": (PEER, (folder,), PLAIN_MALLOC),
        }
        said: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for turn in range(1 + options.repeats):
            for name, command in commands.items():
                found = json.loads(run(command)[1].splitlines()[-1])
                if turn:
                    said[name].append(found)
    rows = [
        [
            part,
            *(
                f"{statistics.median(each[part] for each in found):.3g}"
                if part in found[0]
                else ""
                for found in said.values()
            ),
        ]
        for part in PARTS
    ]
    body = text_table(["seconds, median", *said], rows)
    publish(
        "first_token", "The first token of a new process", body, write=options.write
    )


if __name__ == "__main__":
    main()
