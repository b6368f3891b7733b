"""64 prompts of unequal length through 8 rows: batch by batch, and continuously.

GPT-2 small with random weights on JAX, greedily; prompts of 8 to 64 tokens and texts of
8 to 128, drawn once. A batch waits for its longest text; continuously, a row that is
done makes room for the next prompt. Both write the same texts. `sorted batches` puts
texts of like length together, which a user can only do who knows their lengths
beforehand: it is the bound of what batches can reach.
"""

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.decoding import write_random
from benchmarks.harness import Subject, common_arguments, measure, publish
from kewen.metrics import text_table

PROMPTS, ROWS = 64, 8


def drawn() -> tuple[list[list[int]], list[int]]:
    """Prompts, and how many tokens each is answered with."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(8, 65, PROMPTS)
    prompts = [rng.integers(10, 30000, length).tolist() for length in lengths]
    return prompts, rng.integers(8, 129, PROMPTS).tolist()


def subject(folder: str, how: str) -> Callable[[], Any]:
    """One way, of whole runs; it answers the texts' sum and the compiled programs."""
    from kewen.decoding import Decoder, Paths, continuous
    from kewen.decoding.programs import count_of_compilations
    from kewen.models import decoding_step, load

    step = decoding_step(load(folder, tokenizer=False).model)
    decoder = Decoder(step, Paths(), longest=1024)
    prompts, limits = drawn()
    order = list(range(PROMPTS))
    if how == "sorted batches":
        order.sort(key=lambda number: limits[number])

    def run() -> Any:
        found: dict[int, Any] = {}
        if how == "continuously":
            found = dict(continuous(decoder, prompts, limits, rows=ROWS))
        else:
            for start in range(0, PROMPTS, ROWS):
                batch = order[start : start + ROWS]
                texts = decoder(
                    [prompts[number] for number in batch],
                    [limits[number] for number in batch],
                )
                found |= {n: row[0] for n, row in zip(batch, texts, strict=True)}
        ids = [found[number].ids for number in range(PROMPTS)]
        if [len(each) for each in ids] != limits:
            raise SystemExit("A text has another length than it was asked for.")
        return int(sum(map(np.sum, ids))), count_of_compilations(step)

    return run


def main() -> None:
    """Measure and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=1)
    options = parser.parse_args()
    names = ["continuously", "batches", "sorted batches"]
    with tempfile.TemporaryDirectory() as folder:
        write_random(folder, "gpt2", {})
        subjects = [Subject(name, subject, (folder, name)) for name in names]
        timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    if len({timing.answer[0] for timing in timings}) > 1:
        raise SystemExit("They do not write the same texts.")
    tokens = sum(drawn()[1])
    rows = [
        [
            timing.name,
            f"{tokens / timing.median_s:.0f}",
            f"{timing.median_s:.2f}",
            f"±{timing.spread:.0%}",
            f"{timing.first_s:.1f}",
            str(timing.answer[1]),
            f"{timing.median_s / timings[0].median_s:.2f} x",
        ]
        for timing in timings
    ]
    head = ["64 prompts", "tokens/s", "median s", "spread", "first s", "programs"]
    publish(
        "continuous_batching",
        "64 prompts of unequal length, GPT-2 small, 8 rows",
        text_table([*head, "continuously is"], rows),
        write=options.write,
    )


if __name__ == "__main__":
    main()
