"""What the operating system can do for a loop that must be on time, and what was granted."""

import gc
import os
from dataclasses import dataclass

from toolkit.cores import take_servo_core
from toolkit.memory_lock import lock_memory

FIFO_PRIORITY = 40


@dataclass(frozen=True)
class RealtimeGrant:
    """Which of the requests were granted; a refusal is stated in the run, never an error: misses are counted either way."""

    fifo: bool
    gc_frozen: bool
    pinned: bool
    locked: bool


def request_realtime() -> RealtimeGrant:
    """SCHED_FIFO for this process on a core of its own, no garbage collection from now on (frozen, then off), its memory locked.

    The log's writer and a simulated device keep off that core of themselves: start them before, while this process has all of them.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    locked = lock_memory()  # before priority: it reads from disk
    return RealtimeGrant(_fifo(), True, take_servo_core(), locked)


def _fifo() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except (PermissionError, OSError, AttributeError):
        return False
    return True
