"""Rows that cannot be learned from: counted, the first few remembered."""

from dataclasses import dataclass, field

MOST_PLACES = 200  # that are listed without a reason


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that is no example."""

    place: str  # "line 7", or a file below a folder of class folders
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(slots=True)
class BadRows:
    """What `on_bad_row="skip"` left out; give one to a reader and look afterwards."""

    limit: int = 10  # how many are remembered; all are counted
    count: int = 0
    first: list[BadRow] = field(default_factory=list[BadRow])
    places: list[str] = field(default_factory=list[str])  # of those after them

    def add(self, row: BadRow) -> None:
        """Count one more."""
        self.count += 1
        if len(self.first) < self.limit:
            self.first.append(row)
        elif len(self.places) < MOST_PLACES:
            self.places.append(row.place)

    def summary(self) -> str:
        """One paragraph: how many were skipped, the first of them, and where."""
        if not self.count:
            return "No bad rows."
        listed = "; ".join(map(str, self.first))
        more = self.count - len(self.first)
        rest = f"; and {more} more" if more else ""
        if self.places:
            rest += f": {', '.join(self.places)}"
            rest += ", ..." if more > len(self.places) else ""
        return f"Skipped {self.count} bad row{'s'[: self.count > 1]}: {listed}{rest}."
