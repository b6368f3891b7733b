"""What `kewen.load` gives: network, tokenizer, config, and an account of tensors."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kewen.checkpoints import SHARD_BYTES, Account
from kewen.models.base import Backbone
from kewen.text import Keep, Tokenizer


@dataclasses.dataclass(kw_only=True)
class Pretrained:
    """A loaded model.

    Attributes:
        model: the network with the heads that its checkpoint has.
        tokenizer: None if the folder has none.
        config: of the family.
        account: which tensors were read, and which were not; None for `.keras` files,
            where Keras keeps the account.
        config_json: what the folder's config file says, with keys that kewen does not
            know; saved again with the rest.
        origin: "hf", "tf" or "keras".
        folder: where it was read from; None for a model that was made or trained here.
    """

    model: Backbone
    tokenizer: Tokenizer | None = None
    account: Account | None = None
    config_json: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    origin: str = "hf"
    folder: Path | None = None
    # The model that `backbone` was drawn from, and what was drawn.
    _drawn: tuple[Backbone, Backbone] | None = dataclasses.field(
        default=None, init=False, repr=False, compare=False
    )

    @property
    def config(self) -> Any:
        """Sizes and rates; see the family's config class."""
        return self.model.config

    @property
    def backbone(self) -> Backbone:
        """The network without heads: inputs to last hidden state, weights shared.

        It is one object as long as `model` is: its inputs and its output, asked for in
        turn, belong to one graph.
        """
        if self._drawn is None or self._drawn[0] is not self.model:
            self._drawn = (self.model, self.model.redrawn(heads=(), collect=()))
        return self._drawn[1]

    def describe(self) -> str:
        """The architecture as a list of parts; see `Backbone.describe`."""
        return self.model.describe()

    def trim(self, keep: Keep | Iterable[int]) -> "Pretrained":
        """The same model with fewer tokens, a copy: see `Tokenizer.trim` for `keep`.

        Tables follow: token embedding, and bias or table of the masked LM head. Scores
        of the tokens that stay are as before. What is saved loads like any model.

        Raises:
            ConfigError: if there is no tokenizer, or its kind cannot be cut.
            DataError: if an id is none of the vocabulary's.
        """
        # Late, because editing knows Pretrained as well.
        from kewen.models.editing import trim

        return trim(self, keep)

    def compound(self, tokens: Mapping[str, Iterable[int] | None]) -> "Pretrained":
        """The same model with more tokens, a copy: see `Tokenizer.compound`.

        The rows of a new token are the means of its old ones' rows.

        Raises:
            ConfigError, DataError: as `Tokenizer.compound`; and if there is none.
        """
        from kewen.models.editing import compound

        return compound(self, tokens)

    def save(
        self,
        folder: str | Path,
        format: str = "hf",
        overwrite: bool = False,
        max_shard_bytes: int = SHARD_BYTES,
    ) -> None:
        """Write a folder that `kewen.load` opens, and, as "hf", transformers too.

        The mask goes along: "lm" is `is_decoder` in config.json. Transformers knows no
        "unilm"; only kewen.json says it, and transformers will let everybody see all. A
        network that transformers has no class for is written as "hf" with a warning,
        and with a model_type that transformers does not open, lest it compute another
        (docs/design/other_networks.md).

        Args:
            folder: where to; it appears as a whole or not at all.
            format: "hf" (config.json, model.safetensors, tokenizer files), "tf1"
                (instead of safetensors a TensorFlow checkpoint, bert_model.ckpt, under
                Google's and bert4keras' names) or "keras" (model.keras).
            overwrite: whether a folder of that name may be replaced.
            max_shard_bytes: of tensors in a safetensors file; beyond it there are
                several, and an index.

        Raises:
            ConfigError: if there is no such format.
            WeightsError: if the format has no place for a weight of the model.
            FileError: if the folder exists and must not be replaced, or cannot be
                written. What was there before is then still there.
        """
        # Late, because saving knows Pretrained as well.
        from kewen.models.save import save_pretrained

        save_pretrained(
            self,
            Path(folder),
            format=format,
            overwrite=overwrite,
            max_shard_bytes=max_shard_bytes,
        )
