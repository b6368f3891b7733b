"""`kewen vectors`: word vectors of a corpus, whose inner products are related words."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kewen.cli.guard import say
from kewen.cli.options import Encoding, Overwrite, TextColumn
from kewen.cli.progress import bytes_done
from kewen.cli.targets import check_file
from kewen.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kewen.mining import Cooccurrence, WordVectors

EXAMPLES = """
kewen vectors corpus/ vectors.npz --report
kewen vectors reviews.jsonl vectors.bin --text body --dim 200 --word 酒店 --word 屏幕
kewen vectors news.txt.gz vectors.txt --counts counts.npz
kewen vectors counts.npz other.npz --model glove --epochs 50
"""
WORD2VEC = (".txt", ".bin")
ENDINGS = (".npz", ".safetensors", *WORD2VEC)
SPACE = "_"  # in place of one, in word2vec's formats
WINDOW, MIN_COUNT = 10, 5
LEAST_ROWS = 6  # words in a table if none were asked for


class Model(StrEnum):
    """What the vectors are made by."""

    PMI = "pmi"
    GLOVE = "glove"
    PPMI_SVD = "ppmi-svd"


class Tables(StrEnum):
    """Of `pmi`: one vector a word, or two."""

    SHARED = "shared"
    CONCAT = "concat"
    SUM = "sum"


def vectors(
    corpus: Annotated[
        Path,
        typer.Argument(
            help="A folder, or a file: JSONL, TSV, CSV, else a text a line; gz too. "
            "An .npz is counts that --counts kept."
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(help=".npz or .safetensors; word2vec's .txt or .bin."),
    ],
    model: Annotated[Model, typer.Option(help="What makes them.")] = Model.PMI,
    tables: Annotated[
        Tables, typer.Option(help="Of pmi: one vector a word, or two, joined or added.")
    ] = Tables.SHARED,
    dim: Annotated[int, typer.Option(min=1, help="Numbers a vector.")] = 128,
    window: Annotated[int, typer.Option(min=1, help="Words to each side.")] = WINDOW,
    min_count: Annotated[
        int, typer.Option(min=1, help="Rarer words get no vector.")
    ] = MIN_COUNT,
    truncate: Annotated[
        bool, typer.Option(help="No pair weighs more than 1; else norms fit better.")
    ] = True,
    unseen: Annotated[
        float,
        typer.Option(
            min=0,
            help="Of pmi: how much pairs that were never seen count; 1 for analogies.",
        ),
    ] = 0.3,
    epochs: Annotated[int, typer.Option(min=1, help="Of training.")] = 15,
    seed: Annotated[int, typer.Option(min=0, help="Of first values and order.")] = 0,
    words: Annotated[
        str, typer.Option(help="rjieba, jieba, characters or spaces.")
    ] = "rjieba",
    punctuation: Annotated[
        bool, typer.Option(help="Keep what has no letter or digit.")
    ] = True,
    counts: Annotated[
        Path | None, typer.Option(help="Keep the counts as .npz for another training.")
    ] = None,
    word: Annotated[
        list[str] | None, typer.Option(help="Show what goes with it; several times.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Also a page, beside OUT as .html.")
    ] = False,
    memory: Annotated[
        float,
        typer.Option(min=0.01, max=1e6, help="GB for counting; the rest on the disk."),
    ] = 1.0,
    text: TextColumn = "text",
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Learn word vectors from which words stand near each other.

    The corpus is read once; training goes over counts. By default the inner product of
    two vectors is the words' mutual information: how related they are.
    """
    if out.suffix not in ENDINGS:
        raise ConfigError(f"OUT must end in {', '.join(ENDINGS)}. Received: {out}.")
    if out.absolute() == corpus.absolute():
        raise ConfigError(f"OUT must not be what is read. Received twice: {out}.")
    check_file(out, overwrite)
    page = out.with_suffix(".html")
    if report:
        check_file(page, overwrite)
    if counts is not None:
        if counts.suffix != ".npz":
            raise ConfigError(f"--counts must end in .npz. Received: {counts}.")
        if counts.absolute() in (out.absolute(), corpus.absolute()):
            raise ConfigError(
                f"--counts must be a file of its own. Received twice: {counts}."
            )
        check_file(counts, overwrite)
    from kewen.mining import Cooccurrence, cooccurrence, documents

    if corpus.suffix == ".npz":
        said = {
            "--window": window != WINDOW,
            "--min-count": min_count != MIN_COUNT,
            "--words": words != "rjieba",
            "--no-punctuation": not punctuation,
            "--text": text != "text",
            "--encoding": encoding != "utf-8",
        }
        if any(said.values()):
            idle = ", ".join(name for name, is_said in said.items() if is_said)
            say(
                f"{corpus} is counted already, with settings of its own, whatever "
                f"{idle} say."
            )
        seen = Cooccurrence.load(corpus)
        if model is Model.GLOVE and seen.weighting == "flat":
            say("GloVe's own counts are by inverse distance; these are not.")
    else:
        with bytes_done("counted") as show:
            seen = cooccurrence(
                documents(
                    corpus,
                    words,  # type: ignore[arg-type]  # checked in there
                    punctuation=punctuation,
                    text=text,
                    encoding=encoding,
                    on_progress=show,
                ),
                window=window,
                min_count=min_count,
                weighting="inverse_distance" if model is Model.GLOVE else "flat",
                memory_bytes=int(memory * 1e9),
            )
    say(
        f"{seen.num_documents:,} texts, {len(seen.lexicon):,} words with at least "
        f"{int(seen.lexicon.counts[-1]):,} occurrences, {len(seen):,} pairs "
        f"within {seen.window} words."
    )
    _check_writable(seen.lexicon.words, out, counts)
    _check_asked(seen, word)
    if counts is not None:
        seen.save(counts, overwrite=overwrite)
    losses: list[float] = []
    made = _made(seen, model, tables, dim, truncate, unseen, epochs, seed, losses)
    _save(made, out, overwrite)
    shown = _shown(made, word)
    _write_tables(made, shown, model is Model.PMI and tables is Tables.SHARED)
    if report:
        from kewen.analysis.report import write_vectors_report

        facts = {
            "corpus": str(corpus),
            "model": model.value,
            "window": f"{seen.window}",
            "weighting": seen.weighting,
            "seed": f"{seed}",
        }
        if model is Model.PMI:
            facts |= {"tables": tables.value, "unseen": f"{unseen:g}"}
        if model is not Model.PPMI_SVD:
            facts["epochs"] = f"{epochs}"
        write_vectors_report(
            page, made, seen, losses, shown, facts=facts, overwrite=overwrite
        )
        say(f"The page is {page}.")


def _made(
    seen: "Cooccurrence",
    model: Model,
    tables: Tables,
    dim: int,
    truncate: bool,
    unseen: float,
    epochs: int,
    seed: int,
    losses: list[float],
) -> "WordVectors":
    from kewen.mining import GloVe, PMIWordVectors, ppmi_svd

    if model is Model.PPMI_SVD:
        return ppmi_svd(seen, dim, random_state=seed)
    if model is Model.GLOVE:
        trained = GloVe(dim, epochs=epochs, random_state=seed)
    else:
        trained = PMIWordVectors(
            dim,
            tables=tables.value,
            truncate=truncate,
            unseen=unseen,
            epochs=epochs,
            random_state=seed,
        )
    rounds: Iterator[float] = trained.rounds(seen)
    for epoch, loss in enumerate(rounds, start=1):
        losses.append(loss)
        say(f"epoch {epoch}/{epochs}: loss {loss:.5f}")
    return trained.vectors_


def _save(made: "WordVectors", out: Path, overwrite: bool) -> None:
    from kewen.mining import write_word2vec

    if out.suffix in WORD2VEC:
        write_word2vec(made, out, replace_spaces=SPACE, overwrite=overwrite)
    else:
        made.save(out, overwrite=overwrite)


def _check_writable(words: tuple[str, ...], out: Path, counts: Path | None) -> None:
    """Refuse before the training what could not be written after it."""
    from kewen.mining.stored_words import words_to
    from kewen.mining.word2vec_files import writable

    if out.suffix in WORD2VEC:
        writable(words, SPACE)
    if out.suffix not in WORD2VEC or counts is not None:
        words_to(words)


def _check_asked(seen: "Cooccurrence", asked: list[str] | None) -> None:
    unknown = [each for each in asked or () if each not in seen.lexicon.index]
    if unknown:
        raise DataError(
            f"--word must be a word with a vector. Received: {', '.join(unknown)}. "
            "Lower --min-count, or cut words in another way."
        )


def _shown(made: "WordVectors", asked: list[str] | None) -> list[str]:
    """The words asked for, or frequent ones of the middle, which mean something."""
    if asked:
        return asked
    told = [each for each in made.words if len(each) > 1 and each.isalpha()]
    start = min(len(told) // 20, 100)
    return told[start : start + LEAST_ROWS] or list(made.words[:LEAST_ROWS])


def _write_tables(made: "WordVectors", shown: list[str], by_norm: bool) -> None:
    from kewen.metrics import text_table
    from kewen.visible import visible

    rows = [
        [
            visible(each),
            " ".join(visible(w) for w, _ in made.most_related(each, 6, normalize=True)),
            " ".join(visible(w) for w, _ in made.most_similar(each, 6)),
        ]
        for each in shown
    ]
    sys.stdout.write(text_table(["word", "related", "used alike"], rows) + "\n\n")
    if by_norm:
        least = " ".join(visible(each) for each, _ in made.norm_rank(20))
        sys.stdout.write(f"Shortest vectors, which tell least: {least}\n")
    sys.stdout.write(f"{len(made):,} words, {made.dim} numbers each\n")
