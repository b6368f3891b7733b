"""The program `kewen`: which commands there are, and what `kewen --help` says first."""

import inspect as signatures
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from kewen.cli import (
    cluster,
    convert,
    count,
    demo,
    doctor,
    embed,
    evaluate,
    export,
    fit,
    fit_generate,
    generate,
    inspect,
    poem,
    predict,
    recover,
    trace,
    vectors,
    words,
)
from kewen.cli.arguments import prepared
from kewen.cli.guard import DEBUG_VARIABLE, guarded
from kewen.cli.version import kewen_version

# `\b` keeps the lines below it as they are.
HELP = """\
kewen (课文): from a checkpoint of any origin and a file of examples to a model that
answers, with every tensor accounted for.

\b
Examples:
  kewen demo "Shares rose after the merger."
  kewen fit classify train.tsv --dev dev.tsv --model bert-base-chinese --out clf
  kewen fit generate train.jsonl --dev dev.jsonl --model gpt2 --out writer
  kewen predict clf "很好，下次还来" "太差了"
  kewen evaluate clf test.tsv --report test.html
  kewen embed DIR --input texts.txt --normalize --out vectors.npz
  kewen generate DIR "Once upon a time" --top-p 0.9
  kewen poem 明月 --form 五言绝句 --acrostic 春夏秋冬
  kewen inspect DIR
  kewen trace DIR --inputs in.npz --out out.npz
  kewen convert DIR OUT --to tf1
  kewen export DIR model.onnx
  kewen count corpus/ --workers 2
  kewen vectors corpus/ vectors.npz --report
  kewen cluster links.tsv --report modules.html
  kewen words corpus/ --workers 2
  kewen doctor
  kewen recover "a piece of a lost text" --source disk.img --out found.jsonl

Files are TSV, CSV or JSONL, also .gz. Results go to stdout, everything else to stderr.
`kewen COMMAND --help` shows a command's own examples.
"""

# Plain text on purpose: the same in a pipe as on a terminal, and it starts at once.
_STYLE = {
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    **_STYLE,
)
fit_app = typer.Typer(
    help="Fine-tune a pretrained model on a task.", no_args_is_help=True, **_STYLE
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"kewen {kewen_version()}\n")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show it and stop.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and libraries' own words.")
    ] = False,
) -> None:
    """What belongs to no command."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def _add(
    place: typer.Typer, name: str, command: Callable[..., None], examples: str
) -> None:
    """A command whose help is its docstring, then its examples, then its options."""
    doc = signatures.getdoc(command) or ""
    lines = "\n".join(f"  {line}" for line in examples.strip().splitlines())
    place.command(name, help=f"{doc}\n\n\b\nExamples:\n{lines}")(guarded(command))


_add(app, "demo", demo.demo, demo.EXAMPLES)
app.add_typer(fit_app, name="fit")
_add(fit_app, "classify", fit.classify, fit.EXAMPLES)
_add(fit_app, "generate", fit_generate.generate, fit_generate.EXAMPLES)
_add(app, "predict", predict.predict, predict.EXAMPLES)
_add(app, "evaluate", evaluate.evaluate, evaluate.EXAMPLES)
_add(app, "embed", embed.embed, embed.EXAMPLES)
_add(app, "generate", generate.generate, generate.EXAMPLES)
_add(app, "poem", poem.poem, poem.EXAMPLES)
_add(app, "vectors", vectors.vectors, vectors.EXAMPLES)
_add(app, "trace", trace.trace, trace.EXAMPLES)
_add(app, "inspect", inspect.inspect, inspect.EXAMPLES)
_add(app, "convert", convert.convert, convert.EXAMPLES)
_add(app, "export", export.export, export.EXAMPLES)
_add(app, "count", count.count, count.EXAMPLES)
_add(app, "cluster", cluster.cluster, cluster.EXAMPLES)
_add(app, "words", words.words, words.EXAMPLES)
_add(app, "doctor", doctor.doctor, doctor.EXAMPLES)
_add(app, "recover", recover.recover, recover.EXAMPLES)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default that of the process, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # Windows' own encodings have no Chinese; a stand-in stream may have none.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    given = sys.argv[1:] if arguments is None else arguments
    app(args=prepared(given), prog_name="kewen")
