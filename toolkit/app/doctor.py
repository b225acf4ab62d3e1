"""What this machine offers to a control loop, said before it matters."""

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .version import version_info

_SCHEDULER = Path("/proc/sys/kernel")


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, what it means for a run."""

    what: str
    found: str
    meaning: str


def examine() -> list[Finding]:
    """Look at libraries, scheduling, clock and disk. Changes nothing that lasts."""
    return [*_libraries(), _fifo(), _realtime_share(), _clock(), *_disk(), _cores()]


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


def _realtime_share() -> Finding:
    """Of each period, real-time processes of one core may run so long; then Linux stops them all until it ends."""
    name = "real-time share"
    try:
        runtime_us, period_us = (int((_SCHEDULER / file).read_text()) for file in ("sched_rt_runtime_us", "sched_rt_period_us"))
    except (OSError, ValueError) as error:
        return Finding(name, "unknown", f"this system does not tell ({error})")
    if runtime_us < 0:
        return Finding(name, "unlimited", "a loop that never sleeps would keep its core for ever")
    pause_ms = (period_us - runtime_us) * 1e-3
    meaning = f"a loop that uses more of its core is stopped for {pause_ms:g} ms, which ends the run"
    return Finding(name, f"{runtime_us / period_us:.0%}", meaning)


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
