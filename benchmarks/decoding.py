"""Tokens per second of generation on the CPU: kewen on JAX, CTranslate2, transformers.

Weights are random, made by transformers in the sizes of GPT-2 small, T5 small and Gemma
3 270M, and read from one folder by all. Every text has the same number of new tokens:
nobody may end before. Time is of whole calls, the reading of the prompt included.

`kewen int8` is `model.quantize("int8")`: Keras' own kernels of one byte a number, read
by kewen's product of a few rows. `benchmarks.int8_perplexity` shows what it loses.

A processor without AVX-512 has a table of its own, without the peer in bfloat16, which
takes a minute and more for a call there.
"""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import (
    PLAIN_MALLOC,
    Subject,
    Timing,
    common_arguments,
    has_avx512,
    measure,
    publish,
)
from kewen.metrics import text_table

Ids = list[list[int]]
NEW = 64
GEMMA = {
    "vocab_size": 262144,
    "hidden_size": 640,
    "intermediate_size": 2048,
    "num_hidden_layers": 18,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "sliding_window": 512,
}
T5_SMALL = {"d_model": 512, "d_ff": 2048, "num_heads": 8, "num_layers": 6}
# Name -> model_type, sizes, ids of a prompt, subjects.
MODELS: dict[str, tuple[str, dict[str, Any], int, list[str]]] = {
    "GPT-2 small": (
        "gpt2",
        {},
        32,
        ["kewen", "kewen int8", "CTranslate2", "transformers", "transformers bf16"],
    ),
    "T5 small": (
        "t5",
        T5_SMALL,
        64,
        ["kewen", "kewen int8", "CTranslate2", "transformers"],
    ),
    "Gemma 3 270M": (
        "gemma3_text",
        GEMMA,
        32,
        ["kewen", "kewen int8", "transformers", "transformers bf16"],
    ),
}


@dataclass(frozen=True)
class Way:
    """How to search: so many rows, greedily, with beams, or drawing."""

    rows: int
    beams: int = 1
    top_p: float | None = None

    @property
    def name(self) -> str:
        """For a table."""
        how = "greedy" if self.beams == 1 else f"{self.beams} beams"
        how = how if self.top_p is None else f"top-p {self.top_p}"
        return f"{how}, {self.rows} {'text' if self.rows == 1 else 'texts'}"


WAYS = {
    "GPT-2 small": [Way(1), Way(8), Way(1, beams=4), Way(8, top_p=0.9)],
    "T5 small": [Way(1), Way(8), Way(1, beams=4), Way(8, beams=4)],
    "Gemma 3 270M": [Way(1), Way(8)],
}


def write_random(folder: str, kind: str, sizes: dict[str, Any]) -> None:
    """A model of transformers', with a tokenizer of made-up words, one an id."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForSeq2SeqLM,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **sizes)
    make = AutoModelForSeq2SeqLM if kind == "t5" else AutoModelForCausalLM
    make.from_config(config).save_pretrained(folder)
    if kind == "t5":
        config_path = Path(folder) / "config.json"
        said = json.loads(config_path.read_text())
        config_path.write_text(json.dumps({**said, "decoder_start_token_id": 0}))
    words = {word_of(number): number for number in range(config.vocab_size)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token=word_of(2))),
        eos_token=word_of(1),
        bos_token=word_of(0),
        pad_token=word_of(0),
        unk_token=word_of(2),
    )
    tokenizer.save_pretrained(folder)


def word_of(number: int) -> str:
    """Of the made-up words."""
    return f"w{number}"


def prompts_of(kind: str, rows: int, length: int) -> Ids:
    """Ids that are no special ones."""
    numbers = np.random.default_rng(0).integers(10, 30000, (rows, length))
    return numbers.tolist()


def kewen_subject(
    folder: str, kind: str, way: Way, length: int, int8: bool, dtype: str = "float32"
) -> Callable[[], Any]:
    """Ours; int8 as a user would ask for it."""
    from kewen.models import load
    from kewen.tasks.generation_options import GenerationOptions
    from kewen.tasks.id_generation import IdGenerator

    pretrained = load(folder, tokenizer=False, dtype=dtype)
    if int8:
        pretrained.model.quantize("int8")
    generate = IdGenerator(pretrained)
    options = GenerationOptions(
        max_new_tokens=NEW, num_beams=way.beams, top_p=way.top_p, ignore_end=True
    )
    prompts = prompts_of(kind, way.rows, length)
    return lambda: [len(texts[0].ids) for texts in generate(prompts, options)]


def transformers_subject(
    folder: str, kind: str, way: Way, length: int, dtype: str, device: str = "cpu"
) -> Callable[[], Any]:
    """The peer's generate, without gradients."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()
    torch.set_num_threads(os.cpu_count() or 1)
    make = AutoModelForSeq2SeqLM if kind == "t5" else AutoModelForCausalLM
    model = make.from_pretrained(folder, dtype=getattr(torch, dtype))
    model = model.to(device).eval()
    ids = torch.tensor(prompts_of(kind, way.rows, length), device=device)
    drawing: dict[str, Any] = {"do_sample": False}
    if way.top_p is not None:
        drawing = {"do_sample": True, "top_p": way.top_p, "top_k": 0}
    if kind == "t5":
        drawing["decoder_start_token_id"] = 0

    def run() -> Any:
        with torch.no_grad():
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=NEW,
                min_new_tokens=NEW,
                num_beams=way.beams,
                pad_token_id=0,
                **drawing,
            )
        before = 1 if kind == "t5" else length
        return [found.shape[1] - before] * way.rows

    return run


def ctranslate2_subject(
    folder: str, kind: str, way: Way, length: int
) -> Callable[[], Any]:
    """The peer's, in float32, from a conversion of the same folder."""
    import ctranslate2

    converted = f"{folder}-ctranslate2"
    if not Path(converted).exists():
        ctranslate2.converters.TransformersConverter(folder).convert(converted)
    make = ctranslate2.Translator if kind == "t5" else ctranslate2.Generator
    model = make(converted, compute_type="float32", intra_threads=os.cpu_count() or 1)
    prompts = [
        [word_of(number) for number in row]
        for row in prompts_of(kind, way.rows, length)
    ]
    drawing = {} if way.top_p is None else {"sampling_topk": 0}
    drawing |= {} if way.top_p is None else {"sampling_topp": way.top_p}
    options: dict[str, Any] = {"beam_size": way.beams, **drawing}

    def run() -> Any:
        if kind == "t5":
            found = model.translate_batch(
                prompts,
                max_decoding_length=NEW,
                min_decoding_length=NEW,
                **options,
            )
            return [len(each.hypotheses[0]) for each in found]
        found = model.generate_batch(
            prompts,
            max_length=NEW,
            min_length=NEW,
            include_prompt_in_result=False,
            **options,
        )
        return [len(each.sequences_ids[0]) for each in found]

    return run


def subject(name: str, folder: str, kind: str, way: Way, length: int) -> Subject:
    """By its name in the table."""
    given = (folder, kind, way, length)
    if name.startswith("kewen"):
        return Subject(name, kewen_subject, (*given, "int8" in name))
    if name == "CTranslate2":
        return Subject(name, ctranslate2_subject, given, PLAIN_MALLOC)
    dtype = "bfloat16" if "bf16" in name else "float32"
    return Subject(name, transformers_subject, (*given, dtype), PLAIN_MALLOC)


def row_of(timing: Timing, timings: list[Timing], way: Way) -> list[str]:
    """Of a table."""
    speed = way.rows * NEW / timing.median_s
    shares = [
        f"{peer.median_s / timing.median_s:.2f} x"
        for peer in timings
        if not peer.name.startswith("kewen")
    ]
    return [
        way.name,
        timing.name,
        f"{speed:.0f}",
        f"{timing.spread:.0%}",
        f"{timing.first_s:.1f}",
        *(shares if timing.name.startswith("kewen") else [""] * len(shares)),
    ]


def main() -> None:
    """Measure and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=2)
    parser.add_argument("--model", choices=MODELS, help="one of them; else all")
    options = parser.parse_args()
    for model in [options.model] if options.model else MODELS:
        kind, sizes, length, names = MODELS[model]
        wide = has_avx512()
        names = [name for name in names if wide or not name.endswith("bf16")]
        rows = []
        with tempfile.TemporaryDirectory() as parent:
            folder = f"{parent}/model"
            write_random(folder, kind, sizes)
            for way in WAYS[model]:
                subjects = [subject(name, folder, kind, way, length) for name in names]
                timings = measure(
                    subjects, repeats=options.repeats, warmup=options.warmup
                )
                for timing in timings:
                    if timing.answer != [NEW] * way.rows:
                        raise SystemExit(f"{timing.name} wrote {timing.answer} tokens.")
                rows += [row_of(timing, timings, way) for timing in timings]
        peers = [name for name in names if not name.startswith("kewen")]
        title = f"Generation, {model}: {NEW} new tokens after {length}"
        head = ["search", "subject", "tokens/s", "spread", "first s"]
        body = text_table([*head, *(f"of {peer}" for peer in peers)], rows)
        mark = f"decoding_{kind}"
        if not wide:
            title, mark = f"{title}, without AVX-512", f"{mark}_without_avx512"
        publish("decoding", title, body, write=options.write, mark=mark)


if __name__ == "__main__":
    main()
