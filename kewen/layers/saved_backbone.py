"""What Keras finds under the name of our models until `kewen.models` is imported."""

from typing import Any

import keras

from kewen.layers.ties import tie_again


@keras.saving.register_keras_serializable("kewen", name="Backbone")
class SavedBackbone:
    """Opens a saved `kewen.models.Backbone` as a plain functional model of Keras.

    The file holds the graph twice: as our config, and as Keras' own list of layers and
    calls. The second needs nothing but this room. `kewen.models` registers its class
    under the same name, takes this one's place, and reads the first.
    """

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        model = keras.Model.from_config(config["graph"], custom_objects=custom_objects)
        tie_again(model, config.get("ties", {}))
        return model

    def get_config(self) -> dict[str, Any]:
        return {}  # Keras registers no class without it
