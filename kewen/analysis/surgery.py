"""Cutting, patching and copying functional models; weights stay shared.

Keras draws a graph over layers, and a layer may stand in many graphs. So nothing here
changes a model: each function draws another graph over the same layers, and training
one model trains the other. Only `clone` makes new weights; only `tie` changes what the
layers hold.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from kewen.errors import ConfigError, ShapeError
from kewen.layers.ties import Place, places, share, tie_again, ties_of
from kewen.models import Backbone

Tensor = Any
Node = Any  # a call of a layer in a graph; Keras does not export its class


def split(
    model: keras.Model, at: str, *, call: int = 0
) -> tuple[keras.Model, keras.Model]:
    """Cut a model after a layer: `tail(head(x))` is `model(x)`.

    The head is what the layer needs; all else is the tail. Whatever the tail reads of
    what the head had, be it hidden states, masks or the model's inputs, goes across:
    the head's outputs and the tail's inputs are a dict of the same names, those of the
    layers that give them (with a number if a layer of the tail has that name). Weights
    are shared with the model. A mask that Keras made crosses as an input of its own;
    Keras' warning that the tail destroys a tensor's mask is of no concern.

    Args:
        model: functional.
        at: name of a layer (or of an operation).
        call: which of its calls, if the model calls it several times.

    Raises:
        ConfigError: if there is no such layer or call, or the model is no graph.
    """
    nodes = _nodes(model)
    calls = _calls(nodes, at)
    if not 0 <= call < len(calls):
        raise ConfigError(
            f"`call` must be below {len(calls)}, as often as the model calls {at!r}. "
            f"Received: {call}."
        )
    kept = _needed_for(calls[call], nodes)
    in_head = {id(t) for node in kept for t in node.outputs}
    in_head |= {id(tensor) for tensor in model.inputs}
    rest = [node for node in nodes if node not in kept and not node.is_input]
    wanted = [tensor for node in rest for tensor in node.input_tensors]
    crossing = {id(t): t for t in (*wanted, *model.outputs) if id(t) in in_head}
    taken = {node.operation.name for node in rest}  # Keras wants each name once
    names = _names(crossing.values(), taken)
    edges = dict(zip(names, crossing.values(), strict=True))
    head = keras.Model(model.input, edges, name=f"{model.name}_head")
    given = {
        name: keras.Input(batch_shape=edge.shape, dtype=edge.dtype, name=name)
        for name, edge in edges.items()
    }
    made = {id(edge): given[name] for name, edge in edges.items()}
    _draw(rest, made)
    tail = keras.Model(given, _now(model.output, made), name=f"{model.name}_tail")
    return head, tail


def insert_after(
    model: keras.Model, name: str, layer: keras.layers.Layer
) -> keras.Model:
    """The model with another layer after each call of a named one, weights shared.

    Raises:
        ConfigError: if there is no such layer, its name is taken, or shapes do not fit.
    """

    def call(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = node.operation(*args, **kwargs)
        if isinstance(given, keras.KerasTensor):
            return layer(given)
        raise ConfigError(
            f"a layer can be inserted after one that gives one tensor; {name!r} gives "
            f"{len(node.outputs)}. Insert it after one of the layers that read them."
        )

    return _redrawn(model, name, layer, call)


def replace(model: keras.Model, name: str, layer: keras.layers.Layer) -> keras.Model:
    """The model with another layer in the place of a named one, all else shared.

    The new layer is called with what the old one was called with, save options such as
    `training` that it does not know.

    Raises:
        ConfigError: if there is no such layer, the new one's name is that of a third,
            or shapes or arguments do not fit.
    """

    def call(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        known = inspect.signature(layer.call).parameters
        is_tensor = {key: _has_tensors(value) for key, value in kwargs.items()}
        return layer(
            *args, **{k: v for k, v in kwargs.items() if k in known or is_tensor[k]}
        )

    return _redrawn(model, name, layer, call)


def clone(model: keras.Model, copy_weights: bool = True) -> keras.Model:
    """The same graph over new layers: with the same weights, or newly initialised.

    Ties of a backbone are tied in the clone.

    Raises:
        ConfigError: if the model is no graph.
    """
    _nodes(model)
    if isinstance(model, Backbone):
        new = Backbone.from_config(model.get_config())
    else:
        new = keras.models.clone_model(model)
        tie_again(new, ties_of(model))
    if copy_weights:
        new.set_weights(model.get_weights())
    return new


def tie(model: Backbone, path: str, other: str) -> None:
    """Let two layers of a backbone hold one variable: the other's.

    From then on it has the sum of both gradients, and counts once. The model's
    `.keras` file says so, and the loaded model is tied too.

    Args:
        model: a backbone; it is changed, and with it all models over the same layers.
        path: of a weight, as in `model.weights_by_path()`, or of a layer, for all its.
        other: path of the weight, or layer, whose values remain.

    Raises:
        ConfigError: if there is no such weight, their shapes differ, one is frozen, or
            the optimizer already knows the weights.
    """
    if not isinstance(model, Backbone):
        raise ConfigError(
            "only a Backbone's file can say that weights are tied. Expected one. "
            f"Received: {type(model).__name__}. In other models, call one layer twice: "
            "Keras saves that as it is."
        )
    if getattr(getattr(model, "optimizer", None), "built", False):
        raise ConfigError(
            f"the optimizer of {model.name!r} already has a state for each weight. "
            "Tie first, and compile afterwards."
        )
    ones, others = _weights_at(model, path), _weights_at(model, other)
    if {k: shape for k, (_, shape) in ones.items()} != {
        k: shape for k, (_, shape) in others.items()
    }:
        raise ConfigError(
            "tied weights must have the same names and shapes. Received: "
            f"{path!r} with {[s for _, s in ones.values()]} and {other!r} with "
            f"{[s for _, s in others.values()]}. A transposed tie is a layer's own "
            "matter: see keras.layers.ReversibleEmbedding."
        )
    held = [place for both in (ones, others) for place, _ in both.values()]
    if not all(getattr(*place).trainable for place in held):
        raise ConfigError(
            f"both of {path!r} and {other!r} must be trainable, for a file does not "
            "say which weights are frozen. Tie first, and freeze afterwards."
        )
    for name, (place, _) in ones.items():
        share(place, others[name][0])
    # What was compiled before may hold the old variable.
    model.train_function = model.test_function = model.predict_function = None


def shared_parameters(model: keras.Model) -> dict[str, list[str]]:
    """Path of each weight that counts more than once -> the calls that read it.

    A layer that the graph calls twice is listed twice, and tied layers are listed
    together; a weight that one call alone reads is not there.

    Raises:
        ConfigError: if the model is no graph.
    """
    readers: dict[int, list[str]] = {}
    paths: dict[int, str] = {}
    for node in _nodes(model):
        for weight in getattr(node.operation, "weights", ()):
            paths.setdefault(id(weight), weight.path)
            readers.setdefault(id(weight), []).append(node.operation.name)
    return {paths[key]: names for key, names in readers.items() if len(names) > 1}


def _weights_at(
    model: keras.Model, path: str
) -> dict[str, tuple[Place, tuple[int, ...]]]:
    """Name below the path -> where it is held and its shape; "" for one weight."""
    found: dict[str, tuple[Place, tuple[int, ...]]] = {}
    known: list[str] = []
    for place_name, (layer, attribute) in places(model):
        weight = getattr(layer, attribute)
        own = f"{place_name.partition('|')[0]}/{weight.name}"
        known.append(own)
        if own == path:
            return {"": ((layer, attribute), weight.shape)}
        if own.startswith(f"{path}/"):
            found[own.removeprefix(path)] = ((layer, attribute), weight.shape)
    if not found:
        raise _unknown("trainable weight or layer with weights", path, known)
    return found


def _redrawn(
    model: keras.Model,
    name: str,
    layer: keras.layers.Layer,
    call: Callable[[Node, tuple[Any, ...], dict[str, Any]], Any],
) -> keras.Model:
    """The model with `call` for the calls of `name`; what does not change is kept."""
    nodes = _nodes(model)
    changed = _calls(nodes, name)
    if changed[0].is_input:
        raise ConfigError(
            f"{name!r} is an input, and an input's layer cannot be changed. Name one "
            "of the layers that read it."
        )
    if not isinstance(layer, keras.layers.Layer):
        raise ConfigError(
            f"expected a Keras layer. Received: {type(layer).__name__} {layer!r}."
        )
    others = [node.operation for node in nodes if node not in changed]
    if any(other.name == layer.name and other is not layer for other in others):
        raise ConfigError(
            f"the model has a layer called {layer.name!r} already, and names must "
            "differ. Give the new layer another name."
        )
    made: dict[int, Tensor] = {}
    _draw(nodes, made, dict.fromkeys(changed, call))
    return keras.Model(model.input, _now(model.output, made), name=model.name)


def _draw(
    nodes: Iterable[Node],
    made: dict[int, Tensor],
    instead: dict[Node, Callable[..., Any]] | None = None,
) -> None:
    """Call again what reads something that changed, or is called `instead`.

    `made` has what stands for each changed tensor, by the tensor's id, and grows.
    """
    instead = instead or {}
    for node in nodes:
        if node not in instead and not any(id(t) in made for t in node.input_tensors):
            continue
        same = {id(tensor): tensor for tensor in node.input_tensors}
        args, kwargs = node.arguments.fill_in({**same, **made})
        name = node.operation.name
        try:
            if node in instead:
                given = instead[node](node, args, kwargs)
            else:
                _check_width(node, made)
                given = node.operation(*args, **kwargs)
        except ConfigError:
            raise
        except (ValueError, TypeError) as error:
            shapes = [t.shape for t in keras.tree.flatten((args, kwargs)) if _is(t)]
            raise ConfigError(
                f"the changed model does not fit together at {name!r}, which is given "
                f"{shapes}. {_first_paragraph(error)}"
            ) from error
        flat = keras.tree.flatten(given)
        if len(flat) != len(node.outputs):
            raise ConfigError(
                f"what stands for {name!r} must give {len(node.outputs)} tensors as it "
                f"does. Received: {len(flat)}."
            )
        made.update(zip(map(id, node.outputs), flat, strict=True))


def _check_width(node: Node, made: dict[int, Tensor]) -> None:
    """Refuse a wrong width where the layer has no `input_spec` to refuse it with."""
    layer = node.operation
    if not isinstance(layer, keras.layers.Layer) or layer.input_spec is not None:
        return
    for old in node.input_tensors if layer.weights else ():
        new = made.get(id(old), old)
        if len(new.shape) != len(old.shape) or new.shape[-1:] != old.shape[-1:]:
            raise ShapeError(f"It was built for {old.shape} where {new.shape} comes.")


def _nodes(model: keras.Model) -> list[Node]:
    """The calls of the model's graph, each after those that it reads."""
    if isinstance(model, keras.Sequential) and model._functional is not None:
        model = model._functional
    by_depth = getattr(model, "_nodes_by_depth", None)
    if by_depth is None:
        raise ConfigError(
            "only a functional model, made as keras.Model(inputs, outputs), has a "
            f"graph to work on. Received: {type(model).__name__}, whose calls only "
            "its own code knows. Work on the functional models within it."
        )
    return [node for depth in sorted(by_depth)[::-1] for node in by_depth[depth]]


def _calls(nodes: list[Node], name: str) -> list[Node]:
    calls = [node for node in nodes if node.operation.name == name]
    if not calls:
        names = dict.fromkeys(node.operation.name for node in nodes)
        raise _unknown("layer in the graph", name, names)
    return calls


def _needed_for(last: Node, nodes: list[Node]) -> set[Node]:
    maker = {id(tensor): node for node in nodes for tensor in node.outputs}
    needed: set[Node] = set()
    left = [last]
    while left:
        node = left.pop()
        if node not in needed:
            needed.add(node)
            left += [maker[id(t)] for t in node.input_tensors if id(t) in maker]
    return needed


def _names(tensors: Iterable[Tensor], taken: set[str]) -> Iterator[str]:
    """A name for each, after the layer that gives it; numbered if that is taken."""
    for tensor in tensors:
        name = tensor._keras_history.operation.name
        candidates = (name, *(f"{name}_{i}" for i in range(1, len(taken) + 1)))
        free = next(each for each in candidates if each not in taken)
        taken.add(free)
        yield free


def _now(structure: Any, made: dict[int, Tensor]) -> Any:
    return keras.tree.map_structure(lambda t: made.get(id(t), t), structure)


def _is(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def _has_tensors(value: Any) -> bool:
    return any(map(_is, keras.tree.flatten(value)))


def _first_paragraph(error: Exception) -> str:
    return " ".join(str(error).partition("\n\n")[0].split())


def _unknown(what: str, name: object, known: Iterable[str]) -> ConfigError:
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=5, cutoff=0.5)
    named = f"Near it: {near}" if near else f"There are: {known[:20]}"
    return ConfigError(f"there is no {what} called {name!r}. {named}.")
