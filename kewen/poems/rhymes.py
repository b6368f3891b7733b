"""The 106 rhymes of the Pingshui book, by which Tang poems rhyme.

The file has a line for each: its tone, its name, and its characters, simplified. A
character that was read in several ways stands under several rhymes. Where the table
comes from is said in `kewen/poems/tang/README.md`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kewen.errors import ConfigError

TONES = ("平", "上", "去", "入")


class Rhymes:
    """Which characters rhyme.

    Args of the constructor:
        members: name of a rhyme -> its characters.
        tones: name of a rhyme -> one of `TONES`.
    """

    def __init__(self, members: Mapping[str, str], tones: Mapping[str, str]) -> None:
        self.members = dict(members)
        self.tones = dict(tones)
        self._names: dict[str, list[str]] = {}
        for name, characters in self.members.items():
            for character in characters:
                self._names.setdefault(character, []).append(name)

    @classmethod
    def from_file(cls, path: Path) -> "Rhymes":
        """From rhymes.txt."""
        rows = [line.split() for line in path.read_text("utf-8").splitlines()]
        return cls(
            {name: characters for _, name, characters in rows},
            {name: tone for tone, name, _ in rows},
        )

    def save(self, path: Path) -> None:
        """As `from_file` reads it."""
        pairs = self.members.items()
        lines = [f"{self.tones[name]} {name} {members}\n" for name, members in pairs]
        path.write_text("".join(lines), encoding="utf-8")

    def named(self, name: str) -> str:
        """The name of a rhyme, which may be given with its number, such as 一东.

        Raises:
            ConfigError: if there is none.
        """
        if (short := name[-1:]) in self.members:
            return short
        level = "".join(n for n, tone in self.tones.items() if tone == "平")
        other = "".join(n for n, tone in self.tones.items() if tone != "平")
        raise ConfigError(
            f"A rhyme of the Pingshui book is one of {level} (level tone) or {other}. "
            f"Received: {name!r}."
        )

    def of(self, character: str) -> list[str]:
        """Names of all rhymes that a character belongs to."""
        return self._names.get(character, [])

    def common(self, characters: Iterable[str]) -> list[str]:
        """Names of the rhymes that all of some characters belong to."""
        first, *others = characters
        return [
            name
            for name in self.of(first)
            if all(name in self.of(other) for other in others)
        ]
