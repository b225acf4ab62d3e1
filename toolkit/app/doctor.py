"""What this machine offers to a control loop, said before it matters."""

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .version import version_info


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, what it means for a run."""

    what: str
    found: str
    meaning: str


def examine() -> list[Finding]:
    """Look at libraries, scheduling, clock and disk. Changes nothing that lasts."""
    return [*_libraries(), _fifo(), _clock(), *_disk(), _cores()]


def _libraries() -> list[Finding]:
    found = [Finding(name, version or "missing", "") for name, version in version_info().items() if name != "platform"]
    for module, meaning in (("viser", "live view: pip install 'primum[view]'"), ("do_mpc", "bench mpc: pip install 'primum[dev]'")):
        there = importlib.util.find_spec(module) is not None
        found.append(Finding(module, "installed" if there else "not installed", "" if there else meaning))
    return found


def _fifo() -> Finding:
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, *before)
    except (PermissionError, OSError, AttributeError) as error:
        return Finding("SCHED_FIFO", "refused", f"the loop competes with everything else; misses are counted ({error})")
    return Finding("SCHED_FIFO", "granted", "the control loop will not be pre-empted by ordinary processes")


def _clock() -> Finding:
    late = []
    for _ in range(200):
        t = time.monotonic() + 0.001
        time.sleep(0.001)
        late.append(time.monotonic() - t)
    late.sort()
    resolution_ns = time.get_clock_info("monotonic").resolution * 1e9
    found = f"resolution {resolution_ns:.0f} ns, wake-up late by {late[100] * 1e6:.0f} µs median, {late[-1] * 1e6:.0f} µs worst of 200"
    return Finding("monotonic clock", found, "added to every cycle unless spun away")


def _disk() -> list[Finding]:
    here = Path.cwd()
    usage = shutil.disk_usage(here)
    probe = here / f".primum-doctor-{os.getpid()}"
    try:
        started = time.monotonic()
        with open(probe, "wb") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        took = f"{(time.monotonic() - started) * 1e3:.1f} ms"
    except OSError as error:
        return [Finding("disk", f"cannot write here: {error}", "runs need a directory they can write")]
    finally:
        probe.unlink(missing_ok=True)
    return [
        Finding("disk", f"{usage.free / 1e9:.1f} GB free", "a minute of log is about 30 MB"),
        Finding("fsync", took, "how long a durable record takes; the log writes in groups of 20 ms"),
    ]


def _cores() -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("processor cores", str(count), "" if count >= 2 else "two are needed: control, and everything else")
