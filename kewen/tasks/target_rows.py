"""Examples to rows: what a model that writes reads, and what should follow where.

A text of its own teaches every token. Of a pair only the answer is taught, and the
end after it. The ids are those that `Generator.generate` would read and write.
"""

from collections.abc import Sequence

import numpy as np

from kewen.data import Example
from kewen.errors import ConfigError, DataError
from kewen.tasks.id_generation import IdGenerator
from kewen.text import Tokenizer
from kewen.text.truncation import Room, is_whole, truncate

Row = dict[str, np.ndarray]


class TargetRows:
    """Makes the rows of a model.

    Args:
        tokenizer: of the model.
        model: that is to write.
        max_length: tokens that a row reads, at most: of a text, of a prompt and its
            answer together, or of an encoder's and a decoder's each. A longer text goes
            on in the next row; of a pair the longer part is cut at its end.

    Raises:
        ConfigError: if the model has not so many positions.
    """

    def __init__(self, tokenizer: Tokenizer, model: IdGenerator, max_length: int):
        longest = model.config.longest_text
        if not is_whole(max_length) or not 3 <= max_length <= longest:
            raise ConfigError(
                f"max_length must be from 3 to {longest}, the positions that the model "
                f"has. Received: {max_length!r}."
            )
        self.max_length, self.longest = max_length, longest
        # What fills up ids in batches of these rows.
        self.pad_ids: dict[str, int] = {
            "token_ids": model.pad_id,
            "decoder_token_ids": model.pad_id,
        }
        self._model = model
        self._tokenizer = tokenizer
        self._end = list(model.end_ids[:1])
        self._before, self._behind = tokenizer.frame
        if not model.reads_source:  # as a prompt, which the text goes on from
            ends = (*model.end_ids, tokenizer.sep_id)
            while self._behind and self._behind[-1] in ends:
                self._behind = self._behind[:-1]

    def __call__(self, examples: Sequence[Example]) -> list[Row]:
        """The rows of some examples, in their order.

        A text gives a row, or more if it is longer than `max_length`, or none if it is
        one token; a pair gives one.

        Raises:
            DataError: if an example has no answer where the model needs one, or a
                prompt has no token.
        """
        texts = self.plain_ids([each.text for each in examples])
        answers = self.plain_ids([each.pair or "" for each in examples])
        rows: list[Row] = []
        for example, text, answer in zip(examples, texts, answers, strict=True):
            if example.pair is not None:
                rows.append(self._of_pair(example, text, answer))
            elif self._model.reads_source:
                raise DataError(
                    "A model that reads a source and writes a target learns from "
                    f"pairs. Received: one text without a target, {example.place}. "
                    'Name its column: target="..." (--target on the command line).'
                )
            else:
                ids = [*self._before, *text, *self._behind, *self._end]
                rows += self._blocks(ids)
        return rows

    def text_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts as a decoder reads them, without an end."""
        rows = self.plain_ids(texts)
        return [[*self._before, *row, *self._behind] for row in rows]

    def plain_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts alone, without special tokens; in parallel."""
        before, behind = map(len, self._tokenizer.frame)
        rows = (row["token_ids"].tolist() for row in self._tokenizer.encode_many(texts))
        return [row[before : len(row) - behind] for row in rows]

    def _blocks(self, ids: Sequence[int]) -> list[Row]:
        """Rows that predict each token but the first once, from those before it."""
        size = self.max_length
        return [
            self.going_on(ids[start : start + size + 1], 0)
            for start in range(0, len(ids) - 1, size)
        ]

    def _of_pair(self, example: Example, text: list[int], answer: list[int]) -> Row:
        if self._model.is_encoder_decoder:
            return self._of_two_texts(text, answer)
        special = len(self._before) + len(self._behind) + len(self._end)
        # The last token is predicted, and not read.
        room = Room(self.max_length + 1, special)
        cut = truncate(len(text), len(answer), room)
        (shown,), (kept,) = cut.first, cut.second
        prompt = [*self._before, *text[shown], *self._behind]
        if not prompt:
            raise DataError(
                "A prompt needs at least one token: this model's tokenizer adds none. "
                f"Received: {example.text!r:.80}, {example.place}."
            )
        # An answer that was cut does not end there.
        is_whole = len(answer[kept]) == len(answer)
        ids = [*prompt, *answer[kept], *(self._end if is_whole else [])]
        return self.going_on(ids, len(prompt) - 1)

    def going_on(self, ids: Sequence[int], first: int) -> Row:
        """A row that predicts the ids after `first`; up to there it is segment 0."""
        row = np.array(ids, np.int32)
        length = len(row) - 1
        places = np.arange(first, length, dtype=np.int32)
        read = np.arange(length)
        is_target = read > first if self._model.reads_source else read < 0
        return {
            "token_ids": row[:-1],
            "segment_ids": is_target.astype(np.int32),
            "padding_mask": np.ones(length, bool),
            "target_places": places,
            "target_ids": row[first + 1 :],
        }

    def _of_two_texts(self, text: list[int], answer: list[int]) -> Row:
        before, behind = self._before, self._behind
        room = self.max_length - len(before) - len(behind)
        source = [*before, *text[: max(room, 0)], *behind]
        start = self._model.first_id
        if before[:1] == [start]:  # which the tokenizer puts in front of each text
            before = before[1:]
        if not set(behind) & set(self._model.end_ids):
            behind = [*behind, *self._end]
        room = max(self.max_length - len(before) - len(behind), 0)
        is_whole = len(answer) <= room
        target = [*before, *answer[:room], *(behind if is_whole else [])]
        return {
            "token_ids": np.array(source, np.int32),
            "padding_mask": np.ones(len(source), bool),
            "decoder_token_ids": np.array([start, *target[:-1]], np.int32),
            "decoder_padding_mask": np.ones(len(target), bool),
            "target_ids": np.array(target, np.int32),
        }
