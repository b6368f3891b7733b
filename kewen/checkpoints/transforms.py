"""How a tensor lies in a file and how it lies in our variables: steps both ways.

A step reads (file -> ours) and writes (ours -> file), and `write(read(x)) == x`.
A step sees lists of tensors, because fused tensors are split and separate ones joined;
most steps treat each tensor of the list alike (`OneToOne`). Steps are chained in
reading order: `TRANSPOSE, SPLIT_HEADS` first transposes what the file holds.

`file_shapes` computes the shapes on the file's side from ours, without data: it is what
a file must hold, and it tells a chain the shapes between its steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod

import numpy as np

from kewen.checkpoints.checkpoint import Array, Shape
from kewen.errors import ConfigError


class Transform(ABC):
    """One step between the file's layout and ours."""

    @abstractmethod
    def file_shapes(self, ours: Sequence[Shape]) -> list[Shape]:
        """Shapes in the file of tensors that have the shapes `ours` with us."""

    @abstractmethod
    def read(self, tensors: Sequence[Array], ours: Sequence[Shape]) -> list[Array]:
        """From the file's layout to ours; `ours` are the shapes to arrive at."""

    @abstractmethod
    def write(self, arrays: Sequence[Array]) -> list[Array]:
        """From our layout to the file's."""


class OneToOne(Transform):
    """A step that treats each tensor by itself."""

    @abstractmethod
    def file_shape(self, ours: Shape) -> Shape:
        """Shape in the file of one tensor."""

    @abstractmethod
    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """One tensor from the file's layout to ours."""

    @abstractmethod
    def write_one(self, array: Array) -> Array:
        """One tensor from our layout to the file's."""

    def file_shapes(self, ours: Sequence[Shape]) -> list[Shape]:
        """Shapes in the file, one by one."""
        return [self.file_shape(shape) for shape in ours]

    def read(self, tensors: Sequence[Array], ours: Sequence[Shape]) -> list[Array]:
        """From the file's layout to ours, one by one."""
        pairs = zip(tensors, ours, strict=True)
        return [self.read_one(tensor, shape) for tensor, shape in pairs]

    def write(self, arrays: Sequence[Array]) -> list[Array]:
        """From our layout to the file's, one by one."""
        return [self.write_one(array) for array in arrays]


class Permute(OneToOne):
    """Our axis k is the file's axis `axes[k]`.

    Example: `Permute(1, 0)` turns torch's (out, in) into our (in, out).
    """

    def __init__(self, *axes: int):
        if sorted(axes) != list(range(len(axes))):
            raise ConfigError(
                "Permute needs every axis from 0 up exactly once. "
                f"Received: {axes}. Write it as np.transpose takes it."
            )
        self.axes = axes
        self.inverse = tuple(axes.index(k) for k in range(len(axes)))

    def file_shape(self, ours: Shape) -> Shape:
        """Shape before the axes change places."""
        self._check_rank(ours)
        return tuple(ours[axis] for axis in self.inverse)

    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """Move the file's axes to our places."""
        return tensor.transpose(self.axes)

    def write_one(self, array: Array) -> Array:
        """Move our axes back to the file's places."""
        self._check_rank(array.shape)
        return array.transpose(self.inverse)

    def _check_rank(self, shape: Shape) -> None:
        if len(shape) != len(self.axes):
            raise ConfigError(
                f"{self} needs a variable of {len(self.axes)} axes. "
                f"Received: shape {shape}. Correct the row of the weight map."
            )

    def __repr__(self) -> str:
        return f"Permute{self.axes}"


class Unflatten(OneToOne):
    """The file's axis `axis` is two of ours, side by side: heads and head size.

    Args:
        axis: of the file's tensor; negative values count from the end.
    Example: `Unflatten(-1)` is (C, H*D) <-> (C, H, D), and (H*D,) <-> (H, D);
        `Unflatten(0)` is (H*D, C) <-> (H, D, C).
    """

    def __init__(self, axis: int):
        self.axis = axis

    def file_shape(self, ours: Shape) -> Shape:
        """Shape with the two axes as one."""
        rank = len(ours) - 1
        if not -rank <= self.axis < rank:
            raise ConfigError(
                f"{self} needs a variable with two axes to flatten there. "
                f"Received: shape {ours}. Correct the row of the weight map."
            )
        axis = self.axis % rank
        return (*ours[:axis], prod(ours[axis : axis + 2]), *ours[axis + 2 :])

    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """Make two axes of one."""
        return tensor.reshape(ours)

    def write_one(self, array: Array) -> Array:
        """Make one axis of two."""
        return array.reshape(self.file_shape(array.shape))

    def __repr__(self) -> str:
        return f"Unflatten({self.axis})"


class Shift(OneToOne):
    """Our values are the file's and `step` more."""

    def __init__(self, step: float):
        self.step = step

    def file_shape(self, ours: Shape) -> Shape:
        """The same."""
        return ours

    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """Add the step."""
        return tensor + np.asarray(self.step, tensor.dtype)

    def write_one(self, array: Array) -> Array:
        """Take it away."""
        return array - np.asarray(self.step, array.dtype)

    def __repr__(self) -> str:
        return f"Shift({self.step})"


class Halve(OneToOne):
    """The last axis has our two halves in turn: 0, n, 1, n + 1, ... of 2 * n."""

    def file_shape(self, ours: Shape) -> Shape:
        """The same."""
        if not ours or ours[-1] % 2:
            raise ConfigError(
                f"{self} needs an even last axis. Received: shape {ours}. Correct the "
                "row of the weight map."
            )
        return ours

    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """Every other one first, then the rest."""
        return np.concatenate([tensor[..., ::2], tensor[..., 1::2]], axis=-1)

    def write_one(self, array: Array) -> Array:
        """One of each half in turn."""
        halves = np.split(array, 2, axis=-1)
        return np.stack(halves, axis=-1).reshape(array.shape)

    def __repr__(self) -> str:
        return "Halve()"


class Unsqueeze(OneToOne):
    """The file has one more axis than ours, in front, of length 1."""

    def file_shape(self, ours: Shape) -> Shape:
        """Shape with the axis."""
        return (1, *ours)

    def read_one(self, tensor: Array, ours: Shape) -> Array:
        """Take the one entry."""
        return tensor[0]

    def write_one(self, array: Array) -> Array:
        """Put the axis in front again."""
        return array[None]

    def __repr__(self) -> str:
        return "Unsqueeze()"


class Split(Transform):
    """One tensor of the file is several of ours, side by side along `axis`.

    The sizes come from our variables, so that parts may differ (grouped-query heads).
    Example: GPT-2's `c_attn` (C, 3*C) with `Split(-1)` is query, key, value (C, C).
    """

    def __init__(self, axis: int):
        self.axis = axis

    def file_shapes(self, ours: Sequence[Shape]) -> list[Shape]:
        """The one shape of the fused tensor."""
        lengths = [shape[self.axis] for shape in ours]
        fused = list(ours[0])
        fused[self.axis] = sum(lengths)
        others = [np.delete(shape, self.axis).tolist() for shape in ours]
        if any(other != others[0] for other in others):
            raise ConfigError(
                f"{self} needs parts that agree in all other axes. "
                f"Received: shapes {list(ours)}. Correct the row of the weight map."
            )
        return [tuple(fused)]

    def read(self, tensors: Sequence[Array], ours: Sequence[Shape]) -> list[Array]:
        """Cut the fused tensor into our parts."""
        (fused,) = tensors
        ends = np.cumsum([shape[self.axis] for shape in ours])[:-1]
        return np.split(fused, ends.tolist(), axis=self.axis)

    def write(self, arrays: Sequence[Array]) -> list[Array]:
        """Join our parts into the fused tensor."""
        return [np.concatenate(arrays, axis=self.axis)]

    def __repr__(self) -> str:
        return f"Split({self.axis})"


class Concat(Transform):
    """Several tensors of the file, `parts` equal ones, are one of ours along `axis`."""

    def __init__(self, parts: int, axis: int):
        self.parts = parts
        self.axis = axis

    def file_shapes(self, ours: Sequence[Shape]) -> list[Shape]:
        """The shapes of the parts."""
        (joined,) = ours
        length, rest = divmod(joined[self.axis], self.parts)
        if rest:
            raise ConfigError(
                f"{self} needs a variable whose axis can be cut evenly. "
                f"Received: shape {joined}. Correct the row of the weight map."
            )
        part = list(joined)
        part[self.axis] = length
        return [tuple(part)] * self.parts

    def read(self, tensors: Sequence[Array], ours: Sequence[Shape]) -> list[Array]:
        """Join the file's parts."""
        return [np.concatenate(tensors, axis=self.axis)]

    def write(self, arrays: Sequence[Array]) -> list[Array]:
        """Cut our variable into the file's parts."""
        (joined,) = arrays
        return np.split(joined, self.parts, axis=self.axis)

    def __repr__(self) -> str:
        return f"Concat({self.parts}, {self.axis})"


TRANSPOSE = Permute(1, 0)  # torch's Linear (out, in) <-> our kernel (in, out)
SPLIT_HEADS = Unflatten(-1)  # (C, H*D) <-> (C, H, D); a bias (H*D,) <-> (H, D)
WITHOUT_FIRST_AXIS = Unsqueeze()  # (1, V) <-> (V,)
MERGE_HEADS = Unflatten(0)  # (H*D, C) <-> (H, D, C): the output projection


def shapes_between(
    steps: Sequence[Transform], ours: Sequence[Shape]
) -> list[Sequence[Shape]]:
    """Shapes before, between and after the steps of a chain in reading order.

    Returns:
        One list of shapes more than there are steps; the first is the file's, the
        last is `ours`.
    """
    shapes: list[Sequence[Shape]] = [list(ours)]
    for step in reversed(steps):
        shapes.insert(0, step.file_shapes(shapes[0]))
    return shapes


def read_through(
    steps: Sequence[Transform], tensors: Sequence[Array], ours: Sequence[Shape]
) -> list[Array]:
    """Lead the file's tensors through a chain to our arrays, shaped `ours`."""
    arrays = list(tensors)
    for step, shapes in zip(steps, shapes_between(steps, ours)[1:], strict=True):
        arrays = step.read(arrays, shapes)
    return arrays


def write_through(steps: Sequence[Transform], arrays: Sequence[Array]) -> list[Array]:
    """Lead our arrays back through a chain to the file's tensors."""
    tensors = list(arrays)
    for step in reversed(steps):
        tensors = step.write(tensors)
    return tensors
