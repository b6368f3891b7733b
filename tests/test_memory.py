"""Freed memory is kept: what a process took once costs no page faults again."""

import os
import platform
import subprocess
import sys

import pytest

from kewen.memory import ACCELERATORS, _is_small

TAKE_TWICE = """
import resource
from kewen.memory import keep_freed_memory
done = keep_freed_memory()
import numpy as np
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 20, "uint8")
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(done, faults())
"""


def faults_of_second_take(**environment: str) -> tuple[str, int]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name != "GLIBC_TUNABLES" and not name.startswith("MALLOC_")
    }
    done = subprocess.run(
        [sys.executable, "-c", TAKE_TWICE],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_a_second_take_finds_its_pages() -> None:
    kept, faults = faults_of_second_take()
    if kept == "False":
        pytest.skip("a large machine, or one with an accelerator")
    assert faults < 100


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_the_users_own_setting_is_left_alone() -> None:
    kept, _ = faults_of_second_take(MALLOC_TOP_PAD_="131072")
    assert kept == "False"


@pytest.mark.parametrize("device", ACCELERATORS)
def test_a_machine_with_an_accelerator_is_left_alone(tmp_path, device: str) -> None:
    (tmp_path / device).touch()
    assert not _is_small(tmp_path)
