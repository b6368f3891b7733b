"""What every test stands on."""

import gc
import os
import shutil
from pathlib import Path

import pytest

# Tests compile much and compute little; what one run compiles, the next one finds.
_COMPILED = Path(__file__).parent.parent / ".pytest_cache" / "compiled"
_MOST_COMPILED = 1 << 30  # bytes; JAX would look through all files at each new one
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_COMPILED))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.02")

# Most of that is LLVM's work on code that runs for milliseconds. `.ci/run` compares the
# recorded outputs once more with what users run.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)

# Before any test file imports Keras, which would else choose the backend by itself.
import kewen  # noqa: E402, F401

# Warnings are errors; these are of other libraries, and nothing of ours can avoid them.
_NOT_OURS = [
    # Keras' Variable.__array__ lacks the keyword that NumPy 2 asks for.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    # What a killed run had half written is compiled anew.
    "ignore:Error (read|writ)ing persistent compilation cache:UserWarning",
]


def pytest_configure(config):
    for warning in _NOT_OURS:
        config.addinivalue_line("filterwarnings", warning)
    if not hasattr(config, "workerinput"):  # before there are workers
        size = sum(file.stat().st_size for file in _COMPILED.glob("*"))
        if size > _MOST_COMPILED:
            shutil.rmtree(_COMPILED)


def pytest_sessionfinish():
    gc.unfreeze()  # pytest collects all garbage at the end, and tells what goes wrong


@pytest.fixture(autouse=True, scope="module")
def little_to_look_through():
    """Keras looks for garbage at each variable that it drops: not in old modules'."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def no_garbage():
    """For input nested as deep as Python goes, and deeper.

    The collector may start anywhere, down there too, where what it calls has no frame
    left: Python prints that as "Exception ignored in", and pytest fails the test.
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()
