"""Which core belongs to the servo loop, and which to everything beside it."""

import os


def servo_core() -> int | None:
    """The last of the cores this process may use; None where there is only one, or where the system does not tell."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return cores[-1] if len(cores) > 1 else None


def take_servo_core() -> bool:
    """Keep this process on the servo loop's core, where its caches are: a loop that wanders finds them cold. Whether it was granted."""
    core = servo_core()
    return core is not None and _keep_to({core})


def leave_servo_core() -> bool:
    """Keep this process off the servo loop's core. Whether it was granted.

    What shares that core takes caches, and more: Linux stops all real-time processes of a core for 50 ms once together they have had
    0.95 s of a second (sched_rt_runtime_us), which ends a run whose loop and simulated device met there.
    """
    core = servo_core()
    return core is not None and _keep_to(os.sched_getaffinity(0) - {core})


def _keep_to(cores: set[int]) -> bool:
    try:
        os.sched_setaffinity(0, cores)
    except OSError:
        return False
    return True
