"""What the shipped writer does that nothing forces it to do.

    python -m examples.poems.quality CACHE [--titles 100]

lets it write a poem of each form on titles of held-out poems and prints some shares,
the held-out poems' own beside them: poems whose even lines rhyme, though no rhyme was
asked for; lines whose second and fourth characters differ in tone, as in regulated
verse; lines that stand in a poem that it has read.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from examples.poems.corpus import fetch, poems_of, split
from kewen.poems import FORMS, Rhymes
from kewen.tasks import PoemWriter


def mean(values: Iterable[bool]) -> float:
    """The share of those that are true."""
    known = list(values)
    return sum(known) / len(known)


def rhymes_well(lines: Sequence[str], rhymes: Rhymes) -> bool:
    """Whether all even lines end in one rhyme."""
    return bool(rhymes.common(line[-1] for line in lines[1::2]))


def alternates(line: str, rhymes: Rhymes) -> bool:
    """Whether of the second and the fourth character just one has a level tone.

    A character that can be both fits everywhere.
    """
    second, fourth = (
        {rhymes.tones[name] == "平" for name in rhymes.of(line[place])}
        for place in (1, 3)
    )
    return any(a != b for a in second for b in fourth)


def report(
    name: str, poems: Sequence[Sequence[str]], rhymes: Rhymes, read: set[str]
) -> None:
    """A line of the table."""
    lines = [line for poem in poems for line in poem]
    shares = (
        mean(rhymes_well(poem, rhymes) for poem in poems),
        mean(alternates(line, rhymes) for line in lines),
        mean(line in read for line in lines),
    )
    said = "rhyme {:.0%}, tones alternate {:.0%}, lines read before {:.1%}"
    print(f"{name}: {said.format(*shares)} ({len(poems)} poems)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path, help="keeps what is fetched")
    parser.add_argument("--titles", type=int, default=100)
    given = parser.parse_args()
    poems, held_out = split(poems_of(fetch(given.cache)))
    read = {line for poem in poems for line in poem.lines}
    writer = PoemWriter()
    known = set(writer.layout.ids)
    for name, form in FORMS.items():
        same = [poem for poem in held_out if poem.form == form]
        report(f"{name}, held out", [p.lines for p in same], writer.rhymes, read)
        titles = [p.title for p in same if p.title and set(p.title) <= known]
        written = [
            writer.write(title[:16], form=form)[0].lines
            for title in titles[: given.titles]
        ]
        report(f"{name}, written", written, writer.rhymes, read)


if __name__ == "__main__":
    main()
