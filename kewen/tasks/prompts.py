"""A prompt, a text or a conversation, as the ids that a model reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from kewen.errors import DataError
from kewen.tasks.id_generation import IdGenerator
from kewen.text import Tokenizer

Prompt = str | Sequence[Mapping[str, Any]]


def is_one(prompts: Any) -> bool:
    """Whether it is one prompt: a text, or the messages of one conversation."""
    if isinstance(prompts, str):
        return True
    return bool(prompts) and all(isinstance(each, Mapping) for each in prompts)


def ids_of_prompt(
    prompt: Prompt, tokenizer: Tokenizer, model: IdGenerator
) -> list[int]:
    """What the model is given; a text that it goes on with is left open at its end.

    Args:
        prompt: a text, or the messages of a conversation.
        tokenizer: the model's.
        model: it knows its end tokens, and whether it reads a source.

    Raises:
        DataError: if the prompt is neither a text nor a conversation, or is empty.
    """
    if not isinstance(prompt, str):
        ids = tokenizer.plain_ids(tokenizer.conversation(prompt))
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
