"""InfoMap's search and the `infomap` package: code length, planted modules, speed.

Small graphs: the best of five trials on both sides, how much longer our code is, and
how far each partition is the planted one (adjusted mutual information); then trees of
modules, of graphs that have levels or nothing like modules at all. The large graph
has 100,000 nodes: seconds of one trial, memory at the peak of each process, and code
length against the package's best of five. Ours is timed from an array of edges to
labels; the package has its links already and is timed from there.

`--lfr` compares the small ones again, on networkx's own LFR graphs, and nothing else.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from benchmarks.community_graphs import planted
from benchmarks.harness import Subject, common_arguments, measure, publish, speed_table
from kewen.metrics import text_table
from kewen.mining import InfoMap, map_equation

NODES = 100_000
MEAN_DEGREE = 15.8  # of which loops and repeated links are dropped
TRIALS = 5
MIXING = (0.3, 0.5, 0.6)
LFR_MIXING = (0.2, 0.3, 0.4, 0.5)  # networkx' modules are harder to tell apart
COMPILE = """
import time
began = time.perf_counter()
import numba
after = time.perf_counter()
from kewen.mining import InfoMap
InfoMap(num_trials=1, random_state=0).fit([[0, 1], [1, 2]])
print(after - began, time.perf_counter() - after)
"""
WITHOUT = """
import sys
sys.modules["numba"] = None
"""
TRIAL = """
import time
from benchmarks.community_graphs import planted
from kewen.mining import InfoMap
search = InfoMap(num_trials=1, random_state=0)
search.fit([[0, 1], [1, 2]])
edges = planted(3000, largest=100, most_degree=50)[0]
began = time.perf_counter()
search.fit(edges)
print(time.perf_counter() - began)
"""


def large() -> np.ndarray:
    """The edges of the large graph."""
    return planted(NODES, mean_degree=MEAN_DEGREE)[0]


def peak_gb() -> float:
    """The most memory that this process ever held."""
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e9


def package_of(edges: np.ndarray, trials: int, *, two_level: bool = True) -> Any:
    """The package with a graph's links in it."""
    import infomap

    levels = "--two-level" if two_level else ""
    asked = infomap.Infomap(f"--silent {levels} --seed 1 --num-trials {trials}")
    asked.add_links(edges)
    return asked


def package_labels(edges: np.ndarray, size: int, trials: int) -> tuple[float, Any]:
    """Its code length and labels."""
    result = package_of(edges, trials).run()
    labels = np.arange(size) + size  # a node without links stays alone
    for node in result.nodes():
        labels[node.node_id] = node.module_id
    return result.codelength, labels


def our_run(file: str) -> Callable[[], Any]:
    """One trial of ours, from edges to labels."""
    edges = np.load(file)

    def run() -> tuple[float, int, float]:
        found = InfoMap(num_trials=1, random_state=0).fit(edges)
        return found.codelength_, int(found.labels_.max()) + 1, peak_gb()

    return run


def package_run(file: str) -> Callable[[], Any]:
    """One trial of the package's."""
    asked = package_of(np.load(file), 1)

    def run() -> tuple[float, int, float]:
        result = asked.run()
        return result.codelength, result.num_top_modules, peak_gb()

    return run


def small_graphs(football: str | None) -> dict[str, tuple[np.ndarray, Any]]:
    """Edges and planted modules, if there are any, by name."""
    graphs: dict[str, tuple[np.ndarray, Any]] = {}
    karate = nx.karate_club_graph()
    weighted = [(a, b, w) for a, b, w in karate.edges(data="weight")]
    graphs["karate, weighted"] = np.array(weighted, float), None
    if football:
        graph = nx.read_gml(football)
        conference = [graph.nodes[name]["value"] for name in graph]
        graph = nx.convert_node_labels_to_integers(graph)
        graphs["football"] = np.array(graph.edges), conference
    for size, largest, most in ((1000, 100, 50), (10_000, 300, 100)):
        for mixing in MIXING:
            graphs[f"planted, {size} nodes, mu {mixing}"] = planted(
                size, mixing=mixing, largest=largest, most_degree=most, seed=1
            )
    return graphs


def lfr_graphs() -> dict[str, tuple[np.ndarray, Any]]:
    """Graphs of Lancichinetti, Fortunato and Radicchi, as networkx makes them."""
    graphs: dict[str, tuple[np.ndarray, Any]] = {}
    for size, largest, most in ((1000, 100, 50), (10_000, 300, 100)):
        for mixing in LFR_MIXING:
            graph = nx.LFR_benchmark_graph(
                size,
                2.5,
                1.5,
                mixing,
                average_degree=15,
                max_degree=most,
                min_community=20,
                max_community=largest,
                max_iters=1000,
                seed=1,
            )
            graph.remove_edges_from(list(nx.selfloop_edges(graph)))
            truth = [min(graph.nodes[node]["community"]) for node in range(size)]
            graphs[f"LFR, {size} nodes, mu {mixing}"] = np.array(graph.edges), truth
    return graphs


def quality(graphs: dict[str, tuple[np.ndarray, Any]]) -> str:
    """A row for each small graph."""
    rows = []
    for name, (edges, truth) in graphs.items():
        ours = InfoMap(num_trials=TRIALS, random_state=0).fit(edges)
        size = len(ours.labels_)
        theirs, labels = package_labels(edges, size, TRIALS)
        same = map_equation(edges, labels).total - theirs
        scores = ["", ""]
        if truth is not None:
            scores = [
                f"{adjusted_mutual_info_score(truth[:size], each):.4f}"
                for each in (ours.labels_, labels)
            ]
        rows.append(
            [
                name,
                f"{ours.codelength_:.6f}",
                f"{theirs:.6f}",
                f"{100 * (ours.codelength_ / theirs - 1):+.3f} %",
                f"{abs(same):.0e}",
                f"{ours.labels_.max() + 1}",
                f"{len(set(labels))}",
                *scores,
            ]
        )
    head = ["graph", "bits", "its bits", "longer", "formula", "modules", "its", "AMI"]
    return text_table([*head, "its AMI"], rows)


def tree_quality() -> str:
    """A row for each graph that is searched with as many levels as pay."""
    points = nx.random_geometric_graph(2000, 0.04, seed=1)
    graphs = {
        "planted, 1000 nodes, mu 0.5": planted(
            1000, mixing=0.5, largest=100, most_degree=50, seed=1
        )[0],
        "ring of 60 cliques": np.array(nx.ring_of_cliques(60, 5).edges),
        "rings in a ring": np.array(rings_in_a_ring().edges),
        "near points in a square": np.array(points.edges),
        "grid, 30 x 30": np.array(
            nx.convert_node_labels_to_integers(nx.grid_2d_graph(30, 30)).edges
        ),
        "random tree, 1000 nodes": np.array(nx.random_labeled_tree(1000, seed=1).edges),
    }
    rows = []
    for name, edges in graphs.items():
        ours = InfoMap(levels="multi", num_trials=TRIALS, random_state=0).fit(edges)
        theirs = package_of(edges, TRIALS, two_level=False).run()
        rows.append(
            [
                name,
                f"{ours.codelength_:.6f}",
                f"{theirs.codelength:.6f}",
                f"{100 * (ours.codelength_ / theirs.codelength - 1):+.3f} %",
                f"{ours.tree_.shape[1]}",
                f"{theirs.num_levels - 1}",
            ]
        )
    return text_table(
        ["tree of modules", "bits", "its bits", "longer", "depth", "its"], rows
    )


def rings_in_a_ring() -> nx.Graph:
    """Six rings of eight cliques of four."""
    graph = nx.disjoint_union_all([nx.ring_of_cliques(8, 4)] * 6)
    graph.add_edges_from((32 * i, 32 * ((i + 1) % 6)) for i in range(6))
    return graph


def python_seconds(program: str, folder: str) -> list[float]:
    """The numbers that a program prints in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"NUMBA_CACHE_DIR": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(each) for each in ended.stdout.split()]


def compile_lines() -> list[str]:
    """Seconds to compile, once that was kept, and without numba."""
    with tempfile.TemporaryDirectory() as folder:
        numba_s, cold = python_seconds(COMPILE, folder)
        _, warm = python_seconds(COMPILE, folder)
        (fast,) = python_seconds(TRIAL, folder)
        (slow,) = python_seconds(WITHOUT + TRIAL, folder)
    return [
        f"import of numba {numba_s:.2f} s; import of kewen and a first search "
        f"{cold:.2f} s with compiling, {warm:.2f} s once that is kept",
        f"a trial on 3,000 nodes: {fast:.3f} s, {slow:.2f} s without numba",
    ]


def main() -> None:
    """Measure and publish."""
    parser = common_arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--football", help="football.gml, Newman's")
    parser.add_argument("--lfr", action="store_true", help="networkx's LFR graphs only")
    options = parser.parse_args()
    if options.lfr:
        table = quality(lfr_graphs())
        publish(
            "infomap_search",
            "InfoMap on networkx's LFR graphs",
            table,
            write=options.write,
            mark="infomap_search lfr",
        )
        return
    lines = [
        quality(small_graphs(options.football)),
        "",
        tree_quality(),
        "",
        *compile_lines(),
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "edges.npy"))
        edges = large()
        np.save(file, edges)
        timings = measure(
            [
                Subject("kewen", our_run, (file,)),
                Subject("infomap", package_run, (file,)),
            ],
            repeats=options.repeats,
            warmup=options.warmup,
        )
    began = time.perf_counter()
    best = package_of(edges, TRIALS).run().codelength
    lines += [
        "",
        f"{NODES} nodes, {len(edges)} links; one trial each",
        speed_table(timings, len(edges) / 1e3, "thousand links"),
        *(
            f"{timing.name}: {timing.answer[0]:.6f} bits, {timing.answer[1]} modules, "
            f"peak {timing.answer[2]:.2f} GB"
            for timing in timings
        ),
        f"the package's best of {TRIALS}: {best:.6f} bits; ours is "
        f"{100 * (timings[0].answer[0] / best - 1):+.4f} % longer "
        f"({time.perf_counter() - began:.0f} s)",
    ]
    publish("infomap_search", "InfoMap", "\n".join(lines), write=options.write)


if __name__ == "__main__":
    main()
