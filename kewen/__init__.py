"""kewen (课文): Transformers for Chinese, and any other language, on Keras 3.

The front door. Everything here is loaded when it is first used, so that `import kewen`
costs nothing and picks no backend before the caller had the chance to.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kewen.backend import choose_backend, require_backend
from kewen.memory import keep_freed_memory

if TYPE_CHECKING:
    from kewen import (
        data,
        layers,
        masks,
        mining,
        models,
        stats,
        tasks,
        text,
        training,
    )
    from kewen.models.load import Pretrained, load
    from kewen.tasks.load import load_task

__version__ = "0.1.0"
__all__ = [
    "Pretrained",
    "data",
    "layers",
    "load",
    "load_task",
    "masks",
    "mining",
    "models",
    "stats",
    "tasks",
    "text",
    "training",
]

_HOME_OF = {
    "Pretrained": "kewen.models.load",
    "load": "kewen.models.load",
    "load_task": "kewen.tasks.load",
}

_WITHOUT_KERAS = {"data", "mining", "stats", "text"}

choose_backend()
keep_freed_memory()  # before anything starts a thread


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kewen' has no attribute {name!r}")
    if name not in _WITHOUT_KERAS:
        require_backend()
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    return import_module(f"kewen.{name}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
