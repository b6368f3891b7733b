"""Words to a text: CGMH with frozen words (lesson 8194).

    python -m examples.mcmc.keywords 明月 江 --model FOLDER --tokens 7 --story

The chains start at the words themselves, and insert, delete and replace tokens around
them. What is wanted is the model's probability of the text, to the power gamma, and a
number of tokens.
"""

from examples.mcmc.writer import Writer, parser, tell
from kewen.decoding.mcmc import (
    Editable,
    Fluency,
    Length,
    MetropolisHastings,
    Target,
    sample,
)


def main() -> None:
    asked = parser(__doc__, steps=200)
    asked.add_argument("words", nargs="+")
    asked.add_argument("--tokens", type=int, default=7, help="of the whole text")
    asked.add_argument("--missing", type=float, default=6.0, help="cost of one too few")
    asked.add_argument("--gamma", type=float, default=0.8)
    asked.add_argument("--end", default="，", help="comes after the text")
    asked.add_argument("--top-k", type=int, default=16)
    given = asked.parse_args()
    writer = Writer(given.model, given.before)
    fluent = Fluency(
        writer.logits, given.gamma, before=writer.before, after=writer.ids(given.end)
    )
    kernel = MetropolisHastings(
        Target(fluent, Length(given.tokens, given.tokens, given.missing)),
        writer.whole_texts(fluent, given.top_k),
    )
    start = Editable.of_words([writer.ids(word) for word in given.words])
    chains = sample(kernel, [start] * given.chains, given.steps, seed=given.seed)
    tell(writer, chains, given.story)


if __name__ == "__main__":
    main()
