"""Keep memory that a step has freed, so that the next step finds it ready.

A compiled training step takes its scratch memory in one piece and frees it at its end:
1 GB for a MiniLM at 16 x 128. glibc gives pieces of that size back to the kernel at
once, and the next step pays for every page again. The price of keeping it: the process
holds the most that it ever needed, and its threads share one heap, which many threads
would quarrel over; so only small machines without an accelerator do it
(docs/design/memory.md).
"""

import ctypes
import functools
import os
import platform
from pathlib import Path

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
MOST = 2**31 - 1  # mallopt takes a C int
MOST_CORES = 16
# What the drivers of NVIDIA, AMD and TPUs make. Asking a backend instead would start
# its threads, and a thread keeps the heap that it starts with.
ACCELERATORS = ("nvidiactl", "kfd", "accel0", "vfio")


@functools.cache
def keep_freed_memory() -> bool:
    """Tell glibc's malloc to keep what is freed; before the backend starts.

    Whoever has set `GLIBC_TUNABLES` or a `MALLOC_...` variable has chosen already.

    Returns:
        Whether it was done.

    Source: mallopt(3) of the Linux manual pages.
    """
    chosen = "GLIBC_TUNABLES" in os.environ or any(
        name.startswith("MALLOC_") for name in os.environ
    )
    if chosen or platform.libc_ver()[0] != "glibc" or not _is_small(Path("/dev")):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, MOST), (M_ARENA_MAX, 1))
    done = [mallopt(name, value) == 1 for name, value in settings]
    return all(done)


def _is_small(devices: Path) -> bool:
    accelerated = any((devices / name).exists() for name in ACCELERATORS)
    return (os.cpu_count() or 1) <= MOST_CORES and not accelerated
