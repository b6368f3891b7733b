"""What JAX compiles is kept between commands, where nobody else can write."""

import os
import subprocess
import sys

import pytest
from command_line import ROOT

from kewen.cli.compiled import FOLDER_VARIABLE, keep_compiled

PROGRAM = """
import os
from kewen.cli.compiled import keep_compiled
keep_compiled()
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
import jax
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name))
total = jax.jit(lambda x: (x * 3 + 1).sum())(jax.numpy.arange(7.0))
print(float(total), sum(name.endswith("/cache_hits") for name in hits) > 0)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that is kept, in a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    yield tmp_path / "kewen" / "compiled"
    os.environ.pop(FOLDER_VARIABLE, None)


def run(environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.split()


def test_second_process_finds_what_the_first_compiled(folder):
    assert run(os.environ) == ["70.0", "False"]
    assert run(os.environ) == ["70.0", "True"]


def test_broken_file_is_compiled_anew(folder):
    run(os.environ)
    for kept in folder.glob("*-cache"):
        kept.write_bytes(kept.read_bytes()[:20])
    assert run(os.environ) == ["70.0", "False"]


def test_folder_is_ours_alone(folder):
    keep_compiled()
    assert os.environ[FOLDER_VARIABLE] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_folder_that_others_can_write_to_is_left_alone(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    keep_compiled()
    assert FOLDER_VARIABLE not in os.environ


def test_link_in_place_of_the_folder_is_left_alone(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "elsewhere")
    keep_compiled()
    assert FOLDER_VARIABLE not in os.environ


def test_cache_that_cannot_be_made_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    keep_compiled()
    assert FOLDER_VARIABLE not in os.environ


def test_user_without_a_home_does_without(monkeypatch):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr("pathlib.Path.home", nobody)
    keep_compiled()
    assert FOLDER_VARIABLE not in os.environ


@pytest.mark.parametrize("chosen", ["", "elsewhere"])
def test_choice_of_the_user_counts(folder, chosen, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, chosen)
    keep_compiled()
    assert os.environ[FOLDER_VARIABLE] == chosen
    assert not folder.exists()
