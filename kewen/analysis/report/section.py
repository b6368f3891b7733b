"""A part of the page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One headed part of the page; `css` is what only this part needs."""

    heading: str  # plain text
    body: str  # HTML
    css: str = ""

    def html(self) -> str:
        """The part as a `<section>` element."""
        return f"<section>\n<h2>{self.heading}</h2>\n{self.body}\n</section>"
