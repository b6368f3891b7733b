"""A training step of a MiniLM with freed memory kept, and given back as glibc does."""

import resource
from collections.abc import Callable

import numpy as np

from benchmarks.harness import (
    PLAIN_MALLOC,
    Subject,
    common_arguments,
    measure,
    publish,
    speed_table,
)

BATCH, LENGTH, LABELS = 16, 128, 5


def training_step() -> Callable[[], int]:
    """One step on random ids; it returns how many page faults it took."""
    import keras

    from kewen.models import Backbone
    from kewen.models.bert import BertConfig

    config = BertConfig(
        hidden_dim=384,
        num_layers=6,
        num_heads=12,
        intermediate_dim=1536,
        num_labels=LABELS,
    )
    full = Backbone(config, heads=["sequence_classification"])
    model = keras.Model(full.inputs_by_name, full.output["class_logits"])
    model.compile(
        keras.optimizers.AdamW(2e-5),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    rng = np.random.default_rng(0)
    ids = rng.integers(1, config.vocabulary_size, (BATCH, LENGTH)).astype("int32")
    inputs = {
        "token_ids": ids,
        "segment_ids": np.zeros_like(ids),
        "padding_mask": np.ones(ids.shape, bool),
    }
    labels = rng.integers(0, LABELS, BATCH)
    for _ in range(2):  # compiled in the first; then in the state that all others see
        model.train_on_batch(inputs, labels)

    def step() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        model.train_on_batch(inputs, labels)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    return step


def main() -> None:
    """Measure and publish."""
    options = common_arguments((__doc__ or "").splitlines()[0]).parse_args()
    subjects = [
        Subject("freed memory kept", training_step),
        Subject("given back (glibc)", training_step, (), PLAIN_MALLOC),
    ]
    timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    faults = "\n".join(f"{t.name}: {t.answer:,} page faults a step" for t in timings)
    table = speed_table(timings, BATCH, "texts")
    publish(
        "page_faults",
        f"A training step of a MiniLM, {BATCH} x {LENGTH}, and its page faults",
        f"{table}\n{faults}",
        write=options.write,
    )


if __name__ == "__main__":
    main()
