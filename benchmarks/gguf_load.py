"""How long a GGUF file takes to load, and the memory that it takes at its most.

    python -m benchmarks.gguf_load gemma-3-270m-q4_k_m.gguf

Each library in a process of its own; imports are not counted. transformers is measured
where it is installed, with torch.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path


def with_kewen(path):
    import kewen
    import kewen.models

    begin = time.perf_counter()
    kewen.load(path, tokenizer=False)
    return time.perf_counter() - begin


def with_transformers(path):
    from transformers import AutoModelForCausalLM

    begin = time.perf_counter()
    AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
    return time.perf_counter() - begin


LIBRARIES = {"kewen": with_kewen, "transformers": with_transformers}


def main(arguments):
    path, *only = arguments
    if only:
        seconds = LIBRARIES[only[0]](Path(path).absolute())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{only[0]}: {seconds:.1f} s, peak {peak:.2f} GiB")
        return
    for name in LIBRARIES:
        subprocess.run([sys.executable, "-m", "benchmarks.gguf_load", path, name])


if __name__ == "__main__":
    main(sys.argv[1:])
