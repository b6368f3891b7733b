"""From a vocab.txt to a BERT tokenizer of the `tokenizers` library.

That library has a BertNormalizer of its own, but it lower-cases letter by letter (a
final sigma stays medial), drops private-use characters and letters newer than its
tables, and splits at a shorter list of punctuation. So the normal form is spelled out
here in the library's own parts, in the order of Google's and bert4keras' tokenizers:
lower-case, decompose, drop accents, drop control characters, then split. The library
follows every step back to the original text, and the result can be saved as
tokenizer.json: other programs get equal ids.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from kewen.errors import VocabularyError
from kewen.text.special_tokens import SpecialTokens
from kewen.text.vocabulary import Vocabulary

Segmenter: TypeAlias = Literal["jieba", "rjieba"]  # what cuts Chinese into words
PREFIX = "##"  # marks a piece that continues a word

# A sigma is final if a letter stands before it and none behind it; marks such as an
# apostrophe in between do not count (Unicode standard, table 3-17, Final_Sigma).
_LETTER = r"[\p{Cased}&&\P{Case_Ignorable}]"
_FINAL_SIGMA = rf"{_LETTER}\p{{Case_Ignorable}}*\KΣ(?!\p{{Case_Ignorable}}*{_LETTER})"
_ACCENT = r"\p{Mn}"
_CONTROL = r"[\0\x{FFFD}\p{Cc}\p{Cf}&&[^\t\n\r]]"
_PUNCTUATION = r"!-/:-@\[-`{-~\p{P}"
# The blocks of Chinese characters that Google's BERT names; no kana, no hangul.
_CHINESE = (
    r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2CEAF}"
    r"\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}"
)


@dataclass(frozen=True, kw_only=True)
class WordPieceOptions:
    """How text is cut for a vocab.txt, which itself says nothing about that."""

    lowercase: bool | None = None  # None: decided by the vocabulary
    strip_accents: bool | None = None  # None: as lowercase
    split_chinese: bool = True  # every Chinese character is a word
    max_word_chars: int = 200  # longer words are unknown; as in Google's BERT
    pair_pattern: Literal["S*E*E", "S*ES*E"] = "S*E*E"  # S [CLS], E [SEP], * a text
    words: Segmenter | None = None  # words first; see `words.Words`

    def decided(
        self, vocabulary: Vocabulary, special: SpecialTokens
    ) -> "WordPieceOptions":
        """The same options with every None replaced by what it stands for."""
        lowercase = self.lowercase
        if lowercase is None:
            lowercase = looks_uncased(vocabulary, special)
        accents = lowercase if self.strip_accents is None else self.strip_accents
        return replace(self, lowercase=lowercase, strip_accents=accents)


def build_word_pieces(
    vocabulary: Vocabulary, special: SpecialTokens, options: WordPieceOptions
) -> Tokenizer:
    """Assemble normal form, splitting, word pieces and special tokens.

    Special tokens that are spelled out in a text ("[SEP]") are plain text.

    Raises:
        VocabularyError: if [CLS], [SEP] or [UNK] is missing.
    """
    for role in ("cls", "sep", "unk"):
        if getattr(special, role) is None:
            raise VocabularyError(
                f"A vocab.txt must hold a [{role.upper()}] token. Received: "
                f"{len(vocabulary.rows)} rows without one, the first are "
                f"{vocabulary.rows[:6]}. Check that this is a BERT vocabulary, or "
                f'name the token in tokenizer_config.json as "{role}_token".'
            )
    options = options.decided(vocabulary, special)
    tokenizer = Tokenizer(
        models.WordPiece(
            vocabulary.ids,
            unk_token=str(special.unk),
            max_input_chars_per_word=options.max_word_chars,
            continuing_subword_prefix=PREFIX,
        )
    )
    tokenizer.normalizer = _normalizer(options)
    tokenizer.pre_tokenizer = _splitter(options.split_chinese)
    tokenizer.post_processor = _template(vocabulary, special, options.pair_pattern)
    tokenizer.decoder = decoders.WordPiece(prefix=PREFIX)
    return tokenizer


def looks_uncased(vocabulary: Vocabulary, special: SpecialTokens) -> bool:
    """Whether no piece but the special and bracketed ones has a letter A to Z."""
    apart = {token for _, token in special.named()}
    return not any(
        re.search("[A-Z]", token)
        for token in vocabulary.rows
        if token not in apart and not re.fullmatch(r"[\[<].+[\]>]", token)
    )


def is_word_piece(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer's pieces are BERT's: those inside a word start with ##."""
    model: Any = tokenizer.model
    if not isinstance(model, models.WordPiece):
        return False
    return model.continuing_subword_prefix == PREFIX


def isolates_chinese(tokenizer: Tokenizer) -> bool:
    """Whether every Chinese character and punctuation mark is a word by itself.

    True for what `build_word_pieces` makes, and for transformers' BERT.
    """
    normal, split = (
        _described(each) for each in (tokenizer.normalizer, tokenizer.pre_tokenizer)
    )
    if normal.get("type") == "BertNormalizer":
        handles = normal.get("handle_chinese_chars") is True
        return handles and split.get("type") == "BertPreTokenizer"
    ours = [
        _described(_normalizer(WordPieceOptions(lowercase=low, strip_accents=strip)))
        for low in (True, False)
        for strip in (True, False)
    ]
    return normal in ours and split == _described(_splitter(split_chinese=True))


def _described(part: Any) -> dict[str, Any]:
    """A part of a tokenizer as tokenizer.json would have it."""
    return {} if part is None else json.loads(part.__getstate__())


def _normalizer(options: WordPieceOptions) -> normalizers.Sequence:
    steps: list[Any] = []
    if options.lowercase:
        steps.append(normalizers.Replace(Regex(_FINAL_SIGMA), "ς"))
        steps.append(normalizers.Lowercase())
    if options.strip_accents:
        steps.append(normalizers.NFD())
        steps.append(normalizers.Replace(Regex(_ACCENT), ""))
    steps.append(normalizers.Replace(Regex(_CONTROL), ""))
    return normalizers.Sequence(steps)


def _splitter(split_chinese: bool) -> pre_tokenizers.Sequence:
    alone = _PUNCTUATION + (_CHINESE if split_chinese else "")
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(Regex(f"[{alone}]"), "isolated"),
        ]
    )


def _template(
    vocabulary: Vocabulary, special: SpecialTokens, pair_pattern: str
) -> processors.TemplateProcessing:
    start, end = str(special.cls), str(special.sep)
    again = [f"{start}:1"] if pair_pattern == "S*ES*E" else []
    single = [f"{start}:0", "$A:0", f"{end}:0"]
    return processors.TemplateProcessing(
        single=single,
        pair=[*single, *again, "$B:1", f"{end}:1"],
        special_tokens=[(token, vocabulary.ids[token]) for token in (start, end)],
    )
