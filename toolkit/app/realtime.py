"""What the operating system can do for a loop that must be on time, and what was granted."""

import gc
import os
from dataclasses import dataclass

FIFO_PRIORITY = 40


@dataclass(frozen=True)
class RealtimeGrant:
    """Which of the requests were granted; a refusal is stated in the run, never an error: misses are counted either way."""

    fifo: bool
    gc_frozen: bool
    pinned: bool


def request_realtime() -> RealtimeGrant:
    """SCHED_FIFO for this process on a core of its own, and no garbage collection from now on (frozen, then off).

    Processes started before keep all cores: start the log's writer first.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    return RealtimeGrant(_fifo(), True, _pin())


def _fifo() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except (PermissionError, OSError, AttributeError):
        return False
    return True


def _pin() -> bool:
    """To the last of the cores this process may use: a loop that wanders finds cold caches. With one core there is nothing to gain."""
    try:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            return False
        os.sched_setaffinity(0, {cores[-1]})
    except (OSError, AttributeError):
        return False
    return True
