"""Clusters of the most frequent words, by the vectors of `benchmarks.word_vectors`.

What `kewen vectors --model MODEL` and `kewen cluster --words 10000` do, on the same
texts; then the ten clusters that a random walk visits most, whatever they are.
"""

import argparse
from pathlib import Path

from benchmarks.harness import publish
from benchmarks.word_tasks import corpus
from benchmarks.word_vectors import DIM, LEAST, WINDOW
from kewen.metrics import text_table
from kewen.mining import (
    InfoMap,
    PMIWordVectors,
    WordVectors,
    cooccurrence,
    documents,
    knn_graph,
    ppmi_svd,
)
from kewen.mining.communities.graph import read_graph

FIRST, TRIALS, SHOWN, NAMES = 10_000, 3, 10, 10


def main() -> None:
    """Learn, cluster, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data sets")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    counts = cooccurrence(
        documents(corpus(options.data)), window=WINDOW, min_count=LEAST
    )
    parts = []
    for name, vectors in {
        "PPMI-SVD": ppmi_svd(counts, DIM),
        "PMI": PMIWordVectors(DIM).fit(counts).vectors_,
    }.items():
        parts.append(f"{name}: {clustered(vectors)}")
        print(parts[-1], flush=True)
    publish(
        "word_clusters", "Clusters of words", "\n\n".join(parts), write=options.write
    )


def clustered(vectors: WordVectors) -> str:
    """How many clusters there are, and the most visited ones."""
    graph = knn_graph(vectors.vectors[:FIRST], names=vectors.words[:FIRST])
    graph = read_graph(graph, directed=False)
    found = InfoMap(num_trials=TRIALS, random_state=0).fit(graph)
    flow = found.flow_ @ found.memberships_
    members = found.members()
    several = [i for i in (-flow).argsort() if len(members[i]) > 1]
    alone = graph.num_nodes - sum(len(members[i]) for i in several)
    rows = [
        [f"{len(members[i])}", " ".join(map(str, members[i][:NAMES]))]
        for i in several[:SHOWN]
    ]
    return (
        f"{len(several)} clusters of {graph.num_nodes:,} words, {alone:,} alone, "
        f"{graph.num_links:,} links\n{text_table(['words', 'most central'], rows)}"
    )


if __name__ == "__main__":
    main()
