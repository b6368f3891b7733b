"""Counting words on a Ray cluster: the chunks are those of one machine."""

import pickle
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from kewen.errors import ConfigError, MissingExtraError, installing
from kewen.mining import WordCounter
from kewen.mining.corpus import Corpus, chunks_of
from kewen.mining.counting import CountChunk, Counted
from kewen.mining.word_cutters import check_words


def count_on_ray(
    counter: WordCounter, corpus: Corpus, *, address: str | None = None
) -> WordCounter:
    """Fit a counter on a cluster; the result is that of `counter.fit`.

    Ray Data gives the chunks to its workers and begins anew what a dead one had; counts
    are added up here, in the order of the chunks. Plain files must be found under the
    same path on all machines, which read them.

    Args:
        counter: its `workers` are the cores of a local cluster, and else not used.
        corpus: as for `WordCounter.fit`.
        address: of the cluster, such as "auto"; None starts one on this machine.

    Raises:
        MissingExtraError: if Ray is not installed.
        ConfigError: if no cluster answers at the address.
    """
    check_words(counter.words)
    try:
        ray: Any = import_module("ray")
        import_module("ray.data")
    except ImportError as error:
        raise MissingExtraError(
            "Counting on a cluster needs the package ray. Received: it is not "
            f"installed. Run, {installing('ray')}."
        ) from error
    chunks = chunks_of(corpus, text=counter.text, encoding=counter.encoding)
    rows = [{"chunk": pickle.dumps(chunk)} for chunk in chunks]
    if not rows:
        return counter.fit_counted(iter(()))
    if not ray.is_initialized():
        cores = counter.workers if address is None else None
        try:
            ray.init(address=address, num_cpus=cores, log_to_driver=False)
        except (ConnectionError, ValueError) as error:
            raise ConfigError(
                "A Ray cluster must answer at the address. Received: "
                f"{address}: {error}. Start one (ray start --head), or leave it out."
            ) from error
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    data = ray.data.from_items(rows, override_num_blocks=len(rows))
    function = CountChunk(counter.words, counter.punctuation)

    def count(row: dict[str, Any]) -> dict[str, bytes]:
        return {"counted": pickle.dumps(function(pickle.loads(row["chunk"])))}

    return counter.fit_counted(_parts(data.map(count)))


def _parts(counted: Any) -> Iterator[Counted]:
    for row in counted.iter_rows():
        yield pickle.loads(row["counted"])
