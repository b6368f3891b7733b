"""What a token costs after 256 and after 2,048 tokens, with the cache.

Two layers of GPT-2 small's sizes with its vocabulary, random weights, JAX on the CPU:
64 tokens are written that end at the length, one text at a time, and the reading of the
prompt is not counted. What grows with the length is the keys and values that are read;
the table says how many bytes a step reads of both.
"""

import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.decoding import write_random
from benchmarks.harness import Subject, common_arguments, measure, publish, ratio
from kewen.metrics import text_table

SIZES = {"n_layer": 2, "n_positions": 2048}
NEW = 64
LENGTHS = (256, 1024, 2048)


def subject(folder: str, length: int) -> Callable[[], Any]:
    """Writes the last tokens of a text of this length."""
    import jax

    from kewen.decoding import Decoder, Paths
    from kewen.models import decoding_step, load

    step = decoding_step(load(folder, tokenizer=False).model)
    decoder = Decoder(step, Paths(), longest=length)
    begun = decoder.begin([list(range(100, 100 + length - NEW))], NEW)
    jax.block_until_ready(begun)

    def run() -> int:
        # The loop's memory is used up by a run, so that each has a copy.
        loop = jax.tree.map(lambda each: each.copy(), begun)
        return len(decoder.results(decoder.advance(loop))[0][0].ids)

    return run


def main() -> None:
    """Measure and publish."""
    options = common_arguments(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_random(folder, "gpt2", SIZES)
        subjects = [Subject(str(each), subject, (folder, each)) for each in LENGTHS]
        timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    weights = 4 * (2 * 12 * 768**2 + 50257 * 768)
    rows = [
        [
            timing.name,
            f"{1000 * timing.median_s / (NEW - 1):.2f}",
            f"±{timing.spread:.0%}",
            f"{ratio(timings[0], timing):.2f} x",
            f"{weights / 1e6:.0f}",
            f"{2 * 2 * length * 768 * 4 / 1e6:.1f}",
        ]
        for length, timing in zip(LENGTHS, timings, strict=True)
    ]
    head = ["length", "ms a token", "spread", "of 256", "weights MB", "keys, values MB"]
    title = "A token's cost by what came before, two layers of GPT-2 small"
    publish("long_cache", title, text_table(head, rows), write=options.write)


if __name__ == "__main__":
    main()
