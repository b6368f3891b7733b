"""A title to a couplet: simulated annealing over replaced tokens.

    python -m examples.mcmc.couplet 春江夜泊 --model FOLDER --tokens 7

The couplet keeps its length, and its comma is frozen. What is wanted is the model's
probability of the couplet behind the title, and, a term of one's own, a cost for each
token that comes again. As the temperature falls, fewer changes for the worse are
accepted.
"""

import numpy as np

from examples.mcmc.writer import Writer, parser, tell
from kewen.decoding.mcmc import (
    Cooling,
    Editable,
    Fluency,
    MetropolisHastings,
    Target,
    sample,
)


def main() -> None:
    asked = parser(__doc__, steps=400)
    asked.add_argument("title")
    asked.add_argument("--tokens", type=int, default=7, help="of each line")
    asked.add_argument("--behind", default="[SEP]", help="tokens behind the title")
    asked.add_argument("--again", type=float, default=3.0, help="cost of a repetition")
    asked.add_argument("--top-k", type=int, default=16)
    given = asked.parse_args()
    writer = Writer(given.model, given.before)
    title = writer.ids(given.title)
    writer.before += [*title, *writer.ids_named(given.behind)]

    def varied(texts):
        repeated = [len(text) - len(set(text)) for text in texts]
        return -given.again * np.array(repeated, float)

    fluent = Fluency(writer.logits, before=writer.before, after=writer.ids("。"))
    target = Target(fluent, varied)
    kernel = MetropolisHastings(
        target,
        writer.whole_texts(target, given.top_k),
        insert=0,
        delete=0,
        replace=1,
    )
    blank, comma = title[:1] * given.tokens, writer.ids("，")
    start = Editable.of(
        [*blank, *comma, *blank], [(given.tokens, given.tokens + len(comma))]
    )
    chains = sample(
        kernel,
        [start] * given.chains,
        given.steps,
        seed=given.seed,
        temperature=Cooling(2.0, 0.2, given.steps),
    )
    tell(writer, chains, given.story)


if __name__ == "__main__":
    main()
