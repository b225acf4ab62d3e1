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


def request_realtime() -> RealtimeGrant:
    """SCHED_FIFO for this process, and no garbage collection from now on (frozen, then off)."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except (PermissionError, OSError, AttributeError):
        return RealtimeGrant(False, True)
    return RealtimeGrant(True, True)
