"""What `kewen.load` gives: network, tokenizer, config, and an account of tensors."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kewen.checkpoints import Account
from kewen.models.base import Backbone
from kewen.text import Tokenizer


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
    """

    model: Backbone
    tokenizer: Tokenizer | None = None
    account: Account | None = None
    config_json: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    origin: str = "hf"

    @property
    def config(self) -> Any:
        """Sizes and rates; see the family's config class."""
        return self.model.config

    @property
    def backbone(self) -> Backbone:
        """The network without heads: inputs to last hidden state, weights shared."""
        return self.model.redrawn(heads=(), collect=())

    def save(
        self, folder: str | Path, format: str = "hf", overwrite: bool = False
    ) -> None:
        """Write a folder that `kewen.load` opens, and, as "hf", transformers too.

        Args:
            folder: where to; it appears as a whole or not at all.
            format: "hf" (config.json, model.safetensors, tokenizer files) or "keras"
                (model.keras instead of safetensors).
            overwrite: whether a folder of that name may be replaced.

        Raises:
            ConfigError: if there is no such format.
            FileError: if the folder exists and must not be replaced, or cannot be
                written. What was there before is then still there.
        """
        # Late, because saving knows Pretrained as well.
        from kewen.models.save import save_pretrained

        save_pretrained(self, Path(folder), format=format, overwrite=overwrite)
