"""A cluster counts what one machine counts, also when a worker is killed."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from kewen.cli import main
from kewen.distributed import count_on_ray, ray_counting
from kewen.errors import MissingExtraError
from kewen.mining import WordCounter
from kewen.mining.corpus import chunks_of


def test_a_missing_ray_is_named_with_its_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    (tmp_path / "c.txt").write_text("a")
    with pytest.raises(MissingExtraError, match=r"ray.*\[ray\]"):
        count_on_ray(WordCounter("spaces"), tmp_path / "c.txt")


def test_the_command_names_it_too(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    (tmp_path / "c.txt").write_text("a")
    with pytest.raises(SystemExit) as ended:
        main(["count", str(tmp_path), "--words", "spaces", "--ray", "local"])
    assert ended.value.code == 2 and "package ray" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_counts_are_those_of_one_machine(monkeypatch, tmp_path, workers):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(
        ray_counting, "chunks_of", lambda *a, **k: chunks_of(*a, **k, chunk_bytes=9000)
    )
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"word {n % 97} {n}\n" for n in range(20_000)))
    if workers == 4:
        threading.Thread(target=kill_one, daemon=True).start()
    counter = count_on_ray(WordCounter("spaces", workers=workers), path)
    ray.shutdown()
    assert counter.counts_ == dict(Counter(path.read_text().split()))


def kill_one() -> None:
    """Kill a worker of Ray while it counts."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if folder.joinpath("cmdline").read_text().startswith("ray::Map"):
                    os.kill(int(folder.name), signal.SIGKILL)
                    return
            except OSError:
                continue
