"""Where a model runs: in Keras itself, or exported once and run elsewhere."""

import sys
from typing import Any, cast

# OpenVINO reports each import to its maker, from a process that it forks. Without this
# package it takes its own stand-in, which sends nothing.
cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)

from kewen.engines.choosing import (  # noqa: E402
    ENGINES,
    Engine,
    check_engine,
    engine_for,
)

__all__ = ["ENGINES", "Engine", "check_engine", "engine_for"]
