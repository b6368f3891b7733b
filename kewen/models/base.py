"""A family's network as a Keras model that knows its config."""

import warnings
from collections.abc import Iterable
from typing import Any, Self

import keras

from kewen.errors import ConfigError
from kewen.layers import ScoresOf
from kewen.layers.rematerialized import keep_what_cannot_be_forgotten
from kewen.layers.ties import tie_again, ties_of
from kewen.models.bert4keras_layers import layer_of_bert4keras
from kewen.models.config import Config
from kewen.models.describing import describe
from kewen.models.graph import Graph
from kewen.models.id_limits import check_ids, limits_of
from kewen.models.parts import Parts
from kewen.models.registry import family

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class Backbone(keras.Model):
    """A functional model of named layers: `block_3_attention`, `mlm_dense`, ...

    Inputs are a dict: `token_ids` int (B, T), `segment_ids` int (B, T) where the family
    has segments or the mask needs them, `padding_mask` bool (B, T), True where a token
    is, `position_ids` int (B, T) with `position_input`, and `condition` float (B, K)
    where the config has a `condition_dim`, K. The output is the last hidden state,
    (B, T, C); with heads or `collect` it is a dict of that, `last_hidden_state`, and
    theirs.

    A call, `predict` and `predict_on_batch` refuse NumPy arrays of ids that no table
    has; in a graph of one's own, JAX gives NaN for such an id, and torch an error.

    An encoder-decoder has `decoder_token_ids` and `decoder_padding_mask` too, (B, T),
    where the others are (B, S); heads and last hidden state are the decoder's, and
    `encoder_last_hidden_state`, (B, S, C), is an output; of "decoder" it is an input.

    Args:
        config: of any family.
        heads: names out of `family(config.family).heads`.
        application: who may look at whom: "encoder" (everybody), "lm" (backwards) or
            "unilm" (segment 0 freely, segment 1 backwards: a prefix LM) or "permuted"
            (in the order of the input `generation_order`, int (B, T)); of an
            encoder-decoder "encoder_decoder", or "encoder" or "decoder" alone; the
            family's own if None.
        position_input: whether position ids are an input.
        collect: "hidden_states" adds `hidden_0` (embeddings) and `hidden_{i + 1}`
            (block i), (B, T, C); the last is after the final norm, if there is one,
            and "unnormed" adds what it was before, as `hidden_unnormed`;
            "attention_scores" adds `attention_{i}`, (B, H, T, T). An encoder-decoder's
            have `encoder_hidden_{i}`, `encoder_hidden_unnormed`,
            `encoder_attention_{i}` and `cross_attention_{i}`, (B, H, T, S), besides.
        layers: layers to share; those with the names of this model's are used.
        unset: whether new layers begin with zeros, because a checkpoint follows.

    Raises:
        ConfigError: if the family has no such head or application.
    """

    def __init__(
        self,
        config: Config,
        *,
        heads: Iterable[str] = (),
        application: str | None = None,
        position_input: bool = False,
        collect: Iterable[str] = (),
        layers: Iterable[keras.layers.Layer] = (),
        dtype: Any = None,
        unset: bool = False,
        name: str | None = None,
    ) -> None:
        heads, collect = tuple(heads), tuple(collect)
        kind = family(config.family)
        application = application or kind.applications[0]
        _one_of("application", [application], kind.applications)
        _one_of("head", heads, kind.heads)
        _one_of("collect", collect, _COLLECTED)
        if application in kind.headless:
            _one_of(f"head of {application!r}", heads, ())
        graph = kind.graph(
            config,
            Parts(layers, dtype, unset),
            application=application,
            position_input=position_input,
        )
        for head in heads:
            kind.heads[head](graph)
        for what in collect:
            if graph.encoder is not None:
                graph.outputs |= _COLLECTED[what](graph.encoder, "encoder_")
            graph.outputs |= _COLLECTED[what](graph, "")
        last = graph.last_hidden_state
        outputs = {"last_hidden_state": last, **graph.outputs}
        super().__init__(
            inputs=graph.inputs,
            outputs=outputs if graph.outputs else last,
            name=name or kind.name.replace("-", "_"),
        )
        for node in self.nodes():
            keep_what_cannot_be_forgotten(node)
        self.config: Any = config  # of the family; its fields differ
        self.heads = heads
        self.application = application
        self.position_input = position_input
        self.collect = collect

    def redrawn(self, **changes: Any) -> "Backbone":
        """The same layers in another graph: other heads, mask, inputs or outputs.

        Weights are shared, not copied: `m.redrawn(collect=["attention_scores"])` shows
        the attention of the model that goes on training. Layers that were not there
        before (a new head's) are new.
        """
        same: dict[str, Any] = {
            "config": self.config,
            "heads": self.heads,
            "application": self.application,
            "position_input": self.position_input,
            "collect": self.collect,
            "layers": self.layers,
            "dtype": self.dtype_of_layers,
            "name": self.name,
        }
        return Backbone(**{**same, **changes})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Keras' own, once the ids are looked at; raises as `predict`."""
        for x in args[:1]:
            check_ids(x, limits_of(self))
        return super().__call__(*args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras' own, once the ids are looked at.

        Raises:
            ConfigError: if a table has no row for one.
        """
        check_ids(x, limits_of(self))
        return super().predict(x, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Keras' own, once the ids are looked at; raises as `predict`."""
        check_ids(x, limits_of(self))
        return super().predict_on_batch(x)

    def quantize(self, mode: Any, *args: Any, **kwargs: Any) -> None:
        """Keras' own; of layers that have nothing to quantise it says nothing.

        Raises:
            ConfigError: if the model is quantised already, in whole or in part.
        """
        already = _quantized(self)
        if already:
            raise ConfigError(
                "Plain weights are quantised, all at once. Received: a model with "
                f"{len(already)} layers in {' and '.join(sorted({*already.values()}))} "
                "already. Load it anew."
            )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* does not have a `quantize`")
            super().quantize(mode, *args, **kwargs)

    def encoder(self) -> "Backbone":
        """The encoder alone, weights shared: its last hidden state, (B, S, C)."""
        return self.redrawn(application="encoder", heads=(), collect=())

    def decoder(self) -> "Backbone":
        """The decoder of an encoder-decoder, over encoder states that are given.

        Weights are shared. Text is encoded once, and decoded as often as one likes:
        `encoder_last_hidden_state` and `padding_mask` are inputs.

        Raises:
            ConfigError: if the family is no encoder-decoder.
        """
        return self.redrawn(application="decoder", collect=())

    def tap(self, *names: str) -> keras.Model:
        """A model of the same inputs whose outputs are those of the named layers.

        Raises:
            ConfigError: if there is no such layer.
        """
        made = self._made_by_layer()
        if not names:
            raise ConfigError(
                "tap needs the name of a layer at least. Received: none. "
                f"`describe` lists them: {', '.join(list(made)[:4])}, ..."
            )
        _one_of("layer", names, made)
        return keras.Model(self.inputs_by_name, {name: made[name] for name in names})

    def layer_of_bert4keras(self, name: str) -> Any:
        """The layer that bert4keras calls `name`; docs/migration.md lists them all.

        Example: "Transformer-3-FeedForward" is `block_3_feedforward`.

        Raises:
            ConfigError: if no layer of this model is called so there.
        """
        return layer_of_bert4keras(name, self)

    def _made_by_layer(self) -> dict[str, Tensor]:
        """What each layer gives in this graph; at its first call, if it has several.

        Not `layer.output`: a shared layer stands in other graphs too, and that is what
        it gave in the first of them.
        """
        made: dict[str, Tensor] = {}
        for node in self.nodes():
            made.setdefault(node.operation.name, node.outputs[0])
        return made

    def nodes(self) -> list[Any]:
        """Keras' record of each call of a layer in this graph, inputs first."""
        by_depth = self._nodes_by_depth
        return [node for d in sorted(by_depth, reverse=True) for node in by_depth[d]]

    def describe(self) -> str:
        """The architecture as a list of parts: a line for each layer, and the total.

        A line has name, class, number of parameters, and name and shape of each weight.
        Blocks in a row that are equal are folded: a line with the count, "block_0 ..
        block_11:", and below it the layers of one, whose numbers are those of one.
        """
        return describe(self)

    @property
    def inputs_by_name(self) -> dict[str, Tensor]:
        """The symbolic inputs, sorted by name as Keras has them."""
        return {tensor.name: tensor for tensor in self.inputs}

    def weights_by_path(self) -> dict[str, keras.Variable]:
        """Every weight by the path that weight maps use."""
        return {
            weight.path: weight for layer in self.layers for weight in layer.weights
        }

    @property
    def dtype_of_layers(self) -> Any:
        """The dtype policy that the layers were made with."""
        return self.get_layer("token_embedding").dtype_policy

    def rematerialized_call(self, layer_call: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras' hook of `keras.RematScope`: the layers forget, each for itself."""
        return layer_call

    def get_config(self) -> dict[str, Any]:
        return {
            "family": self.config.family,
            "config": self.config.as_dict(),
            "heads": list(self.heads),
            "application": self.application,
            "position_input": self.position_input,
            "collect": list(self.collect),
            "dtype": keras.saving.serialize_keras_object(self.dtype_of_layers),
            "name": self.name,
            "quantized": _quantized(self),
            "ties": ties_of(self),
            # Keras' own description, for `kewen.layers.SavedBackbone`.
            "graph": keras.Model(
                self.inputs_by_name, self.output, name=self.name
            ).get_config(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        config = {key: value for key, value in config.items() if key != "graph"}
        own = family(config.pop("family")).config.from_dict(config.pop("config"))
        dtype = keras.saving.deserialize_keras_object(config.pop("dtype"))
        quantized = config.pop("quantized", {})
        ties = config.pop("ties", {})  # files of before they were have none
        model = cls(own, dtype=dtype, **config)
        for layer in model._flatten_layers(include_self=False):
            if layer.path in quantized:
                layer.quantize(quantized[layer.path])
        tie_again(model, ties)
        return model


def _quantized(model: keras.Model) -> dict[str, str]:
    """Path of each layer that Keras has quantised -> how."""
    return {
        layer.path: layer.quantization_mode
        for layer in model._flatten_layers(include_self=False)
        if layer.quantization_mode
    }


def _hidden_states(graph: Graph, side: str) -> dict[str, Tensor]:
    return {f"{side}hidden_{i}": h for i, h in enumerate(graph.hidden_states)}


def _unnormed(graph: Graph, side: str) -> dict[str, Tensor]:
    found = graph.unnormed
    return {} if found is None else {f"{side}hidden_unnormed": found}


def _attention_scores(graph: Graph, side: str) -> dict[str, Tensor]:
    named = {
        **{f"{side}attention_{i}": each for i, each in enumerate(graph.attentions)},
        **{f"cross_attention_{i}": a for i, a in enumerate(graph.cross_attentions)},
    }
    scores: dict[str, Tensor] = {}
    for name, (attention, hidden, arguments) in named.items():
        layer = ScoresOf(attention, name=f"{attention.name}_scores")
        scores[name] = layer(hidden, **arguments)
    return scores


_COLLECTED = {
    "hidden_states": _hidden_states,
    "unnormed": _unnormed,
    "attention_scores": _attention_scores,
}


def _one_of(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            raise ConfigError(f"{what} must be one of {known}. Received: {name!r}.")
