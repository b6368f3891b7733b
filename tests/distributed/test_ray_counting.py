"""A cluster counts what one machine counts, also when a worker is killed."""

import functools
import os
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import deadly
import pytest

from kewen.cli import main
from kewen.distributed import count_on_ray, ray_counting
from kewen.errors import ConfigError, DataError, MissingExtraError
from kewen.mining import WordCounter
from kewen.mining.corpus import chunks_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_a_missing_ray_is_named_with_its_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "c.txt").write_text("a")
    with pytest.raises(MissingExtraError, match=r"ray.*\[ray\]"):
        count_on_ray(WordCounter("spaces"), tmp_path / "c.txt")


def test_the_command_names_it_too(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "c.txt").write_text("a")
    with pytest.raises(SystemExit) as ended:
        main(["count", str(tmp_path), "--words", "spaces", "--ray", "local"])
    assert ended.value.code == 2 and "package ray" in capsys.readouterr().err


@pytest.fixture
def corpus(monkeypatch, tmp_path):
    """A file of many chunks, which Ray's own processes can cut and import from here."""
    pytest.importorskip("ray")
    small = functools.partial(chunks_of, chunk_bytes=9000)
    monkeypatch.setattr(ray_counting, "chunks_of", small)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(HERE)]))
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"word {n % 97} {n}\n" for n in range(20_000)))
    return path


def counted(path, words, workers):
    import ray

    try:
        return count_on_ray(WordCounter(words, workers=workers), path).counts_
    finally:
        ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_counts_are_those_of_one_machine(corpus, workers):
    wanted = dict(Counter(corpus.read_text().split()))
    assert counted(corpus, "spaces", workers) == wanted


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_in_its_work_changes_nothing(
    corpus, monkeypatch, tmp_path
):
    marker = tmp_path / "killed"
    monkeypatch.setenv(deadly.VARIABLE, str(marker))
    wanted = dict(Counter(corpus.read_text().split()))
    assert counted(corpus, deadly.words, 2) == wanted
    assert marker.exists()


def test_an_address_at_which_nobody_listens_is_refused_soon(monkeypatch, tmp_path):
    started = SimpleNamespace(is_initialized=lambda: False)
    monkeypatch.setitem(sys.modules, "ray", started)
    monkeypatch.setitem(sys.modules, "ray.data", SimpleNamespace())
    (tmp_path / "c.txt").write_text("a b\n")
    with pytest.raises(ConfigError, match=r"must answer.*127\.0\.0\.1:1: "):
        count_on_ray(WordCounter("spaces"), tmp_path / "c.txt", address="127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_error_of_a_worker_is_that_of_one_machine(corpus):
    bad = corpus.with_suffix(".jsonl")
    bad.write_text('{"text": "a"}\n{"text": \n')
    with pytest.raises(DataError, match="line 2: not JSON") as caught:
        counted(bad, "spaces", 2)
    assert type(caught.value) is DataError and "\n" not in str(caught.value)
