"""Counting words on a Ray cluster: the chunks are those of one machine."""

import pickle
import socket
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from kewen.errors import ConfigError, KewenError, MissingExtraError, installing
from kewen.mining import WordCounter
from kewen.mining.corpus import Corpus, chunks_of
from kewen.mining.counting import CountChunk, Counted
from kewen.mining.word_cutters import check_words

CONNECT_S = 10.0


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
        if address is not None:
            _check_answers(address)
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
    function = CountChunk(counter.words)

    def count(row: dict[str, Any]) -> dict[str, bytes]:
        counted: Counted | KewenError
        try:
            counted = function(pickle.loads(row["chunk"]))
        except KewenError as error:  # if it were raised, Ray would keep its text only
            counted = error
        return {"counted": pickle.dumps(counted)}

    return counter.fit_counted(_parts(data.map(count)))


def _parts(counted: Any) -> Iterator[Counted]:
    for row in counted.iter_rows():
        part: Counted | KewenError = pickle.loads(row["counted"])
        if isinstance(part, KewenError):
            raise part
        yield part


def _check_answers(address: str) -> None:
    """Ray itself would wait for minutes for a machine that is not there.

    Raises:
        ConfigError: if nobody listens.
    """
    host, colon, port = address.rpartition(":")
    if not colon or "/" in address or not port.isdigit():
        return  # such as "auto"; of another protocol Ray must know by itself
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            "A Ray cluster must answer at the address. Received: "
            f"{address}: {error}. Start one (ray start --head), or leave it out."
        ) from error
