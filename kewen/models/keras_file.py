"""The weights of a `.keras` file, read and written one tensor at a time.

Where a weight lies in such a file, only Keras' own walk over a model tells. It is taken
here with stores of ours in the place of Keras': one notes the places, one writes other
values than the model's. So a model whose weights nobody has set is enough for both, and
a file may be larger than memory; and each tensor keeps its dtype, whatever the policy
is that the model is built with.
"""

import zipfile
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kewen.checkpoints import Checkpoint, Deferred, TensorInfo, aligned
from kewen.checkpoints.checkpoint import Array
from kewen.checkpoints.zip_archive import ZipArchive
from kewen.errors import CheckpointError, ConfigError, KewenError
from kewen.models.base import Backbone
from kewen.models.keras_archive import WEIGHTS, check_archive

_keras: Any = import_module("keras.src.saving.saving_lib")
_VARIABLES = "/vars/"  # between the place of a layer and the number of its variable


class KerasFile(Checkpoint):
    """One `.keras` file of a model of kewen's.

    Args:
        path: the file.
        dtype: Keras dtype policy of the model; the file's own if None.
        named: the family that it must be of; any if None.

    Attributes:
        model: what the file describes; nothing of its weights is set yet.

    Raises:
        CheckpointError: if it is no such file.
        WeightsError: if it holds another kind of model.
        ConfigError: if a value of the config cannot be.
    """

    format = "keras"

    def __init__(self, path: Path, dtype: Any = None, named: str | None = None) -> None:
        said = check_archive(path) | {"unset": True}
        if named not in (None, said["family"]):
            raise ConfigError(
                f"{path} must be of the family that is named, {named}. Received: "
                f"a model of {said['family']}. Leave the name out."
            )
        if dtype is not None:
            policy = keras.dtype_policies.get(dtype)
            said["dtype"] = keras.saving.serialize_keras_object(policy)
        try:
            self.model = Backbone.from_config(said)
            self._variables = _places_in(self.model)
            self._store = _keras.H5IOStore(WEIGHTS, archive=ZipArchive(path), mode="r")
            infos = [self._info(path, name) for name in self._variables]
        except KewenError:
            raise
        except Exception as error:  # JSON, HDF5 and Keras raise what they like
            raise _broken(path, error) from error
        super().__init__(path, infos)

    def fill_model(self) -> None:
        """Give the model its values, in the dtype of its policy."""
        for name, variable in self._variables.items():
            variable.assign(aligned(self[name], variable.dtype))

    def deferred(self) -> dict[str, Deferred]:
        """What `Backbone.weights_by_path` will be, each read when it is asked for."""
        weights = {id(each) for each in self.model.weights_by_path().values()}
        return {
            variable.path: Deferred(
                self.info(name).shape, self.info(name).dtype, partial(self._get, name)
            )
            for name, variable in self._variables.items()
            if id(variable) in weights
        }

    def close(self) -> None:
        self._store.close()
        super().close()

    def _get(self, name: str) -> Array:
        return self[name]

    def _read(self, info: TensorInfo) -> Array:
        place, _, number = info.name.rpartition(_VARIABLES)
        try:
            return self._store.get(place)[number]
        except Exception as error:
            raise _broken(self.path, error) from error

    def _info(self, path: Path, name: str) -> TensorInfo:
        place, _, number = name.rpartition(_VARIABLES)
        group = self._store.get(place)._h5_entry_group
        data = _keras.safe_get_h5_dataset(group, number)
        dtype = data.attrs.get("dtype", data.dtype)  # HDF5 has no bfloat16
        wanted = tuple(self._variables[name].shape)
        if data.shape != wanted:
            raise CheckpointError(
                f"{path} must hold {self._variables[name].path} of shape {wanted}, as "
                f"its config says. Received: {data.shape}. Save the model again."
            )
        return TensorInfo(name=name, shape=wanted, dtype=np.dtype(dtype), file=path)


def write_keras(path: Path, model: Backbone, values: Mapping[str, Any]) -> None:
    """Write a model as Keras does, but no two of its weights are in memory at once.

    Args:
        path: the file; that folder needs twice the room of the weights for a while.
        model: what the file will describe.
        values: path -> array, to write instead of the model's own weights.
    """
    config, metadata = _keras._serialize_model_as_json(model)
    unpacked = path.with_name(WEIGHTS)
    store = _Given(unpacked, values)
    try:
        _walk(model, store)
    finally:
        store.close()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_keras._METADATA_FILENAME, metadata)
        archive.writestr(_keras._CONFIG_FILENAME, config)
        archive.write(unpacked, WEIGHTS)
    unpacked.unlink()


class _Noted(_keras.H5IOStore):
    """Where Keras puts each variable; no file is there."""

    def __init__(self) -> None:
        self.found: dict[str, keras.Variable] = {}

    def __bool__(self) -> bool:
        return True

    def make(self, path: str, metadata: Any = None) -> "_Noted":
        self._place = path
        return self

    def __setitem__(self, key: str, value: Any) -> None:
        self.found[f"{self._place}{_VARIABLES}{key}"] = value


class _Given(_keras.H5IOStore):
    """Writes values of ours where Keras would write the variables'."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        super().__init__(path, mode="w")
        self._values = values

    def __setitem__(self, key: str, value: Any) -> None:
        given = self._values.get(getattr(value, "path", ""))
        super().__setitem__(key, value if given is None else np.asarray(given))


def _places_in(model: Backbone) -> dict[str, keras.Variable]:
    """Place in the file -> variable."""
    noted = _Noted()
    _walk(model, noted)
    return noted.found


def _walk(model: Backbone, store: Any) -> None:
    _keras._save_state(model, store, None, "", set())


def _broken(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path} must be a file that Keras saved. It could not be opened: "
        f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    )
