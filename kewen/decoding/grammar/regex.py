r"""A regular expression as a tree.

Known: characters, `.`, `[a-z]`, `[^a-z]`, `( )`, `(?: )`, `|`, `* + ? {m} {m,} {m,n}`,
`\d \w \s \D \W \S` (of ASCII), `\n \t \r \f \v \0`, `\xHH`, `\uHHHH`, and a backslash
before any sign. A pattern is about the whole text, so `^` at its beginning and `$` at
its end say nothing; nor may they stand elsewhere.
"""

import dataclasses
from string import hexdigits

from kewen.errors import ConfigError

Ranges = tuple[tuple[int, int], ...]  # of code points, both ends included
LAST = 0x10FFFF
REPETITIONS = "*+?{"
MOST_DIGITS = 6  # of a number of repetitions
_DIGITS = ((48, 57),)
_WORDS = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACES = ((9, 13), (32, 32))
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "0": 0}


@dataclasses.dataclass(frozen=True)
class Characters:
    """One character out of these."""

    ranges: Ranges


@dataclasses.dataclass(frozen=True)
class Row:
    """One after another."""

    parts: tuple["Node", ...]


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of them."""

    parts: tuple["Node", ...]


@dataclasses.dataclass(frozen=True)
class Repeated:
    """Several times; `most` is None for any number."""

    part: "Node"
    least: int
    most: int | None


Node = Characters | Row | Choice | Repeated


def parse(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        ConfigError: if it is no pattern, or one with signs that are not known.
    """
    parser = _Parser(unanchored(pattern))
    node = parser.choice()
    if parser.next():
        raise parser.wrong("a closing bracket that nothing opened")
    return node


def unanchored(pattern: str) -> str:
    """The pattern without `^` at its beginning and `$` at its end."""
    pattern = pattern.removeprefix("^")
    body = pattern.removesuffix("$")
    backslashes = len(body) - len(body.rstrip("\\"))
    return pattern if backslashes % 2 else body


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    found, begin = [], 0
    for low, high in sorted(ranges):
        if low > begin:
            found.append((begin, low - 1))
        begin = max(begin, high + 1)
    if begin <= LAST:
        found.append((begin, LAST))
    return tuple(found)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def wrong(self, what: str) -> ConfigError:
        return ConfigError(
            "The pattern of a constraint must be a regular expression without "
            f"look-around and back-references. Received: {what}, at character "
            f"{self.at} of {self.pattern!r}."
        )

    def next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        sign = self.next()
        if not sign:
            raise self.wrong("an early end")
        self.at += 1
        return sign

    def choice(self) -> Node:
        parts = [self.row()]
        while self.next() == "|":
            self.at += 1
            parts.append(self.row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def row(self) -> Node:
        parts = []
        while self.next() not in ("", "|", ")"):
            parts.append(self.repeated(self.single()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def single(self) -> Node:
        sign = self.take()
        if sign == "(":
            if self.next() == "?":
                if self.pattern[self.at : self.at + 2] != "?:":
                    raise self.wrong("a group of an unknown kind")
                self.at += 2
            node = self.choice()
            if self.next() != ")":
                raise self.wrong("a bracket that is not closed")
            self.at += 1
            return node
        if sign == "[":
            return Characters(self.signs())
        if sign == ".":
            return Characters(complement(((10, 10),)))
        if sign == "\\":
            return Characters(self.escaped())
        if sign in "*+?{^$":
            raise self.wrong(f"{sign!r} where a character is wanted")
        return Characters(((ord(sign), ord(sign)),))

    def repeated(self, node: Node) -> Node:
        sign = self.next()
        if not sign or sign not in REPETITIONS:
            return node
        self.at += 1
        if sign == "{":
            least, most = self.numbers()
        else:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if self.next() == "?":  # as few as possible: the same texts
            self.at += 1
        following = self.next()
        if following and following in REPETITIONS:  # also `*+`, which matches less
            raise self.wrong("a repetition of a repetition, which needs brackets")
        return Repeated(node, least, most)

    def numbers(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at : end].partition(",")
        signs = low + high
        if end < 0 or not low or not (signs.isascii() and signs.isdigit()):
            raise self.wrong("numbers of repetitions that are none")
        if max(len(low), len(high)) > MOST_DIGITS:
            raise self.wrong(f"a number of more than {MOST_DIGITS} digits")
        self.at = end + 1
        least = int(low)
        most = int(high) if high else None if comma else least
        if most is not None and most < least:
            raise self.wrong(f"at least {least} and at most {most} repetitions")
        return least, most

    def escaped(self) -> Ranges:
        sign = self.take()
        if sign.lower() in _CLASSES:
            ranges = _CLASSES[sign.lower()]
            return ranges if sign.islower() else complement(ranges)
        if sign in _CONTROLS:
            code = _CONTROLS[sign]
            if sign == "0" and self.next().isdigit():
                raise self.wrong("a number of base 8, in place of \\xHH")
        elif sign in "xu":
            count = 2 if sign == "x" else 4
            digits = self.pattern[self.at : self.at + count]
            if len(digits) < count or not set(digits) <= set(hexdigits):
                raise self.wrong(f"not {count} digits of base 16")
            code = int(digits, 16)
            self.at += count
        elif sign.isalnum():
            raise self.wrong(f"the unknown sign \\{sign}")
        else:
            code = ord(sign)
        return ((code, code),)

    def signs(self) -> Ranges:
        negated = self.next() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.next() != "]":
            first = False
            low = self.one_or_class()
            if self.next() == "-" and self.pattern[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.one_or_class()
                ends = {*low, *high}
                if any(a != b for a, b in ends) or high < low:  # a class, or reversed
                    raise self.wrong("a range that is none")
                low = ((low[0][0], high[0][1]),)
            ranges += low
        self.at += 1
        return complement(tuple(ranges)) if negated else tuple(ranges)

    def one_or_class(self) -> Ranges:
        sign = self.take()
        return self.escaped() if sign == "\\" else ((ord(sign), ord(sign)),)
