"""A text said otherwise: fluent, about the same, in other tokens.

    python -m examples.mcmc.paraphrase 床前明月光 --model FOLDER --keep 明月

What is wanted is a sum of three terms: the model's log-probability, the cosine of the
means of the tokens' vectors, and, a term of one's own, a cost for each token that stays
where it was. A word to keep is frozen.
"""

import numpy as np

from examples.mcmc.writer import Writer, parser, tell
from kewen.decoding.mcmc import (
    Editable,
    Fluency,
    MetropolisHastings,
    Similarity,
    Target,
    sample,
)
from kewen.errors import DataError


def main() -> None:
    asked = parser(__doc__, steps=1000)
    asked.add_argument("text")
    asked.add_argument("--keep", default="", help="a word of the text")
    asked.add_argument("--alike", type=float, default=20.0, help="weight of a cosine")
    asked.add_argument("--stale", type=float, default=4.0, help="cost of an old token")
    asked.add_argument("--end", default="，", help="comes after the text")
    given = asked.parse_args()
    writer = Writer(given.model, given.before)
    old, kept = writer.ids(given.text), writer.ids(given.keep)
    places = [i for i in range(len(old)) if old[i : i + len(kept)] == kept]
    if not places:
        raise DataError(
            f"--keep must be a word of the text {given.text!r}. Received: "
            f"{given.keep!r}."
        )

    def fresh(texts):
        same = [sum(a == b for a, b in zip(old, t, strict=True)) for t in texts]
        return -given.stale * np.array(same, float)

    target = Target(
        Fluency(writer.logits, before=writer.before, after=writer.ids(given.end)),
        Similarity(writer.vectors, old, given.alike),
        fresh,
    )
    kernel = MetropolisHastings(
        target, writer.left_to_right(), insert=0, delete=0, replace=1
    )
    frozen = [(places[0], places[0] + len(kept))] if kept else []
    start = Editable.of(old, frozen)
    chains = sample(kernel, [start] * given.chains, given.steps, seed=given.seed)
    tell(writer, chains, given.story)


if __name__ == "__main__":
    main()
