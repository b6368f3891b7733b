"""`kewen words`: the words that a corpus shows by itself."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.corpus_options import Corpus, Page, Rows, Workers, check_outputs
from kewen.cli.json_lines import json_lines
from kewen.cli.options import Encoding, Overwrite, TextColumn
from kewen.cli.progress import bytes_done
from kewen.cli.version import kewen_version

EXAMPLES = """
kewen words corpus/ --workers 2
kewen words novel.txt --known dictionary.txt --min-count 10 --out words.jsonl
kewen words corpus/ --report words.html
"""


def words(
    corpus: Corpus,
    known: Annotated[
        Path | None,
        typer.Option(
            help="Words that are not new: a file in the corpus' encoding, a word a "
            "line."
        ),
    ] = None,
    min_count: Annotated[
        int, typer.Option(help="How often a word must occur, at least 2.")
    ] = 5,
    min_cohesion: Annotated[
        tuple[float, float, float],
        typer.Option(help="Of 2, 3 and 4 letters together, in nats."),
    ] = (3.0, 6.0, 9.0),
    min_freedom: Annotated[
        float, typer.Option(help="Entropy of the neighbours on both sides, in nats.")
    ] = 0.7,
    workers: Workers = None,
    top: Rows = 30,
    out: Annotated[Path | None, typer.Option(help="All words as JSON Lines.")] = None,
    report: Page = None,
    text: TextColumn = "text",
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Find words without a dictionary: letters that hold together, free on both sides.

    The result is the same for any number of workers.
    """
    check_outputs(corpus, out, report, overwrite)
    from kewen.data.lines import numbered_lines
    from kewen.metrics import text_table
    from kewen.mining import NewWords

    lines = [] if known is None else numbered_lines(known, encoding)
    old = [word.strip() for _, word in lines]
    finder = NewWords(
        min_count=min_count,
        min_cohesion=min_cohesion,
        min_freedom=min_freedom,
        known=old,
        workers=workers,
        text=text,
        encoding=encoding,
    )
    with bytes_done("read, in three passes,") as show:
        found = finder.fit(corpus, on_progress=show)
    if out is not None:
        with json_lines(out, overwrite=overwrite) as write:
            for each in found.words_:
                write(
                    {
                        "word": each.word,
                        "count": each.count,
                        "cohesion": round(each.cohesion, 4),
                        "left": round(each.left, 4),
                        "right": round(each.right, 4),
                        "score": round(each.score, 4),
                    }
                )
    rows = [
        [
            each.word,
            f"{each.count:,}",
            f"{each.cohesion:.2f}",
            f"{each.left:.2f}",
            f"{each.right:.2f}",
            f"{each.score:.2f}",
        ]
        for each in found.words_[:top]
    ]
    head = ["word", "count", "cohesion", "left", "right", "score"]
    sys.stdout.write(text_table(head, rows) + "\n\n")
    sys.stdout.write(f"{len(found.words_):,} words\n")
    if report is not None:
        from kewen.analysis.report import write_words_report

        facts = {
            "corpus": str(corpus),
            "known words": str(known or "none"),
            "least count": str(min_count),
            "least cohesion": ", ".join(map(str, min_cohesion)),
            "least freedom": str(min_freedom),
            "kewen": kewen_version(),
        }
        write_words_report(
            report,
            found,
            title=f"New words of {corpus.name}",
            facts=facts,
            overwrite=overwrite,
        )
