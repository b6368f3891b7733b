"""What Keras finds under the name of our models before their room is imported."""

from importlib import import_module
from typing import Any

import keras


@keras.saving.register_keras_serializable("kewen", name="Backbone")
class SavedBackbone:
    """Opens a saved `kewen.models.Backbone` after `import kewen.layers` alone.

    `kewen.models` registers itself under the same name and so takes its place. It is
    called by name, and only while a file is opened: nothing here depends on it.
    """

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        backbone = import_module("kewen.models.base").Backbone
        return backbone.from_config(config, custom_objects)

    def get_config(self) -> dict[str, Any]:
        return {}  # Keras registers no class without it
