"""`kewen count`: how often each word of a corpus occurs."""

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
kewen count corpus/ --workers 2
kewen count reviews.jsonl --text body --no-punctuation --report counts.html
kewen count news.txt.gz --words characters --top 50 --out counts.jsonl
kewen count huge.txt --most 1000000
kewen count /shared/corpus --ray auto
"""


def count(
    corpus: Corpus,
    words: Annotated[
        str, typer.Option(help="rjieba, jieba, characters or spaces.")
    ] = "rjieba",
    workers: Workers = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Count on a Ray cluster; local starts one of --workers cores here.",
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            help="Keep so many words, the most frequent; the error is bounded and said."
        ),
    ] = None,
    punctuation: Annotated[
        bool, typer.Option(help="Count what has no letter or digit.")
    ] = True,
    top: Rows = 30,
    out: Annotated[Path | None, typer.Option(help="All counts as JSON Lines.")] = None,
    report: Page = None,
    text: TextColumn = "text",
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Count the words of a corpus of any size with several processes.

    The result is the same for any number of workers.
    """
    check_outputs(corpus, out, report, overwrite)
    from kewen.metrics import text_table
    from kewen.mining import WordCounter

    counter = WordCounter(
        words,  # type: ignore[arg-type]  # checked in there
        workers=workers,
        most=most,
        punctuation=punctuation,
        text=text,
        encoding=encoding,
    )
    if ray is None:
        with bytes_done("counted") as show:
            counter.fit(corpus, on_progress=show)
    else:
        from kewen.distributed import count_on_ray

        address = None if ray == "local" else ray
        count_on_ray(counter, corpus.absolute(), address=address)
    if out is not None:
        with json_lines(out, overwrite=overwrite) as write:
            for word, number in counter.counts_.items():
                write({"word": word, "count": number})
    rows = [
        [word, f"{number:,}", f"{number / counter.num_words_:.3%}"]
        for word, number in counter.most_common(top)
    ]
    sys.stdout.write(text_table(["word", "count", "share"], rows) + "\n\n")
    what = "different" if most is None else "kept"
    sys.stdout.write(
        f"{counter.num_words_:,} words, {len(counter.counts_):,} {what}, in "
        f"{counter.num_texts_:,} texts\n"
    )
    if report is not None:
        from kewen.analysis.report import write_counts_report

        facts = {"corpus": str(corpus), "words by": words, "kewen": kewen_version()}
        write_counts_report(
            report,
            counter,
            title=f"Words of {corpus.name}",
            facts=facts,
            overwrite=overwrite,
        )
    if most is not None:
        sys.stdout.write(
            f"No count is too low by more than {counter.error_bound_:,}, and no word "
            "that is left out occurs more often than that.\n"
        )
