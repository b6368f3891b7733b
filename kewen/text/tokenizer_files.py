"""The files of a tokenizer: which of them to read, and how to write them.

tokenizer.json says everything; vocab.txt only the tokens, and what it lacks stands in
tokenizer_config.json and special_tokens_map.json.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models

from kewen.errors import ConfigError, FileError, VocabularyError
from kewen.files import atomic_write
from kewen.text.chat import template_in
from kewen.text.growth import refuse_growth
from kewen.text.special_tokens import SpecialTokens
from kewen.text.text_file import read_json_object, read_utf8
from kewen.text.vocabulary import read_vocabulary
from kewen.text.word_pieces import Segmenter, WordPieceOptions, is_word_piece

# The library remembers the pieces of whole words, and text without spaces is one long
# word: with no bound, memory grows for as long as new text comes
# (huggingface/tokenizers issue 1539). BPE and unigram models do so, word pieces do not.
_REMEMBERED_WORDS = 1000

# Transformers' classes: the one that obeys a tokenizer.json, and the one that cuts into
# words first (by rjieba).
GENERAL_CLASS = "PreTrainedTokenizerFast"
WORDS_CLASS = "RoFormerTokenizer"

# Ids may have gaps, as blank or repeated lines leave them; but a table is as long as
# its largest id, and a broken file must not make a table of billions of rows.
_MOST_UNUSED = 100_000

# Names of WordPieceOptions, and theirs in tokenizer_config.json.
_OPTION_NAMES = (
    ("lowercase", "do_lower_case"),
    ("strip_accents", "strip_accents"),
    ("split_chinese", "tokenize_chinese_chars"),
)


def read_tokenizer_json(path: Path) -> Tokenizer:
    """Build the tokenizer that a tokenizer.json describes.

    Its truncation and padding are left to the caller of the tokenizer; all else holds.

    Raises:
        VocabularyError: if the file is not a tokenizer.json.
    """
    content = read_utf8(path)
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(content)
        tokenizer.no_truncation()
        tokenizer.no_padding()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is not an Exception
        raise VocabularyError(
            f"{path} must be a tokenizer.json of the tokenizers library. "
            f"Received: {error!s:.300}. Check that the download is complete."
        ) from error
    refuse_growth(tokenizer, path)
    return bounded(tokenizer)


def bounded(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, which from now on remembers only so many words."""
    model: Any = tokenizer.model
    if isinstance(model, models.BPE | models.Unigram):
        model._resize_cache(_REMEMBERED_WORDS)
    return tokenizer


def rows_of(library: Tokenizer, path: Path) -> list[str]:
    """The token of each of the V ids; "" where there is none.

    A tokenizer.json made from a vocab.txt with repeated lines cannot name them all.
    They are looked up in the vocab.txt beside it, as long as the two files agree.

    Raises:
        VocabularyError: if far more ids are unused than used.
    """
    ids = library.get_vocab(with_added_tokens=True)
    size = max(ids.values(), default=-1) + 1
    if size > 2 * len(ids) + _MOST_UNUSED:
        raise VocabularyError(
            f"The ids in {path} must be numbers of rows, with few gaps. "
            f"Received: {len(ids)} tokens with ids up to {size - 1}."
        )
    rows = [""] * size
    for token, number in ids.items():
        rows[number] = token
    beside = path.parent / "vocab.txt"
    if is_word_piece(library) and beside.exists():
        lines = read_vocabulary(beside, "keep").rows
        if all(row in ("", line) for row, line in zip(rows, lines, strict=False)):
            rows = [*lines, *rows[len(lines) :]]
    return rows


def read_settings(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, and what only its neighbours say."""
    special = read_json_object(folder / "special_tokens_map.json")
    settings = read_json_object(folder / "tokenizer_config.json")
    return special | settings | template_in(folder)


def options_from_settings(
    settings: Mapping[str, Any], source: Path, words: Segmenter | None = None
) -> WordPieceOptions:
    """What tokenizer_config.json says of how to cut text for a vocab.txt, and `words`.

    Raises:
        ConfigError: if a value is neither true nor false.
    """
    found: dict[str, Any] = {}
    for ours, theirs in _OPTION_NAMES:
        value = settings.get(theirs)
        if value is None:
            continue
        if not isinstance(value, bool):
            raise ConfigError(
                f"{theirs} in {source} must be true or false. Received: {value!r}."
            )
        found[ours] = value
    return WordPieceOptions(**found, words=words)


def settings_to_save(
    special: SpecialTokens,
    options: WordPieceOptions | None,
    words: Segmenter | None,
) -> dict[str, Any]:
    """A tokenizer_config.json with which transformers gives the same ids.

    Args:
        special: the special tokens.
        options: how text is cut for a vocab.txt, where a special token that is spelled
            out in a text is plain text. None for a tokenizer.json.
        words: what cuts Chinese into words before.
    """
    settings: dict[str, Any] = {
        # Not BertTokenizer: that class would replace the normal form by its own.
        "tokenizer_class": GENERAL_CLASS,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": options is not None,
    }
    if words is not None:
        settings |= {"tokenizer_class": WORDS_CLASS, "words": words}
    if options is not None:  # tokenizer.json says it too; this is for other readers
        for ours, theirs in _OPTION_NAMES:
            settings[theirs] = getattr(options, ours)
    return settings | {f"{role}_token": token for role, token in special.named()}


def write_files(folder: Path, contents: Mapping[str, str], *, overwrite: bool) -> None:
    """Write each text file whole or not at all.

    Raises:
        FileError: if one is there and must not be overwritten; none is written then.
    """
    there = [name for name in contents if (folder / name).exists()]
    if there and not overwrite:
        raise FileError(
            f"A tokenizer must be saved where none is. Received: {folder}, which has "
            f"{', '.join(there)}. Choose another folder or pass overwrite=True."
        )
    for name, content in contents.items():
        with atomic_write(folder / name, mode="w", overwrite=overwrite) as file:
            file.write(content)


def to_json(settings: Mapping[str, Any]) -> str:
    """JSON for people: indented, Chinese as Chinese."""
    return json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
