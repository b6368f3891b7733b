"""Freed memory is kept: what a process took once costs no page faults again."""

import os
import platform
import subprocess
import sys

import pytest

from kewen.memory import ACCELERATORS, _is_small, _promises_are_counted

# In threads that come after others have ended: a thread takes over the heap of one that
# ended, and any heap but the first hands large pieces back.
TAKE_TWICE = """
import resource
import threading
import kewen
from kewen.memory import keep_freed_memory
def in_threads(count, call):
    together = threading.Barrier(count)
    def run():
        together.wait()
        call()
    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * (64 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
found = []
in_threads(4, lambda: bytearray(1 << 20))
for _ in range(3):
    in_threads(1, lambda: found.append(faults()))
print(keep_freed_memory(), found[-1])
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
    kept, _ = faults_of_second_take(GLIBC_TUNABLES="")
    assert kept == "False"


@pytest.mark.parametrize("device", ACCELERATORS)
def test_a_machine_with_an_accelerator_is_left_alone(tmp_path, device: str) -> None:
    (tmp_path / device).touch()
    assert not _is_small(tmp_path)


@pytest.mark.parametrize(("setting", "counted"), [("0\n", False), ("2\n", True)])
def test_promises_of_memory_may_be_counted(tmp_path, setting, counted) -> None:
    (tmp_path / "overcommit_memory").write_text(setting)
    assert _promises_are_counted(tmp_path / "overcommit_memory") is counted


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_a_limit_of_address_space_is_no_obstacle() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); "
        "import kewen.errors; print('imported')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "imported\n", done.stderr
