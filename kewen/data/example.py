"""One example, as it stood in a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A text, perhaps a second one, perhaps a label, and where they came from."""

    text: str
    label: str | None = None
    pair: str | None = None
    line: int = 0  # from 1; 0 where no line was read
    file: str | None = None  # below a folder of class folders

    @property
    def place(self) -> str:
        """Where to look: a file of a folder, or a line of the one file."""
        return self.file if self.file is not None else f"line {self.line}"
