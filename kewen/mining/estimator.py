"""What scikit-learn expects of an estimator's settings, without scikit-learn."""

import inspect
from importlib import import_module
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, NoReturn, Self

from kewen.errors import ConfigError, NotFittedError


class Estimator:
    """Settings by their names, so that `sklearn.base.clone` and the like work.

    A subclass keeps each argument of its `__init__` unchanged, as the attribute of that
    name, and checks it when it fits.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All settings; `deep` changes nothing, since none is an estimator itself."""
        del deep
        return {name: getattr(self, name) for name in _settings(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Change some settings; a fit made before stays as it is.

        Raises:
            ConfigError: for a name that is no setting, and then nothing is changed.
        """
        known = _settings(type(self))
        for name in params:
            if name not in known:
                raise ConfigError(
                    f"The settings of {type(self).__name__} are {', '.join(known)}. "
                    f"Received: {name!r}."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks before it calls; nobody else does."""
        utils = import_module("sklearn.utils")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            input_tags=utils.InputTags(two_d_array=False),
        )

    if not TYPE_CHECKING:  # what `fit` leaves is declared by each estimator

        def __getattr__(self, name: str) -> NoReturn:
            """Say that `fit` must come before what it gives is asked for."""
            is_result = name.endswith("_") and not name.startswith("_")
            if is_result and not any(each.endswith("_") for each in vars(self)):
                raise NotFittedError(
                    f"{type(self).__name__} has {name} once it was fitted. Received: "
                    "none before. Call fit first."
                )
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )

    def __repr__(self) -> str:
        """The settings that are not the usual ones, as in scikit-learn."""
        usual = _settings(type(self))
        changed = (
            f"{name}={shortened(value)}"
            for name, value in self.get_params().items()
            if value is not usual[name] and repr(value) != repr(usual[name])
        )
        return f"{type(self).__name__}({', '.join(changed)})"


def _settings(kind: type[Estimator]) -> dict[str, Any]:
    """The arguments of `__init__` in order, and their defaults."""
    arguments = inspect.signature(kind).parameters
    return {name: each.default for name, each in arguments.items()}
