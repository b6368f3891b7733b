"""`kewen cluster`: modules of a graph, clusters of vectors."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.json_lines import json_lines
from kewen.cli.options import Overwrite
from kewen.cli.targets import check_file
from kewen.errors import ConfigError

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
    seed: Annotated[int, typer.Option(help="Of the search.")] = 0,
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
    if out is not None:
        if out.suffix != ".jsonl":
            raise ConfigError(f"--out must end in .jsonl. Received: {out}.")
        check_file(out, overwrite)
    if report is not None:
        check_file(report, overwrite)
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


def _rows(found: "InfoMap", top: int, most_names: int) -> list[list[str]]:
    """The modules of several nodes, the most visited first."""
    flow = found.flow_ @ found.memberships_
    members = found.members()
    order = sorted(range(len(members)), key=lambda i: -flow[i])
    several = [i for i in order if len(members[i]) > 1] or order[:1]
    return [
        [
            f"{i}: " + " ".join(map(str, members[i][:most_names])),
            f"{len(members[i]):,}",
            f"{flow[i]:.2%}",
            f"{found.exit_flow_[i] / max(flow[i], 1e-300):.1%}",
        ]
        for i in several[:top]
    ]


HEAD = ("module: its most visited", "nodes", "of the walk", "leaves")


def _say(graph: "Graph", found: "InfoMap", top: int) -> None:
    from kewen.metrics import text_table

    rows = _rows(found, top, MOST_NAMES)
    sizes = [len(each) for each in found.members()]
    sys.stdout.write(text_table(HEAD, rows) + "\n\n")
    several = sum(size > 1 for size in sizes)
    way = "directed" if graph.directed else "undirected"
    lines = [
        f"{graph.num_nodes:,} nodes, {graph.num_links:,} links, {way}: "
        f"{several:,} modules, {graph.num_nodes - sum(s for s in sizes if s > 1):,} "
        "nodes alone",
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

    rows = [
        [f"{row[0]}: {row[-1]}", *row[1:-1]] for row in _rows(found, 500, PAGE_NAMES)
    ]
    write_page(
        path,
        f"Modules of {source.name}",
        {
            "nodes": f"{graph.num_nodes:,}",
            "links": f"{graph.num_links:,}",
            "modules": f"{len(rows):,}",
            "bits a step": f"{found.codelength_:.4f}",
            "saved": f"{found.code_.savings:.1%}",
        },
        [
            [community_section(found, graph)],
            [table_section("Modules", HEAD, rows)],
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
