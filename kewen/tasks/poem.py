"""Title in, poems out, whose form is certain.

title, form, rhyme, heads -> ids -> tokens, each of those that may stand there -> lines
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from kewen.decoding import Places
from kewen.decoding.rules.places import ANY, NEW, NEW_PAIR
from kewen.errors import ConfigError, DataError
from kewen.models.load import load
from kewen.poems import SHIPPED, Form, Layout, Rhymes
from kewen.poems.layout import COMMA, LONGEST_TITLE, STOP
from kewen.tasks.generation_options import GenerationOptions
from kewen.tasks.id_generation import IdGenerator


@dataclasses.dataclass(frozen=True)
class Poem:
    """A poem.

    Attributes:
        title: what was asked for.
        lines: without signs, all of one length.
        score: sum of the log-probabilities that the writer gave its tokens.
    """

    title: str
    lines: tuple[str, ...]
    score: float

    def __str__(self) -> str:
        """A couplet a row, with its signs."""
        pairs = zip(self.lines[::2], self.lines[1::2], strict=True)
        return "\n".join(f"{upper}{COMMA}{lower}{STOP}" for upper, lower in pairs)


class PoemWriter:
    """Writes Chinese poems in lines of five or seven characters.

    Number and length of the lines, their first characters and, on request, their rhyme
    are certain: every token is drawn among those that may stand at its place. No line
    comes twice, no two characters come together twice within lines, and no rhyme word
    comes twice, unless a rhyme has too few words.

    Args:
        folder: a model's folder, as `examples.poems.train` writes it; the writer that
            comes with kewen if None: 5 million parameters, trained on the Tang poems.
            `README.md` in its folder, `kewen.poems.SHIPPED`, tells how.

    Example:
        ```python
        writer = kewen.tasks.PoemWriter()
        (poem,) = writer.write("明月", form="五言绝句", acrostic="春夏秋冬")
        print(poem)
        ```
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        folder = SHIPPED if folder is None else Path(folder)
        pretrained = load(folder, tokenizer=False, dtype="float32")
        self.layout = Layout.from_file(folder / "vocab.txt")
        self.rhymes = Rhymes.from_file(folder / "rhymes.txt")
        shapes = (folder / "simplified.txt").read_text(encoding="utf-8")
        self._simplified = {ord(old): new for old, new in shapes.split()}
        self._model = IdGenerator(pretrained)

    def write(
        self,
        title: str = "",
        *,
        form: str | Form = "七言绝句",
        acrostic: str = "",
        rhyme: str | None = None,
        rhyme_first_line: bool = False,
        number: int = 1,
        seed: int = 0,
        temperature: float = 0.8,
        top_p: float = 0.95,
    ) -> list[Poem]:
        """Poems on a title.

        Args:
            title: at most 16 characters, simplified or traditional; "" for any.
            form: a name out of `kewen.poems.FORMS`, or lines and characters.
            acrostic: the first character of each line, or "".
            rhyme: a rhyme of the Pingshui book, such as "东", with which all even lines
                end. If None, the writer rhymes as it has learnt to, or does not.
            rhyme_first_line: whether the first line ends with it too.
            number: how many poems.
            seed: of what is drawn; the same gives the same poems.
            temperature: below 1 the likelier characters, above 1 the unlikelier ones.
            top_p: drawn are the likeliest characters of so much probability.

        Raises:
            ConfigError: if there is no such form or rhyme, the acrostic has not one
                character a line, or a number cannot be.
            DataError: if the title or the acrostic has a character that the writer
                does not know.
        """
        if number < 1:
            raise ConfigError(f"number must be at least 1. Received: {number}.")
        form = Form.named(form) if isinstance(form, str) else form
        heads = self._known("acrostic", acrostic)
        if heads and len(heads) != form.lines:
            raise ConfigError(
                f"An acrostic of {form.lines} lines has as many characters. Received: "
                f"{acrostic!r}, which has {len(heads)}."
            )
        known = self._known("title", title)
        if len(known) > LONGEST_TITLE:
            raise ConfigError(
                f"A title has at most {LONGEST_TITLE} characters. Received: {title!r}, "
                f"which has {len(known)}."
            )
        if rhyme is not None:
            rhyme = self.rhymes.named(rhyme.translate(self._simplified))
        elif rhyme_first_line:
            raise ConfigError(
                "The first line rhymes with the even ones, whose rhyme must be given. "
                "Received: rhyme_first_line=True, rhyme=None."
            )
        prompt = self.layout.prompt(form, title=known, rhyme=rhyme, heads=heads)
        options = GenerationOptions.of(
            {
                "max_new_tokens": form.length + 1,
                "num_results": number,
                "seed": seed,
                "temperature": temperature,
                "top_p": top_p,
                "rules": (self._rule(form, heads, rhyme, rhyme_first_line),),
            }
        )
        (found,) = self._model([prompt], options)
        return [
            Poem(title, tuple(self.layout.lines_of(text.ids, form)), text.score)
            for text in found
        ]

    def _rule(
        self, form: Form, heads: str, rhyme: str | None, first_line: bool
    ) -> Places:
        """Which tokens may stand where."""
        layout = self.layout
        sets: list[list[int]] = [
            layout.character_ids(),
            [layout.ids[COMMA]],
            [layout.ids[STOP]],
            [layout.end_id],
        ]
        free, comma, stop, end = range(len(sets))
        places: list[int] = []
        novelty: list[int] = []
        for line in range(form.lines):
            places += [free] * form.characters + [stop if line % 2 else comma]
            novelty += [ANY] + [NEW_PAIR] * (form.characters - 1) + [ANY]
            if heads:
                places[-1 - form.characters] = len(sets)
                sets.append([layout.ids[heads[line]]])
        if rhyme is not None:
            members = self.rhymes.members[rhyme]
            ids = [layout.ids[each] for each in members if each in layout.ids]
            rhyming = [*range(1, form.lines, 2), *([0] if first_line else [])]
            for line in rhyming:
                place = line * (form.characters + 1) + form.characters - 1
                places[place], novelty[place] = len(sets), NEW
            sets.append(ids)
        table = np.zeros((len(sets), self._model.config.vocabulary_size), bool)
        for row, ids in zip(table, sets, strict=True):
            row[ids] = True
        return Places(table, [*places, end], [*novelty, ANY])

    def _known(self, what: str, text: Any) -> str:
        """The characters of a text, simplified, without spaces and signs.

        Raises:
            DataError: if the writer does not know one.
        """
        characters = [each for each in str(text) if each.isalnum()]
        # A character that the writer knows stays as it is.
        simple = [
            each if each in self.layout.ids else each.translate(self._simplified)
            for each in characters
        ]
        unknown = [
            each
            for each, shape in zip(characters, simple, strict=True)
            if shape not in self.layout.ids
        ]
        if unknown:
            raise DataError(
                f"The {what} must be of characters that the writer knows, some "
                f"{len(self.layout.character_ids())} of the Tang poems. Received: "
                f"{text!r}, with {'、'.join(unknown)}. Choose others."
            )
        return "".join(simple)
