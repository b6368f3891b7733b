"""Which files of a folder make its tokenizer, and what each of them leaves open."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import tokenizers

from kewen.errors import ConfigError, NotFoundError
from kewen.text.byte_pairs import build_byte_pairs
from kewen.text.panics import building_from
from kewen.text.sentence_piece import build_sentence_piece
from kewen.text.special_tokens import SpecialTokens
from kewen.text.text_file import read_json_object
from kewen.text.tokenizer_files import (
    options_from_settings,
    read_settings,
    read_tokenizer_json,
    rows_of,
    settings_to_save,
)
from kewen.text.vocabulary import Duplicates, read_vocabulary
from kewen.text.word_pieces import Segmenter, WordPieceOptions, build_word_pieces
from kewen.text.words import segmenter_in

# The library's tokenizer, the token of each row, the special ones, and the settings to
# save: what a `Tokenizer` is made of.
Opened: TypeAlias = tuple[
    tokenizers.Tokenizer, list[str], SpecialTokens, dict[str, Any]
]
# SentencePiece models of XLM-R and CamemBERT; T5 and ALBERT; DeBERTa; Llama.
SENTENCE_PIECES = (
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
)

# Settings that change no ids, and are saved again.
FOR_GENERATION = ("bos_token", "eos_token", "chat_template")


def open_file(path: Path, duplicates: Duplicates, options: WordPieceOptions) -> Opened:
    """See `Tokenizer.from_file`."""
    if path.suffix == ".model":
        _refuse(options, path)
        with building_from(path):
            library = build_sentence_piece(path, "")
        return _from_library(library, path, {})
    if path.suffix != ".json":
        return _from_vocabulary(path, duplicates, options, {})
    if path.name == "vocab.json":
        _refuse(options, path)
        with building_from(path):
            library = build_byte_pairs(path, path.with_name("merges.txt"), {}, {})
        return _from_library(library, path, {})
    _refuse(replace(options, words=None), path)
    return _from_json(path, {}, options.words)


def open_folder(
    folder: Path, duplicates: Duplicates, words: Segmenter | None
) -> Opened:
    """See `Tokenizer.from_folder`."""
    settings = read_settings(folder)
    source = folder / "tokenizer_config.json"
    words = words or segmenter_in(settings, source)
    if (folder / "tokenizer.json").exists():
        return _from_json(folder / "tokenizer.json", settings, words)
    if (folder / "vocab.txt").exists():
        options = options_from_settings(settings, source, words)
        return _from_vocabulary(folder / "vocab.txt", duplicates, options, settings)
    if words is not None:
        raise ConfigError(
            "Words before word pieces are for a vocab.txt or a tokenizer.json of word "
            f"pieces. Received: words={words!r} for {folder}, which has neither. "
            "Leave it out."
        )
    if (folder / "vocab.json").exists():
        with building_from(folder / "vocab.json"):
            library = build_byte_pairs(
                folder / "vocab.json",
                folder / "merges.txt",
                settings,
                read_json_object(folder / "added_tokens.json"),
            )
        return _from_library(library, folder / "vocab.json", settings)
    for name in SENTENCE_PIECES:
        if (folder / name).exists():
            said = read_json_object(folder / "config.json").get("model_type") or ""
            # A network of kewen's own is marked so; its pieces are the other's.
            kind = settings.get("tokenizer_class") or str(said).removeprefix("kewen_")
            with building_from(folder / name):
                library = build_sentence_piece(folder / name, str(kind), settings)
            return _from_library(library, folder / name, settings)
    raise NotFoundError(
        "A tokenizer folder must hold tokenizer.json, vocab.txt, vocab.json with "
        f"merges.txt, or a SentencePiece model ({', '.join(SENTENCE_PIECES)}). "
        f"Received: {folder}, which {'has none' if folder.is_dir() else 'is no folder'}"
        "."
    )


def _from_vocabulary(
    path: Path,
    duplicates: Duplicates,
    options: WordPieceOptions,
    settings: Mapping[str, Any],
) -> Opened:
    vocabulary = read_vocabulary(path, duplicates)
    special = SpecialTokens.find(vocabulary.ids.get, settings)
    options = options.decided(vocabulary, special)
    library = build_word_pieces(vocabulary, special, options)
    saved = settings_to_save(special, options, options.words) | _kept(settings)
    return library, list(vocabulary.rows), special, saved


def _from_json(
    path: Path, settings: Mapping[str, Any], words: Segmenter | None
) -> Opened:
    library = read_tokenizer_json(path)
    special = SpecialTokens.of(library, settings)
    library.encode_special_tokens = settings.get("split_special_tokens") is True
    saved = dict(settings) or settings_to_save(special, None, words)
    if words is not None:
        saved["words"] = words
    return library, rows_of(library, path), special, saved


def _from_library(
    library: tokenizers.Tokenizer, path: Path, settings: Mapping[str, Any]
) -> Opened:
    """Of files that become a tokenizer.json: what is saved is obeyed as it is."""
    special = SpecialTokens.of(library, settings)
    saved = settings_to_save(special, None, None) | _kept(settings)
    return library, rows_of(library, path), special, saved


def _kept(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a tokenizer_config.json says for those who generate."""
    return {name: settings[name] for name in FOR_GENERATION if name in settings}


def _refuse(options: WordPieceOptions, path: Path) -> None:
    if options != WordPieceOptions():
        raise ConfigError(
            f"{path} holds its own rules, which options cannot change. Received: "
            f"{options}. Leave the options out, or read a vocab.txt."
        )
