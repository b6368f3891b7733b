"""Options whose value is a JSON object."""

import json
from typing import Any

from kewen.errors import ConfigError


def json_object(option: str, text: str | None) -> dict[str, Any]:
    """The object that an option's value spells; {} for an option not given.

    Raises:
        ConfigError: if the value is anything but a JSON object.
    """
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{option} must be a JSON object. Received: {text[:200]!r} ({error}). "
            "Between single quotes the shell leaves it alone: "
            f"""{option} '{{"name": 1}}'."""
        ) from None
    if not isinstance(value, dict):
        raise ConfigError(
            f"""{option} must be a JSON object such as {{"name": 1}}. Received: """
            f"{text[:200]!r}, which is {type(value).__name__}."
        )
    return value


def numbers_option(option: str, text: str | None) -> dict[str, float] | None:
    """Name to number; None for an option not given.

    Raises:
        ConfigError: if the value is no JSON object of numbers.
    """
    if text is None:
        return None
    numbers = json_object(option, text)
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ConfigError(
                f"{option} must give a number for each name. Received: {number!r} for "
                f"{name!r}."
            )
    return {name: float(number) for name, number in numbers.items()}
