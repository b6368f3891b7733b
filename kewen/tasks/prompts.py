"""A prompt, a text or a conversation, as the ids that a model reads."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from kewen.errors import ConfigError, DataError
from kewen.tasks.id_generation import IdGenerator
from kewen.text import Tokenizer

Prompt = str | Sequence[Mapping[str, Any]]


def is_one(prompts: Any) -> bool:
    """Whether it is one prompt: a text, or the messages of one conversation.

    Raises:
        DataError: if it is a single message.
    """
    if isinstance(prompts, str):
        return True
    if isinstance(prompts, Mapping):
        raise DataError(
            "A conversation is a list of messages. Received: one message, "
            f"{dict(prompts)!r}. Write [message]."
        )
    return is_conversation(prompts)


def is_conversation(given: Any) -> bool:
    """Whether it is a list of messages, one at least."""
    is_list = isinstance(given, list | tuple) and len(given) > 0
    return is_list and all(isinstance(each, Mapping) for each in given)


def ids_of_prompt(
    prompt: Prompt,
    tokenizer: Tokenizer,
    model: IdGenerator,
    chat_options: Mapping[str, Any],
) -> list[int]:
    """What the model is given; a text that it goes on with is left open at its end.

    Args:
        prompt: a text, or the messages of a conversation.
        tokenizer: the model's.
        model: it knows its end tokens, and whether it reads a source.
        chat_options: further names for the chat template.

    Raises:
        DataError: if the prompt is neither a text nor a conversation, or is empty.
    """
    if not isinstance(prompt, str):
        if not is_conversation(prompt):
            raise DataError(
                "A prompt is a text, or a conversation: a list of messages. Received: "
                f"{prompt!r}."
            )
        ids = tokenizer.plain_ids(tokenizer.conversation(prompt, **chat_options))
    else:
        ids = tokenizer(prompt)["token_ids"].tolist()
        ends = (*model.end_ids, tokenizer.sep_id)
        while not model.reads_source and ids and ids[-1] in ends:
            ids = ids[:-1]
    if not ids:
        raise DataError(
            "A prompt needs at least one token: this model's tokenizer adds none. "
            f"Received: {prompt!r}."
        )
    return ids


def checked_chat_options(options: Any) -> Mapping[str, Any]:
    """Further names for a chat template; none if None.

    Raises:
        ConfigError: if it is no dict of names, or names the messages themselves.
    """
    given: Any = {} if options is None else options
    if not isinstance(given, Mapping) or "messages" in given:
        raise ConfigError(
            "chat_options must be a dict of names that the chat template knows, such "
            'as {"tools": [...]}; messages are the prompt. Received: '
            f"{given!r}."
        )
    return cast("Mapping[str, Any]", given)
