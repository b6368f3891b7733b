"""Chinese is cut into words first, and a word that is a token stays whole.

So WoBERT and RoFormer were trained: jieba, without its guesses at new words (HMM),
after lower-casing; a word that is no token is cut as usual. bert4keras calls this
`pre_tokenize`; transformers' RoFormerTokenizer does it with rjieba. Both cut alike
nearly everywhere; a tokenizer keeps to one, which its files name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import Regex, models, pre_tokenizers

from kewen.errors import ConfigError
from kewen.segmenters import segmenting_package
from kewen.text.chinese_runs import ChineseRuns
from kewen.text.flat import Flat
from kewen.text.word_pieces import Segmenter, is_word_piece

# Ids and (start, stop) within a word, or a text.
Cut: TypeAlias = tuple[list[int], list[tuple[int, int]]]
LONGEST_KEPT = 32  # characters of a word that is remembered
MOST_KEPT = 20_000  # words; then all are forgotten


def segmenter_in(settings: Mapping[str, Any], source: Path) -> Segmenter | None:
    """What tokenizer_config.json says of words; RoFormer's class means rjieba.

    Raises:
        ConfigError: if it names none that kewen knows.
    """
    name = settings.get("words")
    if name is None:
        kind = str(settings.get("tokenizer_class") or "")
        return "rjieba" if kind.startswith("RoFormer") else None
    if name not in get_args(Segmenter):
        raise ConfigError(
            f"words in {source} must be one of {get_args(Segmenter)}. "
            f"Received: {name!r}."
        )
    return name


def cutter(
    library: tokenizers.Tokenizer, words: Segmenter | None
) -> "Words | ChineseRuns | None":
    """What cuts texts in place of the library; None if it does so itself."""
    if words is not None:
        return Words(library, words)
    return ChineseRuns(library) if ChineseRuns.suits(library) else None


class Words:
    """Tokenizes texts word by word.

    Args:
        library: of word pieces. It cuts the words that are no tokens.
        segmenter: what finds the words.

    Raises:
        ConfigError: if the library's pieces are no word pieces.
        MissingExtraError: if the segmenter is not installed.
    """

    def __init__(self, library: tokenizers.Tokenizer, segmenter: Segmenter) -> None:
        if not is_word_piece(library):
            raise ConfigError(
                "Words can come before word pieces only. "
                f"Received: words={segmenter!r} for {type(library.model).__name__}. "
                "Leave it out."
            )
        self._library = library
        self._segmenter: Segmenter = segmenter
        self._words_of = _segment_with(segmenter)
        # The words are pieces of the normal form already.
        self._plain = _copy(library)
        self._plain.normalizer = None
        self._characters = _by_character(library)
        self._added = _finds_added(library)
        self._kept: dict[str, Cut] = {}

    def tokenize(self, texts: Sequence[str]) -> Flat:
        """The tokens of each text, offsets in its own characters."""
        ids: list[NDArray[np.int32]] = []
        offsets: list[NDArray[np.int32]] = []
        ends = [0]
        for text in texts:
            before = ends[-1]
            for start, stop, added in self._parts(text):
                if added is not None:
                    found = np.asarray([added], np.int32)
                    places = np.asarray([[start, stop]], np.int32)
                else:
                    found, places = self._of_part(text[start:stop])
                    places = places + np.int32(start)
                ids.append(found)
                offsets.append(places)
                before += len(found)
            ends.append(before)
        return Flat(
            np.concatenate([np.zeros(0, np.int32), *ids]),
            np.concatenate([np.zeros((0, 2), np.int32), *offsets]),
            np.asarray(ends, np.intp),
        )

    def _parts(self, text: str) -> Iterable[tuple[int, int, int | None]]:
        """Added tokens, with their ids, and what stands between them."""
        if self._added is None:
            return [(0, len(text), None)]
        encoding = self._added.encode(text, add_special_tokens=False)
        return [
            (start, stop, self._library.token_to_id(token) if token != _REST else None)
            for token, (start, stop) in zip(
                encoding.tokens, encoding.offsets, strict=True
            )
        ]

    def _of_part(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        normal, places = self._normal(text)
        ids: list[int] = []
        found: list[tuple[int, int]] = []
        start = 0
        for word in self._words_of(normal):
            word_ids, spans = self._of_word(word)
            ids += word_ids
            found += [(start + a, start + b) for a, b in spans]
            start += len(word)
        spans = np.asarray(found, np.intp).reshape(-1, 2)
        if places is not None and len(spans):
            spans = np.stack([places[spans[:, 0], 0], places[spans[:, 1] - 1, 1]], 1)
        return np.asarray(ids, np.int32), spans.astype(np.int32)

    def _normal(self, text: str) -> tuple[str, NDArray[np.intp] | None]:
        """The normal form; for each character its place, None if that is its own."""
        normalizer = self._library.normalizer
        normal = text if normalizer is None else normalizer.normalize_str(text)
        # No character's lower case is empty: in an equal length each stays in place.
        if normal == text or (normal == text.lower() and len(normal) == len(text)):
            return normal, None
        encoding = self._characters.encode(text, add_special_tokens=False)
        return normal, np.asarray(encoding.offsets, np.intp).reshape(-1, 2)

    def _of_word(self, word: str) -> Cut:
        cut = self._kept.get(word)
        if cut is not None:
            return cut
        # Not the library's own `token_to_id`, which knows of added tokens too.
        number = self._library.model.token_to_id(word)
        if number is not None:
            cut = [number], [(0, len(word))]
        else:
            encoding = self._plain.encode(word, add_special_tokens=False)
            cut = encoding.ids, encoding.offsets
        if len(word) <= LONGEST_KEPT:
            if len(self._kept) >= MOST_KEPT:
                self._kept = {}
            self._kept[word] = cut
        return cut

    def __reduce__(
        self,
    ) -> tuple[type["Words"], tuple[tokenizers.Tokenizer, Segmenter]]:
        return Words, (self._library, self._segmenter)


def _copy(library: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    copy: tokenizers.Tokenizer = tokenizers.Tokenizer.from_str(library.to_str())
    copy.encode_special_tokens = library.encode_special_tokens
    return copy


_REST = "\0"  # stands for what is no added token; no text token, it is a control


def _by_character(library: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """Each character of the normal form is a token: its offsets are its place."""
    finder = tokenizers.Tokenizer(models.WordLevel({_REST: 0}, unk_token=_REST))
    finder.normalizer = library.normalizer
    finder.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return finder


def _finds_added(library: tokenizers.Tokenizer) -> tokenizers.Tokenizer | None:
    """Gives the added tokens of a text, and one token for each part between them."""
    added = list(library.get_added_tokens_decoder().values())
    if library.encode_special_tokens:
        added = [each for each in added if not each.special]
    if not added:
        return None
    finder: Any = tokenizers.Tokenizer(models.WordLevel({_REST: 0}, unk_token=_REST))
    finder.normalizer = library.normalizer
    finder.add_tokens(added)
    return finder


def _segment_with(name: Segmenter) -> Callable[[str], Iterable[str]]:
    """The function that gives all words of a text, one after the other."""
    if name not in get_args(Segmenter):
        raise ConfigError(
            f"words must be one of {get_args(Segmenter)}. Received: {name!r}."
        )
    module = segmenting_package(name)
    if name == "rjieba":
        return lambda text: module.cut(text, False)
    return lambda text: module.cut(text, HMM=False)
