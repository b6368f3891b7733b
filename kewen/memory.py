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
from typing import Any

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
NEVER = -1  # of trimming
MADV_HUGEPAGE = 14  # of madvise(2), from Linux' mman-common.h
HUGE_PAGE = 2 << 20  # bytes, on x86 and ARM
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
    libc = ctypes.CDLL(None)
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, NEVER), (M_ARENA_MAX, 1))
    for name, value in settings:
        if libc.mallopt(name, value) != 1:
            return False
    if not _promises_are_counted(Path("/proc/sys/vm/overcommit_memory")):
        _ask_for_huge_pages(libc, _bytes_of_memory() // 2)
    return True


def _ask_for_huge_pages(libc: Any, size: int) -> None:
    """Let the heap's next `size` bytes come in pages of 2 MB, once they are used.

    The heap grows by that much address space, is marked, and keeps it when it is freed;
    no page of it is touched.
    """
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    piece = libc.malloc(size)
    if piece:
        first = -(-piece // HUGE_PAGE) * HUGE_PAGE
        past = (piece + size) // HUGE_PAGE * HUGE_PAGE
        libc.madvise(first, past - first, MADV_HUGEPAGE)
        libc.free(piece)


def _promises_are_counted(setting: Path) -> bool:
    """Whether the kernel gives no address space that it has no memory for."""
    try:
        return setting.read_text().strip() == "2"
    except OSError:
        return False


def _bytes_of_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _is_small(devices: Path) -> bool:
    accelerated = any((devices / name).exists() for name in ACCELERATORS)
    return (os.cpu_count() or 1) <= MOST_CORES and not accelerated
