"""Fine-tuning MiniLM on texts of unequal length: kewen's buckets against a torch loop.

The texts are the paragraphs of the BBC news corpus, in random order, each labelled with
its article's class and cut at 128 tokens: headlines of six tokens beside paragraphs of
a hundred, as sentences in the wild are. (Whole articles would all fill 128 tokens.)

Both sides learn from the same rows with the same optimizer: AdamW, rate 5e-5, decay
0.01, dropout 0.1 as in the checkpoint, batches of 16. A run is one epoch over all rows.
The peer groups by length as transformers' Trainer does: shuffle, cut into mega-batches
of 50 batches, sort each, pad each batch to its longest text. Ours is
`kewen.data.Batches`: few shapes, because each shape is compiled once; the compilations
are in the first epoch, reported apart. The peer runs twice: as its users know it, and
with freed memory kept as `import kewen` keeps it, which tells how much of the
difference is memory and how much is the training itself.

With `--bfloat16` ours runs with the policy mixed_bfloat16, on JAX and on torch, and the
peer under torch's autocast. The masters of the weights are float32 everywhere.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import (
    PLAIN_MALLOC,
    Subject,
    Timing,
    common_arguments,
    measure,
    publish,
    speed_table,
)

Array = np.ndarray[Any, Any]
Answer = dict[str, float]
BATCH_SIZE = 16
MAX_LENGTH = 128
MEGA_BATCHES = 50
LEARNING_RATE, WEIGHT_DECAY, EPSILON = 5e-5, 0.01, 1e-8


def bbc_paragraphs(num_texts: int) -> tuple[list[str], list[str]]:
    """Paragraphs and the classes of their articles, drawn with a fixed seed."""
    from kewen.data import read_folder
    from kewen.data.demo_assets import BBC_ENCODING, BBC_NEWS, bring

    pairs = [
        (paragraph.strip(), str(example.label))
        for example in read_folder(bring(BBC_NEWS), encoding=BBC_ENCODING)
        for paragraph in example.text.split("\n")
        if paragraph.strip()
    ]
    chosen = np.random.default_rng(0).permutation(len(pairs))[:num_texts]
    return [pairs[i][0] for i in chosen], [pairs[i][1] for i in chosen]


def encoded_rows(folder: str, num_texts: int) -> tuple[list[Array], Array]:
    """Token ids of each text, (T,) each, and class numbers, (num_texts,)."""
    from kewen.text import Tokenizer

    texts, names = bbc_paragraphs(num_texts)
    tokenizer = Tokenizer.from_folder(folder)
    rows = tokenizer.encode_many(texts, max_length=MAX_LENGTH)
    classes = sorted(set(names))
    labels = np.array([classes.index(name) for name in names], np.int32)
    return [np.asarray(row["token_ids"], np.int32) for row in rows], labels


def kewen_epochs(
    folder: str, ids: list[Array], labels: Array, dtype: str = "float32"
) -> Callable[[], Answer]:
    """Ours: buckets of few shapes, on JAX a compiled step."""
    import keras

    from kewen.data import Batches
    from kewen.models import load
    from kewen.training.run import training_stream

    num_labels = int(labels.max()) + 1
    pretrained = load(folder, options={"num_labels": num_labels}, dtype=dtype)
    heads = ("pooler", "sequence_classification")
    full = pretrained.model.redrawn(heads=heads)
    model = keras.Model(full.inputs_by_name, full.output["class_logits"])
    model.compile(
        keras.optimizers.AdamW(
            LEARNING_RATE, weight_decay=WEIGHT_DECAY, epsilon=EPSILON
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    rows = [
        {
            "token_ids": row,
            "segment_ids": np.zeros_like(row),
            "padding_mask": np.ones(len(row), bool),
        }
        for row in ids
    ]
    batches = Batches(
        rows,
        labels=labels,
        batch_size=BATCH_SIZE,
        max_length=MAX_LENGTH,
        shuffle=True,
        pad_ids={"token_ids": pretrained.config.pad_id},
    )
    stream = training_stream(model, batches, [])

    def run() -> Answer:
        record = model.fit(
            stream, steps_per_epoch=len(batches), shuffle=False, verbose=0
        )
        return {"loss": record.history["loss"][0], "padding": batches.padding_share}

    return run


def torch_epochs(
    folder: str,
    ids: list[Array],
    labels: Array,
    autocast: bool = False,
    device: str = "cpu",
) -> Callable[[], Answer]:
    """The peer: transformers' model in a plain torch loop with length grouping."""
    import torch
    from transformers import BertForSequenceClassification
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(
        folder, num_labels=int(labels.max()) + 1, dtype=torch.float32
    )
    model = model.to(device).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), LEARNING_RATE, eps=EPSILON, weight_decay=WEIGHT_DECAY
    )
    lengths = np.array([len(row) for row in ids])
    rng = np.random.default_rng(0)

    def run() -> Answer:
        losses, cells = [], 0
        for chosen in length_grouped(lengths, rng):
            token_ids, mask = padded([ids[i] for i in chosen])
            cells += token_ids.size
            with torch.autocast(device, torch.bfloat16, enabled=autocast):
                loss = model(
                    input_ids=torch.from_numpy(token_ids).to(device),
                    attention_mask=torch.from_numpy(mask).to(device),
                    labels=torch.from_numpy(labels[chosen].astype(np.int64)).to(device),
                ).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        padding = 1 - float(lengths.sum()) / cells
        return {"loss": float(np.mean(losses)), "padding": padding}

    return run


def length_grouped(lengths: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Batches of row numbers whose lengths are close, in random order."""
    order = rng.permutation(len(lengths))
    mega = MEGA_BATCHES * BATCH_SIZE
    batches = []
    for start in range(0, len(order), mega):
        part = order[start : start + mega]
        part = part[np.argsort(-lengths[part], kind="stable")]
        batches += [part[i : i + BATCH_SIZE] for i in range(0, len(part), BATCH_SIZE)]
    for index in rng.permutation(len(batches)):
        yield batches[index]


def padded(rows: list[Array]) -> tuple[Array, Array]:
    """Ids and mask, int64, (B, T) with T the longest row."""
    longest = max(map(len, rows))
    token_ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros_like(token_ids)
    for line, row in enumerate(rows):
        token_ids[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return token_ids, mask


def summary(ids: list[Array], timings: list[Timing]) -> str:
    """Rows, lengths, speed, and what each side pads and learns."""
    lengths = np.array([len(row) for row in ids])
    low, middle, high = np.quantile(lengths, [0.1, 0.5, 0.9])
    about = (
        f"{len(ids)} paragraphs of {lengths.mean():.0f} tokens on average "
        f"(deciles {low:.0f}, {middle:.0f}, {high:.0f}; at most {lengths.max()}), "
        f"batches of {BATCH_SIZE}; a run is an epoch, the first one compiles"
    )
    sides = "\n".join(
        f"{timing.name}: {100 * timing.answer['padding']:.1f} % padding, "
        f"mean loss of the first epoch {timing.answer['loss']:.3f}"
        for timing in timings
    )
    return f"{about}\n{speed_table(timings, len(ids), 'texts')}\n{sides}"


def main() -> None:
    """Measure and publish."""
    parser = common_arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=800, help="rows of an epoch")
    parser.add_argument("--model", type=Path, help="a folder, instead of MiniLM")
    parser.add_argument(
        "--bfloat16", action="store_true", help="mixed_bfloat16 and autocast"
    )
    parser.set_defaults(repeats=5, warmup=1)
    options = parser.parse_args()
    folder = str(options.model or packaged_minilm())
    ids, labels = encoded_rows(folder, options.texts)
    arguments = (folder, ids, labels)
    subjects = [
        Subject("kewen, buckets", kewen_epochs, arguments),
        Subject("torch, length grouping", torch_epochs, arguments, PLAIN_MALLOC),
        Subject("torch, memory kept", torch_epochs, arguments),
    ]
    if options.bfloat16:
        ours = (*arguments, "mixed_bfloat16")
        peers = (*arguments, True)
        on_torch = {"KERAS_BACKEND": "torch"}
        subjects = [
            Subject("kewen on torch", kewen_epochs, ours, on_torch),
            Subject("kewen on JAX", kewen_epochs, ours),
            Subject("torch, autocast", torch_epochs, peers, PLAIN_MALLOC),
            Subject("the same, memory kept", torch_epochs, peers),
        ]
    timings = measure(subjects, repeats=options.repeats, warmup=options.warmup)
    publish(
        "finetune_minilm",
        "Fine-tuning MiniLM on texts of unequal length"
        + (", bfloat16" if options.bfloat16 else ""),
        summary(ids, timings),
        write=options.write,
        mark="finetune_minilm_bfloat16" if options.bfloat16 else None,
    )


def packaged_minilm() -> Path:
    """MiniLM's folder, fetched where it is not there yet."""
    from kewen.data.demo_assets import MINILM, bring

    return bring(MINILM)


if __name__ == "__main__":
    main()
