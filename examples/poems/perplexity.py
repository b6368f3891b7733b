"""How well a writer foresees poems that it has not read.

    python -m examples.poems.perplexity CACHE [FOLDER]

prints the perplexity of a character over the held-out poems: with everything said of a
poem, with its title alone, and with its form alone. The signs behind the lines and the
end, which the form decides, are not counted. FOLDER is the shipped writer unless given.
"""

import argparse
from pathlib import Path

import keras
import numpy as np

import kewen
from examples.poems.corpus import Poem, fetch, poems_of, split
from examples.poems.reading import Row, batches_of, losses_model, row_of, spoken
from kewen.poems import SHIPPED, Layout, Rhymes
from kewen.training import predict_rows

SAID = {
    "form, title, rhyme, heads": ("title", "rhyme", "heads"),
    "form and title": ("title",),
    "form": (),
}


def mean_loss(model: keras.Model, rows: list[Row]) -> float:
    """Mean of `-log p` over all tokens to be foreseen."""
    batches = batches_of(rows)
    losses = predict_rows(model, batches)
    return float(np.average(losses, weights=batches.weights))


def character_rows(
    poems: list[Poem], layout: Layout, rhymes: Rhymes, said: tuple[str, ...]
) -> list[Row]:
    """Rows in which characters alone are to be foreseen."""
    rows = []
    characters = layout.character_ids()
    for poem in poems:
        chosen = {k: v for k, v in spoken(poem, rhymes).items() if k in said}
        row = row_of(poem, layout, **chosen)
        row["target_mask"] &= np.isin(row["token_ids"], [*characters, layout.id_of("")])
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path, help="keeps what is fetched")
    parser.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    given = parser.parse_args()
    _, poems = split(poems_of(fetch(given.cache)))
    pretrained = kewen.load(given.folder)
    layout = Layout.from_file(given.folder / "vocab.txt")
    rhymes = Rhymes.from_file(given.folder / "rhymes.txt")
    model = losses_model(pretrained.model)
    for name, said in SAID.items():
        rows = character_rows(poems, layout, rhymes, said)
        count = sum(int(row["target_mask"].sum()) for row in rows)
        perplexity = np.exp(mean_loss(model, rows))
        print(f"{name}: {perplexity:.1f} ({len(rows)} poems, {count} characters)")


if __name__ == "__main__":
    main()
