"""Options whose numbers may change without a new program being compiled."""

import copy
from typing import Any, ClassVar, Self

from keras import ops

Tensor = Any


class Numbered:
    """An object some of whose attributes are numbers or arrays, others its build.

    A program is compiled for the build. The numbers go in as arguments, so that another
    temperature, or another list of banned words of equal length, compiles nothing.

    Attributes:
        NUMBERS: attribute -> dtype.
        PARTS: attributes that hold tuples of such objects.
    """

    NUMBERS: ClassVar[dict[str, str]] = {}
    PARTS: ClassVar[tuple[str, ...]] = ()

    def numbers(self) -> dict[str, Any]:
        """The numbers as tensors, and those of the parts."""
        own = {
            name: ops.convert_to_tensor(getattr(self, name), dtype)
            for name, dtype in self.NUMBERS.items()
            if getattr(self, name) is not None
        }
        return own | {
            name: [part.numbers() for part in getattr(self, name)]
            for name in self.PARTS
        }

    def with_numbers(self, numbers: dict[str, Any]) -> Self:
        """The same with these in place of its own."""
        other = copy.copy(self)
        for name, value in numbers.items():
            if name in self.PARTS:
                pairs = zip(getattr(self, name), value, strict=True)
                value = tuple(part.with_numbers(new) for part, new in pairs)
            object.__setattr__(other, name, value)
        return other

    def build(self) -> Any:
        """What a program is compiled for: hashable."""
        own = {
            name: value
            for name, value in vars(self).items()
            if name not in self.NUMBERS and name not in self.PARTS
        }
        absent = tuple(name for name in self.NUMBERS if getattr(self, name) is None)
        parts = tuple(
            tuple(part.build() for part in getattr(self, name)) for name in self.PARTS
        )
        return type(self), tuple(sorted(own.items())), absent, parts
