"""What a `.keras` file says of itself, looked at before Keras builds anything from it.

Keras refuses code in such files (its safe mode), but it builds the layers that the file
describes before it looks at the weights, in whatever sizes the file says, and any of
its own classes. Only a model of kewen's, in the sizes of its weights, gets there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kewen.checkpoints.json_text import parse_object
from kewen.checkpoints.zip_archive import ZipArchive
from kewen.errors import CheckpointError, WeightsError
from kewen.models.registry import FAMILIES, family

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MAX_CONFIG_BYTES = 1 << 24
SURPLUS = 16  # numbers a byte of weights: no slip, but nonsense


def check_archive(path: Path) -> dict[str, Any]:
    """Refuse an archive that is no sound, saved model of kewen's.

    Returns:
        The config of the model, as `Backbone.get_config` gave it.

    Raises:
        CheckpointError: if it is no sound archive, or describes an absurd model.
        WeightsError: if it holds another kind of model.
        ConfigError: if a value of the config cannot be.
    """
    archive = ZipArchive(path)
    if CONFIG not in archive or archive.size_of(CONFIG) > MAX_CONFIG_BYTES:
        raise _broken(path, f"no {CONFIG} of at most {MAX_CONFIG_BYTES} bytes")
    said = parse_object(archive.read(CONFIG).tobytes(), f"{CONFIG} in {path}")
    if said.get("registered_name") != "kewen>Backbone":
        raise WeightsError(
            f"{path} must hold a model of kewen's. Received: "
            f"{str(said.get('class_name'))[:100]}. Open other Keras models with "
            "keras.saving.load_model, after `import kewen.layers`."
        )
    model = said.get("config")
    if not isinstance(model, Mapping) or model.get("family") not in FAMILIES:
        raise _broken(path, "a model whose family is none")
    _check_dtype(path, model.get("dtype"))
    config: Any = family(model["family"]).config.from_dict(
        model.get("config"), where=f"{CONFIG} in {path}"
    )
    held = archive.size_of(WEIGHTS) if WEIGHTS in archive else 0
    _check_numbers(path, config, held)
    return dict(model)


def _check_numbers(path: Path, config: Any, held: int) -> None:
    labels = getattr(config, "num_labels", 0)
    wanted = config.num_weights + labels * config.hidden_dim
    num_layers = sum(config.layer_counts.values())
    if wanted > max(SURPLUS * held, 2**20) or num_layers > 64 + held:
        raise _broken(
            path,
            f"sizes of {wanted} numbers and {num_layers} layers beside {held} "
            "bytes of weights",
        )


def _check_dtype(path: Path, policy: Any) -> None:
    """A dtype policy is a name; anything else would be built by Keras as it is read."""
    if isinstance(policy, Mapping):
        kind = policy.get("class_name")
        if policy.get("module") == "keras" and str(kind).endswith("DTypePolicy"):
            return
        policy = kind
    elif policy is None or isinstance(policy, str):
        return
    raise _broken(path, f"a dtype policy that is {str(policy)[:100]!r}")


def _broken(path: Path, received: str) -> CheckpointError:
    return CheckpointError(
        f"{path} must be a file that kewen or Keras saved. It could not be opened: "
        f"{received}. Save the model again, or download it from where you trust it."
    )
