"""Chinese text without a detour: a character that is a word by itself is looked up.

BERT's word pieces cut at every Chinese character and punctuation mark, whatever is
beside it. Such a character needs no splitting: one table says its id, for all of a
batch at once. The pieces between them (words, numbers, rare characters) go to the
`tokenizers` library, each short one only once: numbers and names repeat. Ids and
offsets are the library's; docs/design/chinese_runs.md says why.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import tokenizers
from numpy.typing import NDArray

from kewen.errors import VocabularyError
from kewen.text.flat import Flat, encode_all
from kewen.text.word_pieces import is_word_piece, isolates_chinese

Places: TypeAlias = NDArray[np.intp]

# Assigned since Unicode 3.1, so that every library knows them, and their own normal
# form. Younger and compatibility characters go to the library.
IDEOGRAPHS = ((0x3400, 0x4DB5), (0x4E00, 0x9FA5), (0x20000, 0x2A6D6))
# Punctuation to everybody. Not those through which the rule of the final sigma looks
# for a letter (Case_Ignorable), such as . : ' and their full-width forms.
PUNCTUATION = '，。、！？；（）《》〈〉「」『』【】〔〕—“”,!?;()"%&*+/<=>@#$|~{}[]\\-'
SPACES = " \t\n\r\u3000"
TABLE_SIZE = 0x2A6D7 + 1  # the last row stands for all characters beyond
TO_LIBRARY, NO_TOKEN = -2, -1
LONGEST_KEPT = 32  # characters of a piece that is remembered
MOST_KEPT = 10_000  # pieces; then all are forgotten


class ChineseRuns:
    """Tokenizes texts like its library, faster where they are Chinese.

    Args:
        library: of word pieces, one that `suits`.
    """

    def __init__(self, library: tokenizers.Tokenizer) -> None:
        self._library = library
        self._table = _table(library)
        self._kept: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}

    @staticmethod
    def suits(library: tokenizers.Tokenizer) -> bool:
        """Whether it cuts at every Chinese character, and nothing reaches across."""
        reaching = [
            added
            for added in library.get_added_tokens_decoder().values()
            if added.lstrip or added.rstrip or added.single_word
        ]
        is_bert = is_word_piece(library) and isolates_chinese(library)
        return is_bert and not reaching and _unknown_id(library) is not None

    def tokenize(self, texts: Sequence[str]) -> Flat:
        """The tokens of each text, as the library gives them."""
        joined = "\n".join(texts)
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        values = self._table[np.minimum(codes, TABLE_SIZE - 1)]
        lengths = np.fromiter(map(len, texts), np.intp, len(texts))
        begins = np.concatenate([[0], np.cumsum(lengths + 1)])
        words = np.flatnonzero(values >= 0)
        starts, stops = _pieces(values, words, begins)
        pieces = [joined[a:b] for a, b in zip(starts, stops, strict=True)]
        counts, piece_ids, piece_offsets = self._of_pieces(pieces)

        # Words and pieces in the order of the text: so many tokens stand before each.
        ends = np.concatenate([[0], np.cumsum(counts)])
        word_places = np.arange(len(words)) + ends[np.searchsorted(starts, words)]
        before: Places = np.repeat(np.searchsorted(words, starts), counts)
        piece_places: Places = before + np.arange(int(ends[-1]))
        token_ids = np.empty(len(words) + ends[-1], np.int32)
        offsets = np.empty((len(token_ids), 2), np.intp)
        token_ids[word_places] = values[words]
        token_ids[piece_places] = piece_ids
        offsets[word_places] = words[:, None] + [0, 1]
        offsets[piece_places] = piece_offsets + np.repeat(starts, counts)[:, None]
        text_ends = (
            np.searchsorted(words, begins) + ends[np.searchsorted(starts, begins)]
        )
        offsets -= np.repeat(begins[:-1], np.diff(text_ends))[:, None]
        return Flat(token_ids, offsets.astype(np.int32), text_ends)

    def _of_pieces(
        self, pieces: Sequence[str]
    ) -> tuple[Places, NDArray[np.int32], NDArray[np.int32]]:
        """How many tokens each piece has; ids and offsets within it, one by one."""
        kept = self._kept  # another thread may put a new one in its place
        distinct = list(dict.fromkeys(pieces))
        new = [piece for piece in distinct if piece not in kept]
        encodings = encode_all(self._library, new)
        found = {
            piece: (encoding.ids, encoding.offsets)
            for piece, encoding in zip(new, encodings, strict=True)
        }
        tokens = [found.get(piece) or kept[piece] for piece in distinct]
        kept.update((p, found[p]) for p in new if len(p) <= LONGEST_KEPT)
        if len(kept) > MOST_KEPT:
            self._kept = {}

        sizes = np.fromiter((len(ids) for ids, _ in tokens), np.intp, len(tokens))
        ends = np.concatenate([[0], np.cumsum(sizes)])
        ids = np.fromiter(chain.from_iterable(i for i, _ in tokens), np.int32, ends[-1])
        pairs = chain.from_iterable(offsets for _, offsets in tokens)
        numbers = np.fromiter(chain.from_iterable(pairs), np.int32, 2 * ends[-1])
        place = {piece: number for number, piece in enumerate(distinct)}
        which = np.fromiter(map(place.__getitem__, pieces), np.intp, len(pieces))
        counts = sizes[which]
        before = np.cumsum(counts) - counts
        shifts: Places = np.repeat(ends[which] - before, counts)
        rows: Places = shifts + np.arange(len(shifts))
        return counts, ids[rows], numbers.reshape(-1, 2)[rows]

    def __reduce__(self) -> tuple[type["ChineseRuns"], tuple[tokenizers.Tokenizer]]:
        return ChineseRuns, (self._library,)


def _pieces(
    values: NDArray[np.int32], words: Places, begins: Places
) -> tuple[Places, Places]:
    """Start and stop of what stands between words and is not only spaces.

    A piece may hold spaces, but none at its ends, and ends with its text.
    """
    is_border = np.zeros(begins[-1], bool)
    is_border[words] = True
    is_border[begins[1:] - 1] = True  # behind each text
    borders = np.flatnonzero(is_border)
    unknown = np.flatnonzero(values == TO_LIBRARY)
    # Of the characters for the library, those before each border.
    passed = np.searchsorted(unknown, borders)
    first = np.concatenate([[0], passed[:-1]])
    some = passed > first
    return unknown[first[some]], unknown[passed[some] - 1] + 1


def _table(library: tokenizers.Tokenizer) -> NDArray[np.int32]:
    """For each character its id, or who deals with it."""
    table = np.full(TABLE_SIZE, TO_LIBRARY, np.int32)
    unknown = _unknown_id(library)
    if unknown is None:
        raise VocabularyError(
            "A vocabulary of word pieces must hold the token of unknown words. "
            "Received: one without it. Add it, as [UNK] in BERT's."
        )
    for first, last in IDEOGRAPHS:
        table[first : last + 1] = unknown
    table[[ord(mark) for mark in PUNCTUATION]] = unknown
    vocabulary: Mapping[str, int] = library.get_vocab(with_added_tokens=False)
    for token, number in vocabulary.items():
        if len(token) == 1 and ord(token) < TABLE_SIZE - 1:
            if table[ord(token)] != TO_LIBRARY:
                table[ord(token)] = number
    table[[ord(space) for space in SPACES]] = NO_TOKEN
    # Added tokens are found in the text before it is cut: whatever one holds is whole.
    for added in library.get_added_tokens_decoder().values():
        for character in added.content:
            if ord(character) < TABLE_SIZE:
                table[ord(character)] = TO_LIBRARY
    return table


def _unknown_id(library: tokenizers.Tokenizer) -> int | None:
    model: Any = library.model
    return library.token_to_id(model.unk_token)
