"""Keeps a process in memory: a page that the system took back costs a read from disk in the middle of a cycle."""

import ctypes
import resource
from pathlib import Path

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""Of <sys/mman.h>, on Linux."""
_CAP_IPC_LOCK = 14
"""Of <linux/capability.h>."""


def lock_memory(read_in: bool = True) -> bool:
    """Keep all pages of this process in memory, those it has and those to come: mlockall(2). Whether it was granted.

    read_in: also what it has never used yet, so that no rare path waits for the disk either: half a second, and about 0.7 GB for a control
    loop with its libraries. Else each page from its first use on. A child does not inherit it.
    Where locked memory has a limit that cannot be lifted nothing is locked: an allocation past such a limit would fail in mid-motion.
    """
    try:
        if not _may_lock_anything():
            return False
        mlockall = ctypes.CDLL(None, use_errno=True).mlockall
    except (ValueError, OSError, AttributeError):
        return False
    return int(mlockall(_MCL_CURRENT | _MCL_FUTURE | (0 if read_in else _MCL_ONFAULT))) == 0


def _may_lock_anything() -> bool:
    """CAP_IPC_LOCK is not bound by the limit; without it the limit must be none."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:") and int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1:
            return True
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return True
