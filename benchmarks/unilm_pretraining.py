"""Does an encoder write better under the UniLM mask if it was pretrained? (Lesson 6933)

A line of a Tang poem is given, its second half is to be written. One small BERT begins
from nothing; an equal one was first trained as a masked language model, which is all
that BERT ever learnt, on lines of other poems. Both are then fine-tuned on the same
pairs, by the same steps, with `Generator.fit`. No model is downloaded: the body is
pretrained here.

    npm pack chinese-poetry@2.0.1
    python -m benchmarks.unilm_pretraining --poems chinese-poetry-2.0.1.tgz
"""

import argparse
import json
import re
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import kewen
from benchmarks.harness import publish
from kewen.data import Batches, Example
from kewen.losses import CrossEntropy
from kewen.metrics import text_table
from kewen.models import Backbone
from kewen.models.bert import BertConfig
from kewen.tasks import Generator
from kewen.tasks.target_models import logits_model
from kewen.text import Tokenizer
from kewen.training import fit, seeded

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MASKED = 0.15  # of the characters, as Devlin et al. have it
CHARACTER = "[\u4e00-\u9fff]"
LINE = re.compile("|".join(f"{CHARACTER}{{{n}}}，{CHARACTER}{{{n}}}。" for n in (5, 7)))
SIZES = {
    "hidden_dim": 128,
    "num_layers": 3,
    "num_heads": 4,
    "intermediate_dim": 512,
    "max_length": 32,
}


def lines_of(archive: Path) -> list[list[str]]:
    """The lines of each poem that have two halves of five or seven characters."""
    return [
        [line for line in poem["paragraphs"] if LINE.fullmatch(line)]
        for text in _files(archive)
        for poem in json.loads(text)
    ]


def _files(archive: Path) -> Iterator[str]:
    with tarfile.open(archive) as tar:
        named = {Path(m.name).name: m for m in tar.getmembers() if m.isfile()}
        for name in sorted(named):
            if name.startswith("poet.tang."):
                opened = tar.extractfile(named[name])
                assert opened is not None
                yield opened.read().decode("utf-8")


def body_of(tokenizer: Tokenizer, application: str) -> Backbone:
    """The same first weights each time."""
    config = BertConfig(vocabulary_size=tokenizer.vocabulary_size, **SIZES)
    with seeded(0):
        return Backbone(config, heads=["masked_lm"], application=application)


def masked_rows(
    tokenizer: Tokenizer, lines: Sequence[str], seed: int
) -> list[dict[str, np.ndarray]]:
    """Rows of masked language modelling: 8 of 10 chosen ones hidden, 1 another."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in tokenizer.encode_many(lines):
        ids = row["token_ids"].copy()
        count = max(1, round(MASKED * (len(ids) - 2)))
        places = np.sort(rng.choice(np.arange(1, len(ids) - 1), count, replace=False))
        targets = ids[places]
        chance = rng.random(count)
        other = rng.integers(len(SPECIAL), tokenizer.vocabulary_size, count)
        hidden = np.where(chance < 0.9, other, targets)
        ids[places] = np.where(chance < 0.8, SPECIAL.index("[MASK]"), hidden)
        made = {name: row[name] for name in ("segment_ids", "padding_mask")}
        rows.append(
            {"token_ids": ids, **made}
            | {"target_places": places.astype("int32"), "target_ids": targets}
        )
    return rows


def pretrain(
    model: Backbone, tokenizer: Tokenizer, lines: Sequence[str], passes: int
) -> list[float]:
    """Masked language modelling, every pass with other places hidden; its losses."""
    rows = [row for n in range(passes) for row in masked_rows(tokenizer, lines, n)]
    batches = Batches(rows, batch_size=64, shuffle=True)
    history = fit(
        logits_model(model), batches, loss=CrossEntropy(), epochs=1, learning_rate=1e-3
    )
    return history.loss


def finetune(
    tokenizer: Tokenizer,
    model: Backbone,
    pairs: dict[str, list[Example]],
    arguments: argparse.Namespace,
) -> tuple[list[float], Generator]:
    """Perplexity of the dev pairs after each epoch, and the writer of the best."""
    writer = Generator(kewen.Pretrained(model=model, tokenizer=tokenizer))
    history = writer.fit(
        pairs["train"],
        pairs["dev"],
        epochs=arguments.epochs,
        batch_size=32,
        learning_rate=arguments.learning_rate,
    )
    return [epoch["val_perplexity"] for epoch in history.epochs], writer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--poems", type=Path, required=True, help="a .tgz of JSON files"
    )
    parser.add_argument("--pretraining-lines", type=int, default=40_000)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    poems = lines_of(arguments.poems)
    order = np.random.default_rng(0).permutation(len(poems))
    lines = [line for number in order for line in poems[number]]
    held = arguments.pairs + 500
    halves = [line.partition("，") for line in lines[: held + 500]]
    examples = [Example(first, pair=second) for first, _, second in halves]
    names = ("train", "dev", "test")
    edges = (0, arguments.pairs, held, held + 500)
    pairs = {name: examples[edges[n] : edges[n + 1]] for n, name in enumerate(names)}
    others = lines[held + 500 :][: arguments.pretraining_lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        known = SPECIAL + sorted(set("".join(lines)))
        path.write_text("\n".join(known) + "\n", encoding="utf-8")
        tokenizer = Tokenizer.from_file(path)
    rows, answers = [], []
    for name in ("from nothing", "pretrained"):
        began = time.perf_counter()
        model = body_of(tokenizer, "unilm")
        if name == "pretrained":
            encoder = model.redrawn(application="encoder")
            losses = pretrain(encoder, tokenizer, others, arguments.passes)
            print(
                f"MLM loss: {np.mean(losses[:20]):.2f} -> {np.mean(losses[-20:]):.2f}"
            )
        pretraining_s = time.perf_counter() - began
        perplexities, writer = finetune(tokenizer, model, pairs, arguments)
        scores = writer.evaluate(pairs["test"], generation={"max_new_tokens": 9})
        wanted = [str(each.pair) for each in pairs["test"]]
        both = zip(scores.answers, wanted, strict=True)
        length = [len(answer) == len(poet) for answer, poet in both]
        rows.append(
            [
                name,
                *(f"{each:.0f}" for each in perplexities),
                f"{scores.perplexity:.0f}",
                f"{np.mean(length):.1%}",
                f"{pretraining_s:.0f}",
                f"{time.perf_counter() - began:.0f}",
            ]
        )
        answers.append(scores.answers)
    header = ["body", *(f"epoch {n + 1}" for n in range(arguments.epochs))]
    header += ["test", "right length", "pretraining s", "all s"]
    shown = [
        f"{example.text}，  {first}  |  {second}  |  {example.pair}"
        for example, first, second in zip(pairs["test"][:5], *answers, strict=False)
    ]
    body = text_table(header, rows) + "\n\nfrom nothing | pretrained | the poet\n"
    publish(
        "unilm_pretraining",
        "Pretrained or not, under the UniLM mask: perplexity of the second half line",
        body + "\n".join(shown),
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
