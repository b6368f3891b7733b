"""Embedding real sentences with MiniLM: kewen on JAX and OpenVINO against transformers.

The texts are sentences of the BBC news corpus in random order, as unequal in length as
sentences are. Each subject gets strings and gives mean-pooled vectors: tokenizing,
sorting by length, batching and putting back in order are part of the time. The peer
sorts by length, tokenizes each batch of 64 and pads it to its longest text, as
sentence-transformers does; it runs in float32 and in bfloat16.
"""

import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.finetune_minilm import bbc_paragraphs
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
BATCH_SIZE = 64
MAX_LENGTH = 256
EXACT = "transformers, float32"
END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])")


def sentences(count: int) -> list[str]:
    """Sentences of news in random order, the same in each process."""
    paragraphs, _ = bbc_paragraphs(count)
    found = [
        sentence
        for paragraph in paragraphs
        for sentence in END_OF_SENTENCE.split(paragraph)
    ]
    chosen = np.random.default_rng(0).permutation(len(found))[:count]
    return [found[i] for i in chosen]


def kewen_embedder(
    folder: str, texts: list[str], engine: str, dtype: str = "float32"
) -> Callable[[], Array]:
    """Ours, as a user calls it; OpenVINO in bfloat16 where the processor has it."""
    from kewen.models import load
    from kewen.tasks import Embedder

    embedder = Embedder(
        load(folder, dtype=dtype),
        max_length=MAX_LENGTH,
        batch_size=BATCH_SIZE,
        engine=engine,
    )
    return lambda: embedder.embed(texts)


def transformers_embedder(
    folder: str, texts: list[str], dtype: str
) -> Callable[[], Array]:
    """The peer, in eval mode, without gradients, with fused attention (sdpa)."""
    import torch
    from transformers import AutoTokenizer, BertModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(
        folder, attn_implementation="sdpa", dtype=getattr(torch, dtype)
    ).eval()

    def run() -> Array:
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = np.empty((len(texts), model.config.hidden_size), np.float32)
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH_SIZE):
                chosen = order[start : start + BATCH_SIZE]
                batch = tokenizer(
                    [texts[i] for i in chosen],
                    padding=True,
                    truncation=True,
                    max_length=MAX_LENGTH,
                    return_tensors="pt",
                )
                hidden = model(**batch).last_hidden_state.float()
                mask = batch["attention_mask"].unsqueeze(-1).float()
                vectors[chosen] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
        return vectors

    return run


def report(folder: str, texts: list[str], repeats: int, warmup: int) -> str:
    """Tables of the same timings: each of ours over what stands below it."""
    subjects = [
        Subject("kewen, OpenVINO", kewen_embedder, (folder, texts, "openvino")),
        Subject(
            "kewen, JAX, bfloat16",
            kewen_embedder,
            (folder, texts, "keras", "mixed_bfloat16"),
        ),
        Subject("kewen, JAX", kewen_embedder, (folder, texts, "keras")),
        *(
            Subject(
                f"transformers, {dtype}",
                transformers_embedder,
                (folder, texts, dtype),
                PLAIN_MALLOC,
            )
            for dtype in ("float32", "bfloat16")
        ),
    ]
    timings = measure(subjects, repeats=repeats, warmup=warmup)
    tables = [
        speed_table(each, work=len(texts), unit="texts")
        for each in (timings, timings[1:], timings[2:])
    ]
    return "\n".join([*tables, *differences(timings)])


def differences(timings: list[Timing]) -> list[str]:
    """The lowest cosine of each subject's vectors with transformers' in float32."""
    exact = next(t for t in timings if t.name == EXACT)
    return [
        f"{t.name}: cosine with transformers' float32 at least "
        f"{cosines(t.answer, exact.answer).min():.6f}"
        for t in timings
        if t is not exact
    ]


def cosines(left: Array, right: Array) -> Array:
    """Of each row with its like, (N,)."""
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return (left * right).sum(1) / lengths


def main() -> None:
    """Measure many sentences, then one, and publish."""
    parser = common_arguments(__doc__ or "")
    parser.add_argument("--texts", type=int, default=2000)
    options = parser.parse_args()
    from kewen.data.demo_assets import MINILM, bring
    from kewen.text import Tokenizer

    folder = str(bring(MINILM))
    texts = sentences(options.texts)
    rows = Tokenizer.from_folder(folder).encode_many(texts, max_length=MAX_LENGTH)
    lengths = np.array([len(row["token_ids"]) for row in rows])
    middle = int(np.argsort(lengths)[len(lengths) // 2])
    low, median, high = np.quantile(lengths, (0.1, 0.5, 0.9)).astype(int)
    head = f"{len(texts)} sentences; tokens: deciles {low}, {median}, {high}"
    many = report(folder, texts, options.repeats, options.warmup)
    one = report(folder, [texts[middle]], options.repeats, options.warmup)
    publish(
        "embed_minilm",
        "Embedding sentences with MiniLM",
        f"{head}\n{many}\n\none sentence of {lengths[middle]} tokens\n{one}",
        write=options.write,
    )


if __name__ == "__main__":
    main()
