"""A conversation as the text that a chat model was trained on.

The template comes with the tokenizer, from whoever published the model, so it is run in
a sandbox that knows neither files nor modules.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, cast

from kewen.errors import ConfigError, DataError, MissingExtraError, installing
from kewen.text.text_file import read_utf8

TEMPLATE_FILE = "chat_template.jinja"


def template_in(folder: Path) -> dict[str, str]:
    """`chat_template`, where a folder keeps it in a file of its own."""
    path = folder / TEMPLATE_FILE
    return {"chat_template": read_utf8(path)} if path.is_file() else {}


def default_template(settings: Mapping[str, Any]) -> str | None:
    """The chat template that a tokenizer_config.json names, or None.

    Args:
        settings: whose `chat_template` is a template or, where there are several, a
            list of them by name.

    Raises:
        ConfigError: if it is neither.
    """
    found: Any = settings.get("chat_template")
    found = _named_default(found) if isinstance(found, list) else found
    if found is not None and not isinstance(found, str):
        raise ConfigError(
            "chat_template in tokenizer_config.json must be a template, or a list of "
            "templates with one of the name 'default'. Received: "
            f"{type(found).__name__}."
        )
    return found


def _named_default(templates: Any) -> Any:
    for each in templates:
        if isinstance(each, dict):
            named = cast("dict[str, Any]", each)
            if named.get("name") == "default":
                return named.get("template")
    return None


def conversation(
    template: str,
    messages: Sequence[Mapping[str, Any]],
    special: Mapping[str, str],
    **options: Any,
) -> str:
    """The conversation as text, ending where the model is to go on.

    A template finds what it finds in transformers: `tojson` that leaves signs as they
    are, `strftime_now`, `raise_exception`, and `{% generation %}` blocks.

    Args:
        template: Jinja, as the tokenizer brings it.
        messages: each with a "role" ("system", "user", "assistant", "tool") and a
            "content", or "tool_calls".
        special: such as {"bos_token": "<s>"}, for the template.
        **options: further names for the template, such as `tools`, a list of JSON
            schemas, or `enable_thinking`.

    Raises:
        MissingExtraError: if Jinja is not installed (extra `[chat]`).
        DataError: if the messages are none, or the template refuses them.
        ConfigError: if the template is broken, or asks for what it may not have.
    """
    for message in cast("list[Any]", messages):
        if (
            not isinstance(message, Mapping)
            or "role" not in message
            or message.keys().isdisjoint({"content", "tool_calls"})
        ):
            raise DataError(
                f'A message has a "role" and a "content". Received: {message!r}.'
            )
    jinja, world = _world()
    names: dict[str, Any] = {"add_generation_prompt": True, **special}
    names |= {"tools": None, "documents": None} | options
    try:
        return world.from_string(template).render(messages=list(messages), **names)
    except DataError:
        raise
    except jinja.TemplateError as error:
        raise ConfigError(
            f"The chat template of the tokenizer cannot be run: {error}. It may use "
            "nothing but what it is given: no files, no modules."
        ) from None
    except _FAILURES as error:
        raise ConfigError(
            f"The tokenizer's chat template fails: {type(error).__name__}, {error}."
        ) from None


# What a template's own expressions may raise.
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def _world() -> tuple[Any, Any]:
    """The module jinja2, and the sandbox with what templates of chats expect in it."""
    try:
        jinja, ext = import_module("jinja2"), import_module("jinja2.ext")
        sandbox = import_module("jinja2.sandbox")
    except ImportError:
        raise MissingExtraError(
            "Chat templates are written in Jinja. Received: it is not installed. Run, "
            f"{installing('chat')}."
        ) from None

    class Generation(ext.Extension):
        """A block around what the model itself says; here it changes nothing."""

        tags = frozenset({"generation"})

        def parse(self, parser: Any) -> Any:
            """The block's own nodes."""
            next(parser.stream)
            return parser.parse_statements(["name:endgeneration"], drop_needle=True)

    world = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", Generation],
    )
    world.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    world.filters["tojson"] = _to_json
    return jinja, world


def _refuse(reason: str) -> NoReturn:
    raise DataError(f"The chat template refuses these messages: {reason}")


def _now(form: str) -> str:
    return datetime.datetime.now().strftime(form)


def _to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    # Jinja's own escapes signs of HTML, which no model was trained on.
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)
