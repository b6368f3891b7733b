"""`kewen poem`: poems of a form, an acrostic and a rhyme, with the writer on board."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.surroundings import prepare
from kewen.errors import ConfigError
from kewen.poems import FORMS, Form

EXAMPLES = """
kewen poem 明月 --form 五言绝句 --acrostic 春夏秋冬
kewen poem 江南 --form 七言律诗 --rhyme 东 --number 3
kewen poem 登楼 --lines 12 --characters 5 --seed 7
"""


def poem(
    title: Annotated[
        str, typer.Argument(help="Simplified or traditional; any title without it.")
    ] = "",
    form: Annotated[
        str | None, typer.Option(help=f"{', '.join(FORMS)}; the second if not given.")
    ] = None,
    lines: Annotated[
        int | None, typer.Option(help="In place of a form: 4 to 20, even.")
    ] = None,
    characters: Annotated[
        int | None, typer.Option(help="In place of a form: of a line, 5 or 7.")
    ] = None,
    acrostic: Annotated[
        str, typer.Option(help="The lines' first characters, one each.")
    ] = "",
    rhyme: Annotated[
        str | None,
        typer.Option(help="Of the Pingshui book, such as 东: the even lines end so."),
    ] = None,
    rhyme_first_line: Annotated[
        bool, typer.Option("--rhyme-first-line", help="The first one ends so too.")
    ] = False,
    number: Annotated[int, typer.Option(help="How many poems.")] = 1,
    temperature: Annotated[
        float, typer.Option(help="Below 1 the likelier characters, above the others.")
    ] = 0.8,
    top_p: Annotated[
        float, typer.Option(help="Draw among the likeliest of this mass.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    model: Annotated[
        Path | None, typer.Option(help="Another writer's folder.", show_default=False)
    ] = None,
) -> None:
    """Write Chinese poems on a title; nothing is downloaded.

    Number and length of the lines, acrostic and rhyme are certain.
    """
    if (lines is None) != (characters is None) or (form and lines is not None):
        given = {"--form": form, "--lines": lines, "--characters": characters}
        said = [f"{name} {value}" for name, value in given.items() if value is not None]
        raise ConfigError(
            "A form is given by its name, or by --lines and --characters together. "
            f"Received: {', '.join(said)}."
        )
    chosen = Form.named(form or "七言绝句")
    if lines is not None and characters is not None:
        chosen = Form(lines, characters)
    prepare()
    from kewen.tasks import PoemWriter

    poems = PoemWriter(model).write(
        title,
        form=chosen,
        acrostic=acrostic,
        rhyme=rhyme,
        rhyme_first_line=rhyme_first_line,
        number=number,
        seed=seed,
        temperature=temperature,
        top_p=top_p,
    )
    sys.stdout.write("\n\n".join(map(str, poems)) + "\n")
