"""`kewen cluster`: modules of a graph, clusters of vectors."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.corpus_options import check_outputs
from kewen.cli.json_lines import json_lines
from kewen.cli.options import Overwrite
from kewen.errors import DataError

if TYPE_CHECKING:
    from kewen.mining import InfoMap
    from kewen.mining.communities.graph import Graph

EXAMPLES = """
kewen cluster links.tsv --report modules.html
kewen cluster football.gml --levels multi
kewen cluster words.vec --words 10000 --similarity 0.6 --out clusters.jsonl
kewen cluster vectors.npz --neighbours 20 --directed
"""

MOST_NAMES = 8  # in a row of the table
PAGE_NAMES = 40
MOST_ROWS = 500  # of the page
MOST_CHARS = 40  # of a name


class Kind(StrEnum):
    """What a file holds."""

    AUTO = "auto"
    GRAPH = "graph"
    VECTORS = "vectors"


class Levels(StrEnum):
    """How deep modules lie within modules."""

    TWO = "2"
    MULTI = "multi"


def cluster(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="GRAPH-OR-VECTORS",
            help="Links as text, .npz, .gml, .graphml, .net; or vectors: .vec, .bin, "
            ".npz, .safetensors, word2vec's text.",
        ),
    ],
    kind: Annotated[
        Kind, typer.Option(help="What the file holds, if it is not clear.")
    ] = Kind.AUTO,
    levels: Annotated[Levels, typer.Option(help="Of modules.")] = Levels.TWO,
    trials: Annotated[
        int, typer.Option(min=1, help="Searches; the shortest code wins.")
    ] = 10,
    overlapping: Annotated[
        bool, typer.Option("--overlapping", help="Nodes may be in several modules.")
    ] = False,
    directed: Annotated[
        bool | None,
        typer.Option(
            "--directed/--undirected",
            help="Links lead one way. As the file says; links in text and between "
            "vectors lead both ways if not given.",
        ),
    ] = None,
    markov_time: Annotated[
        float, typer.Option(help="Above 1 for larger modules, below for smaller.")
    ] = 1.0,
    words: Annotated[
        int | None, typer.Option(min=2, help="Of vectors: the first so many.")
    ] = None,
    neighbours: Annotated[
        int, typer.Option(min=1, help="Of vectors: the most links of one.")
    ] = 50,
    similarity: Annotated[
        float, typer.Option(help="Of vectors: the least cosine of a link.")
    ] = 0.6,
    top: Annotated[int, typer.Option(min=1, help="Rows of the table.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Of the search.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Each node's modules as JSON Lines.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="A page with the map of the modules.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Find the modules of a graph, or clusters of vectors, by InfoMap.

    How many there are comes out by itself: those whose codebooks make a random walk's
    description shortest.
    """
    check_outputs(source, out, report, overwrite)
    from kewen.mining import InfoMap, knn_graph
    from kewen.mining.communities.graph import read_graph
    from kewen.mining.communities.graph_files import read_graph_file

    vectors = None if kind is Kind.GRAPH else _vectors(source, kind)
    if vectors is None:
        graph = read_graph_file(source, directed=directed)
    else:
        rows, names = vectors
        graph = knn_graph(
            rows[:words], neighbours, similarity, names=names and names[:words]
        )
        if graph.num_links == 0:
            raise DataError(
                f"No two of the {graph.num_nodes:,} vectors have a cosine of "
                f"{similarity} or more. Lower --similarity."
            )
        if not directed:
            graph = read_graph(graph, directed=False)
    found = InfoMap(
        levels=2 if levels is Levels.TWO else "multi",
        num_trials=trials,
        overlapping=overlapping,
        markov_time=markov_time,
        random_state=seed,
    ).fit(graph)
    if out is not None:
        _write(out, found, overwrite)
    if report is not None:
        _report(report, source, graph, found, overwrite)
    _say(graph, found, top)


def _vectors(source: Path, kind: Kind) -> tuple[Any, Any] | None:
    """Vectors and their names, or None if the file seems to hold a graph."""
    from kewen.mining import WordVectors, read_word2vec

    if source.suffix == ".npz":
        arrays = _arrays(source)
        if "embeddings" in arrays:  # `kewen embed`
            import numpy as np

            with np.load(source) as file:
                return file["embeddings"], None
        if "indptr" in arrays and kind is not Kind.VECTORS:
            return None
    if source.suffix in (".npz", ".safetensors"):
        known = WordVectors.load(source)
    elif kind is Kind.VECTORS or source.suffix in (".vec", ".bin") or _headed(source):
        known = read_word2vec(source)
    else:
        return None
    return known.vectors, known.words


def _arrays(source: Path) -> list[str]:
    """Names of what is in an `.npz`; none if it is none: its reader will say so."""
    import zipfile

    try:
        with zipfile.ZipFile(source) as file:
            return [name.removesuffix(".npy") for name in file.namelist()]
    except (OSError, zipfile.BadZipFile):
        return []


def _headed(source: Path) -> bool:
    """Whether a text begins as word2vec's: how many words, of how many numbers."""
    try:
        with source.open("rb") as file:
            header, first = (file.readline(1 << 20).split() for _ in range(2))
        number, dim = map(int, header)
    except (OSError, ValueError):
        return False
    return number > 0 and dim > 2 and len(first) == dim + 1


def _several(found: "InfoMap") -> list[int]:
    """The modules of several nodes, whole or in part, the most visited first."""
    flow = found.flow_ @ found.memberships_
    sizes = found.memberships_.getnnz(axis=0)
    order = sorted(range(len(sizes)), key=lambda i: -flow[i])
    return [i for i in order if sizes[i] > 1]


def _rows(found: "InfoMap", modules: list[int], most_names: int) -> list[list[str]]:
    """A row for each of the modules, or for the most visited node, as HEAD says."""
    flow = found.flow_ @ found.memberships_
    members = found.members()
    return [
        [
            f"{i}: " + " ".join(_short(name) for name in members[i][:most_names]),
            f"{len(members[i]):,}",
            f"{flow[i]:.2%}",
            f"{found.exit_flow_[i] / max(flow[i], 1e-300):.1%}",
        ]
        for i in modules or [0]
    ]


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}…"


HEAD = ("module: its most visited", "nodes", "of the walk", "leaves")


def _say(graph: "Graph", found: "InfoMap", top: int) -> None:
    from kewen.metrics import text_table

    several = _several(found)
    rows = _rows(found, several[:top], MOST_NAMES)
    sys.stdout.write(text_table(HEAD, rows) + "\n\n")
    in_several = found.memberships_[:, several].getnnz(axis=1) > 0
    way = "directed" if graph.directed else "undirected"
    lines = [
        f"{graph.num_nodes:,} nodes, {graph.num_links:,} links, {way}: "
        f"{len(several):,} modules, {int((~in_several).sum()):,} nodes alone",
        f"{found.codelength_:.4f} bits a step, {found.code_.one_level:.4f} without "
        f"modules: {found.code_.savings:.1%} saved",
    ]
    if found.tree_.shape[1] > 1:
        counts = [len({*column} - {-1}) for column in found.tree_.T.tolist()]
        lines.append(f"modules at each depth: {', '.join(map(str, counts))}")
    sys.stdout.write("\n".join(lines) + "\n")


def _write(out: Path, found: "InfoMap", overwrite: bool) -> None:
    shares = found.memberships_
    with json_lines(out, overwrite=overwrite) as write:
        for node, name in enumerate(found.names_):
            row = slice(shares.indptr[node], shares.indptr[node + 1])
            record: dict[str, Any] = {
                "name": name if isinstance(name, int | str) else str(name),
                "module": int(found.labels_[node]),
                "flow": float(found.flow_[node]),
            }
            if found.tree_.shape[1] > 1:
                record["path"] = [int(m) for m in found.tree_[node] if m >= 0]
            if found.overlapping:
                record["shares"] = {
                    str(module): float(share)
                    for module, share in zip(
                        shares.indices[row], shares.data[row], strict=True
                    )
                }
            write(record)


def _report(
    path: Path, source: Path, graph: "Graph", found: "InfoMap", overwrite: bool
) -> None:
    from kewen.analysis.report import facts_section, table_section, write_page
    from kewen.analysis.report.community_map import community_section

    several = _several(found)
    rows = _rows(found, several[:MOST_ROWS], PAGE_NAMES)
    note = f"The {MOST_ROWS} most visited." if len(several) > MOST_ROWS else ""
    write_page(
        path,
        f"Modules of {source.name}",
        {
            "nodes": f"{graph.num_nodes:,}",
            "links": f"{graph.num_links:,}",
            "modules": f"{len(several):,}",
            "bits a step": f"{found.codelength_:.4f}",
            "saved": f"{found.code_.savings:.1%}",
        },
        [
            [community_section(found, graph)],
            [table_section("Modules", HEAD, rows, note)],
            [
                facts_section(
                    {
                        "file": str(source),
                        "levels": str(found.levels),
                        "trials": f"{found.num_trials}",
                        "seed": f"{found.random_state}",
                        "directed": "yes" if graph.directed else "no",
                        "bits without modules": f"{found.code_.one_level:.4f}",
                        "shortest and longest trial": f"{min(found.trials_):.6f}, "
                        f"{max(found.trials_):.6f}",
                    }
                )
            ],
        ],
        overwrite=overwrite,
    )
