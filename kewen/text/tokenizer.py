"""The tokenizer: str -> ids, with offsets into the original, and back.

The work is done by the `tokenizers` library; what is here chooses files, truncates,
makes arrays, and refuses what cannot be meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import tokenizers
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError
from kewen.text.byte_fallback import decode_whole
from kewen.text.chat import conversation, default_template
from kewen.text.checks import checked_ids, checked_texts
from kewen.text.editing import Edited, Keep, Sources, extended, renumbered, trimmed
from kewen.text.encoded import Encoded, Tokens, rows_of, stack
from kewen.text.flat import tokenize
from kewen.text.joining import join_word_pieces
from kewen.text.opening import open_file, open_folder
from kewen.text.special_tokens import SpecialTokens, texts_in
from kewen.text.template import learn_templates
from kewen.text.token_bytes import token_bytes
from kewen.text.tokenizer_files import to_json, write_files
from kewen.text.truncation import Room, Side, TruncateFrom, Truncation
from kewen.text.vocabulary import Duplicates
from kewen.text.word_pieces import Segmenter, WordPieceOptions, is_word_piece
from kewen.text.words import cutter


class Tokenizer:
    """Cuts texts into tokens, in the file formats that checkpoints come with.

    Made by `from_file` or `from_folder`. Byte-level BPE and SentencePiece models become
    what a tokenizer.json would be. From a vocab.txt it is a BERT tokenizer with
    the ids of bert4keras: special tokens spelled out in a text are plain text. A
    tokenizer.json is obeyed as it is: its normal form, its special tokens inside texts,
    its post-processor; its truncation and padding are the caller's arguments.

    Attributes:
        vocabulary_size: V, rows that an embedding needs; unused rows count.
        frame: ids of the special tokens before a text, and of those behind it.
        pad_id, cls_id, sep_id, unk_id, mask_id: ids; None where there is no such token.

    Example: `tokenizer("白切鸡", "你想吃啥", max_length=64)["token_ids"]`.
    """

    def __init__(
        self,
        library: tokenizers.Tokenizer,
        rows: Sequence[str],
        special: SpecialTokens,
        settings: Mapping[str, Any],
    ) -> None:
        self._library = library
        self._rows = tuple(rows)
        self._special = special
        self._settings = dict(settings)
        self._templates = learn_templates(library)
        self.frame = self._templates[0].frame
        self.vocabulary_size = len(self._rows)
        self.pad_id = self._id_of(special.pad)
        self.cls_id = self._id_of(special.cls)
        self.sep_id = self._id_of(special.sep)
        self.unk_id = self._id_of(special.unk)
        self.mask_id = self._id_of(special.mask)
        self._special_ids = special.ids_in(library)
        self._cutter = cutter(library, self._settings.get("words"))

    # From files

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        lowercase: bool | None = None,
        duplicates: Duplicates = "error",
        strip_accents: bool | None = None,
        split_chinese: bool = True,
        max_word_chars: int = 200,
        pair_pattern: Literal["S*E*E", "S*ES*E"] = "S*E*E",
        words: Segmenter | None = None,
    ) -> Self:
        """Read one file, without looking at its neighbours.

        The options are for vocab.txt only, since the others hold their own; `words` is
        for a tokenizer.json of word pieces too.

        Args:
            path: vocab.txt; or a tokenizer.json, if its name ends in `.json`; or
                vocab.json, with merges.txt beside it; or a SentencePiece model, if it
                ends in `.model`.
            lowercase: None decides by the vocabulary: lower-case, unless one of its
                pieces (special and bracketed ones apart) has a letter A to Z.
            duplicates: a token on several lines: "error", or the id that text gets is
                the "first" line's, or the last one's ("keep"), or there is only the
                first line ("drop"); see `read_vocabulary`.
            strip_accents: None for the same as `lowercase`.
            split_chinese: whether every Chinese character is a word.
            max_word_chars: longer words are unknown. 200 in Google's BERT and
                bert4keras; transformers has 100.
            pair_pattern: S is [CLS], E is [SEP], * a text.
            words: "jieba" or "rjieba" cuts Chinese into words first (extra "chinese"),
                as WoBERT and RoFormer need it; a word that is no token is cut as usual.

        Raises:
            NotFoundError: if there is no such file.
            VocabularyError: if it is broken, ambiguous, or lacks [CLS], [SEP] or [UNK].
            ConfigError: if options come with a file that holds its own.
            MissingExtraError: if `words` is not installed.
        """
        options = WordPieceOptions(
            lowercase=lowercase,
            strip_accents=strip_accents,
            split_chinese=split_chinese,
            max_word_chars=max_word_chars,
            pair_pattern=pair_pattern,
            words=words,
        )
        return cls(*open_file(Path(path), duplicates, options))

    @classmethod
    def from_folder(
        cls,
        folder: str | PathLike[str],
        *,
        duplicates: Duplicates = "error",
        words: Segmenter | None = None,
    ) -> Self:
        """Read the tokenizer of a model's folder, with its settings.

        The first of these that is there: tokenizer.json; vocab.txt (word pieces);
        vocab.json with merges.txt (byte-level BPE); a SentencePiece model, `*.model`.
        tokenizer_config.json and special_tokens_map.json name the special tokens; for a
        vocab.txt the former also says `do_lower_case`, `strip_accents` and
        `tokenize_chinese_chars`. See `from_file` for what holds without them.

        Args:
            folder: where the files are.
            duplicates: as in `from_file`.
            words: as in `from_file`; None for what tokenizer_config.json says.

        Raises:
            NotFoundError: if the folder has none of these files.
            VocabularyError, ConfigError, MissingExtraError: as `from_file`.
        """
        return cls(*open_folder(Path(folder), duplicates, words))

    # Text to ids

    def __call__(
        self,
        text: str | Sequence[str],
        pair: str | Sequence[str] | None = None,
        *,
        max_length: int | None = None,
        truncation: Truncation = "longest_first",
        truncate_from: TruncateFrom = "right",
        stride: int | None = None,
        padding_side: Side = "right",
        pad_to: int | None = None,
    ) -> Encoded:
        """Encode a text, a pair of texts, or lists of both.

        Args:
            text: one text gives (T,) arrays; B texts give (B, T).
            pair: the second part of each row, in the same form as `text`.
            max_length: most tokens in a row, special ones included. None: no limit.
            truncation: which part gives way, see `truncation.truncate`.
            truncate_from: the side of the part that is cut off; or a number: so many
                tokens stay at the start, and the cut is behind them (start and end of a
                long text often say most).
            stride: instead of cutting off, show the whole text in windows of
                `max_length` tokens that share so many; `Encoded.sample` tells which
                text a row shows. With a pair, `truncation` names the part that the
                windows run over. Always gives (B, T) arrays.
            padding_side: where shorter rows are filled up with [PAD] (with id 0 if the
                vocabulary has none).
            pad_to: T. None: as long as the longest row.

        Raises:
            DataError: if a text is no string, or the lists differ in length.
            ConfigError: if `max_length` holds less than the special tokens, or options
                contradict each other.
        """
        alone = isinstance(text, str)
        if pair is not None and isinstance(pair, str) != alone:
            raise DataError(
                "A pair must come in the form of its text: two strings or two lists. "
                f"Received: {type(text).__name__} and {type(pair).__name__}."
            )
        texts, pairs = [text] if alone else text, [pair] if alone else pair
        seconds = None if pair is None else cast("Sequence[str]", pairs)
        room = self._room(seconds is not None, max_length, truncation, truncate_from)
        if stride is not None and max_length is None:
            raise ConfigError(
                "stride must come with the length of its windows. Received: "
                f"stride={stride} without max_length."
            )
        rows = self._rows_for(texts, seconds, room, stride)
        if alone and stride is None and pad_to is None:
            return rows[0]
        batch = stack(
            rows, pad_id=self.pad_id or 0, padding_side=padding_side, pad_to=pad_to
        )
        if alone and stride is None:
            return Encoded(
                {name: array[0] for name, array in batch.items()}, batch.sample
            )
        return batch

    def encode_many(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        max_length: int | None = None,
        truncation: Truncation = "longest_first",
        truncate_from: TruncateFrom = "right",
    ) -> list[Encoded]:
        """Encode texts, in parallel, to one row of (T_b,) arrays each, without padding.

        The arguments and errors are those of a call. For batches of similar length.
        """
        room = self._room(pairs is not None, max_length, truncation, truncate_from)
        return self._rows_for(texts, pairs, room, None)

    def _room(
        self,
        paired: bool,
        max_length: int | None,
        truncation: Truncation,
        truncate_from: TruncateFrom,
    ) -> Room:
        num_special = self._templates[paired].num_special
        return Room(max_length, num_special, truncation, truncate_from)

    def _rows_for(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None,
        room: Room,
        stride: int | None,
    ) -> list[Encoded]:
        texts = checked_texts(texts, "text")
        pairs = None if pairs is None else checked_texts(pairs, "pair")
        if pairs is not None and len(pairs) != len(texts):
            raise DataError(
                "Every text must have its pair. "
                f"Received: {len(texts)} texts and {len(pairs)} pairs."
            )
        firsts = self._tokenize(texts)
        seconds = None if pairs is None else self._tokenize(pairs)
        return rows_of(
            self._templates[pairs is not None], firsts, seconds, room, stride
        )

    def _tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without special ones; one call for all of them."""
        if self._cutter is not None:
            return self._cutter.tokenize(texts).texts()
        return tokenize(self._library, texts).texts()

    # Ids to text

    def decode(
        self,
        ids: Iterable[int] | NDArray[np.integer[Any]],
        skip_special_tokens: bool = True,
    ) -> str:
        """Ids to readable text.

        Word pieces are joined by `join_word_pieces`, from either file format, so that
        Chinese has no spaces; other models use the decoder of their tokenizer.json.

        Args:
            ids: (T,). Padding may be among them.
            skip_special_tokens: leave out [CLS], [SEP], [PAD], [UNK], [MASK] and what
                else the tokenizer declares to be special.

        Raises:
            DataError: if an id is none of the vocabulary's, or `ids` is not flat.
        """
        known = self._checked_ids(ids)
        if skip_special_tokens:
            known = [number for number in known if number not in self._special_ids]
        if is_word_piece(self._library):
            return join_word_pieces(filter(None, (self._rows[i] for i in known)))
        return decode_whole(self._library, known, [self._rows[i] for i in known])

    def tokens(self, ids: Iterable[int] | NDArray[np.integer[Any]]) -> list[str]:
        """The tokens of (T,) ids. Raises DataError for an id that does not exist."""
        return [self._rows[number] for number in self._checked_ids(ids)]

    def id_to_token(self, token_id: int) -> str:
        """The token of an id, "" for an unused row. Raises DataError for no row."""
        return self.tokens([token_id])[0]

    def token_to_id(self, token: str) -> int | None:
        """The id that text gives for exactly this token, or None."""
        return self._library.token_to_id(token)

    def token_bytes(self) -> list[bytes | None]:
        """The bytes that each id adds to a text; None for ids that are no text.

        Raises:
            ConfigError: if its texts are more than that: word pieces.
        """
        return token_bytes(self._library, self._rows, frozenset(self._special_ids))

    # Conversations

    @property
    def end_id(self) -> int | None:
        """The id of the token that ends a text, by its settings; else `sep_id`."""
        named = texts_in(self._settings).get("eos_token")
        found = self._id_of(named)
        return self.sep_id if found is None else found

    def conversation(
        self, messages: Sequence[Mapping[str, Any]], **options: Any
    ) -> str:
        """The text of a conversation, as its model was trained on it.

        Args:
            messages: each with a "role" ("system", "user", "assistant") and "content".
            **options: further names that the template knows.

        Raises:
            ConfigError: if the tokenizer brings no chat template, or a broken one.
            DataError: if the messages do not suit it.
            MissingExtraError: if Jinja is not installed (extra `[chat]`).
        """
        template = default_template(self._settings)
        if template is None:
            raise ConfigError(
                "A conversation needs the tokenizer's chat template. Received: a "
                "tokenizer without one. Write the prompt yourself, or add "
                "chat_template.jinja to the model's folder."
            )
        special = texts_in(self._settings)
        return conversation(template, messages, special, **options)

    def _checked_ids(self, ids: Iterable[int] | NDArray[np.integer[Any]]) -> list[int]:
        return checked_ids(ids, self.vocabulary_size)

    def _id_of(self, token: str | None) -> int | None:
        return None if token is None else self._library.token_to_id(token)

    # To other vocabularies

    def trim(
        self, keep: Keep | Iterable[int] | NDArray[np.integer[Any]]
    ) -> tuple[Self, Sources]:
        """A tokenizer of fewer rows, and for each of them (its old row,).

        A text whose tokens all stay gives the same tokens. Special tokens and added
        ones always stay; rows stay in their order. Of byte pairs, the pieces that a
        kept one is merged from stay with it; of byte pairs and Unigram pieces those of
        single bytes, of a space and of the unknown, and the one with the lowest score.
        For a model and its tokenizer together see `Pretrained.trim`.

        Args:
            keep: "used" drops blank rows, repeated ones and [unused1] and the like.
                "reachable" drops besides the pieces that no text gives: those that are
                cut before they are looked up (##中 where every Chinese character is a
                word; bert4keras calls this `simplified`), or that the model itself
                makes of others. "simplified" drops besides all with a Chinese character
                that GB 2312 lacks. Or ids: those of `encode_many` on a corpus, say.

        Raises:
            ConfigError: if the tokenizer is of another kind.
            DataError: if an id is none of the vocabulary's.
        """
        kept = keep if isinstance(keep, str) else self._checked_ids(keep)
        special = (self.cls_id, self.sep_id, self.pad_id, self.unk_id, self.mask_id)
        words = "words" in self._settings
        return self._edited(trimmed(self._library, self._rows, words, kept, special))

    def compound(
        self, tokens: Mapping[str, Iterable[int] | None]
    ) -> tuple[Self, Sources]:
        """A tokenizer of more rows, and the old rows that each row is the mean of.

        New rows stand behind those of the model; added tokens that it does not know
        stay behind it. Texts without the new tokens give what they gave, but for byte
        pairs: a new token of more than two pieces is merged step by step, and the
        pieces on the way (left to right) are new rows too.

        Args:
            tokens: new token -> ids of old ones; an id that counts twice stands twice.
                None: the ids that the token's text gives so far. Word pieces are
                spelled as in vocab.txt (##ing); others as text, with a space in front
                where one belongs to the token.

        Raises:
            ConfigError: if the tokenizer is of another kind.
            DataError: if a token is there, can never come out of a text, or is made of
                no token, or of an id that is none of the vocabulary's.
        """
        if list(tokens) != checked_texts(list(tokens), "new token"):
            raise DataError(
                "A new token must be text that can be written as UTF-8. Received: "
                f"{list(tokens)!r:.80}."
            )
        asked = {
            token: None if ids is None else self._checked_ids(ids)
            for token, ids in tokens.items()
        }
        words = "words" in self._settings
        return self._edited(
            extended(self._library, self._rows, words, asked, self.plain_ids)
        )

    def plain_ids(self, text: str) -> list[int]:
        """The ids of a text alone: no special token is put before or behind it."""
        return [int(number) for number in self._tokenize([text])[0].token_ids]

    def _edited(self, edited: Edited) -> tuple[Self, Sources]:
        settings = renumbered(self._settings, edited)
        made = type(self)(edited.library, edited.rows, self._special, settings)
        return made, edited.sources

    # To files

    def save(self, folder: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the files that `from_folder` and transformers read with equal ids.

        tokenizer.json, tokenizer_config.json and, for word pieces, vocab.txt.

        Raises:
            FileError: if one of them is there and `overwrite` is not set.
        """
        contents = {
            "tokenizer.json": self._library.to_str(pretty=True),
            "tokenizer_config.json": to_json(self._settings),
        }
        if is_word_piece(self._library):
            contents["vocab.txt"] = "".join(f"{row}\n" for row in self._rows)
        write_files(Path(folder), contents, overwrite=overwrite)
