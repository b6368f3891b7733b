"""Every family: counted without weights is counted right, and described whole."""

import math
import re
from importlib import import_module

import keras
import numpy as np
import pytest
from subjects import ENCODER_DECODERS, FAMILIES

from kewen.models import Backbone, family
from kewen.models.sizes import sizes

EVERY = [*FAMILIES, *ENCODER_DECODERS]


@pytest.mark.parametrize("row", EVERY, ids=str)
def test_parameters_are_those_of_the_built_model(row):
    built = Backbone(row.config, heads=[row.head])
    buffers = sum(
        math.prod(weight.shape)
        for path, weight in built.weights_by_path().items()
        if path in family(row.name).buffers
    )
    counted = sizes(row.config, heads=[row.head]).parameters
    assert counted == built.count_params() - buffers
    assert sizes(row.config).parameters == Backbone(row.config).count_params()


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="reads JAX' own trace")
@pytest.mark.parametrize("row", EVERY, ids=str)
def test_flops_are_those_of_the_traced_products(row):
    length = 7
    model = Backbone(row.config, heads=[row.head])
    ids = np.full((1, length), 5, "int32")
    given = dict.fromkeys(model.inputs_by_name, ids)
    for name in given:
        if "mask" in name:
            given[name] = np.ones_like(ids, bool)
        elif "segment" in name:
            given[name] = np.zeros_like(ids)
    jax = import_module("jax")
    traced = jax.make_jaxpr(lambda inputs: model(inputs))(given)
    found = sizes(row.config, heads=[row.head], length=length)
    assert found.flops == 2 * products_in(traced.jaxpr)


def products_in(jaxpr):
    """Multiply-adds of every product that JAX was asked for, however deep."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (summed, _), _ = equation.params["dimension_numbers"]
            left = equation.invars[0].aval.shape
            out = math.prod(equation.outvars[0].aval.shape)
            total += out * math.prod(left[axis] for axis in summed)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                total += products_in(inner)
    return total


@pytest.mark.parametrize("row", EVERY, ids=str)
def test_the_shapes_listed_make_up_the_total(row):
    model = Backbone(row.config, heads=[row.head])
    first, _, *lines, total = model.describe().splitlines()
    assert row.name in first
    assert row.head in first
    found, times = 0, 1
    for line in lines:
        if folded := re.search(r":.* (\d+) x [\d,]+$", line):
            times = int(folded[1])
        elif not line.startswith("  "):
            times = 1
        shapes = re.findall(r"\(([\d, ]+)\)", line)
        found += times * sum(math.prod(map(int, s.split(", "))) for s in shapes)
    assert found == model.count_params()
    assert total.split() == ["total", f"{found:,}"]
