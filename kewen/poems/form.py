"""How many lines a poem has, and how many characters a line."""

import dataclasses

from kewen.errors import ConfigError

CHARACTERS = (5, 7)
LINES = tuple(range(4, 21, 2))


@dataclasses.dataclass(frozen=True)
class Form:
    """A form of verse in lines of equal length.

    Attributes:
        lines: an even number from 4 to 20: couplets.
        characters: of each line, 5 or 7.

    Raises:
        ConfigError: if there is no such form among the poems that the writer read.
    """

    lines: int
    characters: int

    def __post_init__(self) -> None:
        if self.lines not in LINES or self.characters not in CHARACTERS:
            raise ConfigError(
                f"A form has {LINES[0]} to {LINES[-1]} lines, an even number, of 5 or "
                f"7 characters. Received: {self.lines} lines of {self.characters}."
            )

    @classmethod
    def named(cls, name: str) -> "Form":
        """The form of a name out of `FORMS`.

        Raises:
            ConfigError: if none is called so.
        """
        if name not in FORMS:
            raise ConfigError(
                f"A form is one of {'、'.join(FORMS)}; for others give the number of "
                f"lines and of characters. Received: {name!r}."
            )
        return FORMS[name]

    @property
    def length(self) -> int:
        """Tokens of a poem: its characters, and a sign after each line."""
        return self.lines * (self.characters + 1)


FORMS = {
    "五言绝句": Form(4, 5),
    "七言绝句": Form(4, 7),
    "五言律诗": Form(8, 5),
    "七言律诗": Form(8, 7),
}
