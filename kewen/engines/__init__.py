"""Where a model runs: in Keras itself, or exported once and run elsewhere."""

from kewen.engines.choosing import ENGINES, Engine, check_engine, engine_for

__all__ = ["ENGINES", "Engine", "check_engine", "engine_for"]
