"""A step and what is done around it as one program: compiled on JAX, else plain."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import keras
import numpy as np

from kewen.decoding.step import Step
from kewen.decoding.turning import turned_for
from kewen.ops import turned_kernels

Tensor = Any
Body = Callable[..., Any]


def run(
    step: Step, build: Any, body: Body, *args: Any, donated: Any = (), rows: int = 0
) -> Any:
    """`body(*args, donated)` with the step's weights of now.

    Args:
        step: whose programs they are; they are kept as long as it is.
        build: hashable; tells this body from others of this step.
        body: of tensor operations; on JAX traced once for each build and each set of
            shapes. What it needs to know and is not in `build` comes as an argument.
        *args: tensors, nested.
        donated: tensors that nobody needs afterwards; their memory is used again.
        rows: that the step is called with over and over, if it is; of few rows, its
            kernels are turned for it.
    """
    if keras.backend.backend() != "jax":
        with _no_gradients():
            return body(*args, donated)
    variables = step.variables()
    turned = turned_for(step, rows)
    known = vars(step).setdefault("_programs", {})
    # Adapters or quantising may have given the model other variables since.
    key = build, tuple(map(id, variables)), tuple(turned)
    if key not in known:
        known[key] = _compiled(variables, list(turned), body)
    _note(step, key, (args, donated))
    values = [each.value for each in variables]
    return known[key](donated, values, list(turned.values()), *args)


def count_of_compilations(step: Step) -> int:
    """How many programs were compiled for this step so far; 0 where none are."""
    return len(vars(step).get("_shapes", ()))


def _compiled(variables: list[keras.Variable], kernels: list[int], body: Body) -> Body:
    jax: Any = import_module("jax")

    def program(
        donated: Any, values: list[Tensor], turned: list[Tensor], *args: Any
    ) -> Any:
        pairs = list(zip(variables, values, strict=True))
        known = dict(zip(kernels, turned, strict=True))
        with keras.StatelessScope(state_mapping=pairs), turned_kernels(known):
            return body(*args, donated)

    return jax.jit(program, donate_argnums=0)


def _note(step: Step, key: Any, args: Any) -> None:
    flat = keras.tree.flatten(args)
    shapes = tuple((np.shape(each), str(getattr(each, "dtype", ""))) for each in flat)
    vars(step).setdefault("_shapes", set()).add((key, shapes))


def _no_gradients() -> AbstractContextManager[Any]:
    if keras.backend.backend() != "torch":
        return nullcontext()
    torch: Any = import_module("torch")
    return torch.no_grad()
