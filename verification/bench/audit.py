"""The log against SQLite (WAL) and against one fsync an event: the same records, the same disk, in the same run.

Each writer is handed records at a rate, as a control loop would, and is timed in that loop: how long handing over takes, and when the
last record is durable. A record counts as durable when its writer says so: AuditLog's acknowledgement, SQLite's commit with
synchronous = FULL, the return of fsync.
"""

import gc
import json
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safety.audit import AuditLog, RecordKind
from toolkit import InvalidInput

from ..campaign.full_cycle import PLAN, full_cycles

PAYLOADS = 512
COMMIT_S = 0.020
QUEUE_RECORDS = 50_000
PRIORITY = 20
FLUSH_S = 60.0
PEER_S_MAX = 10.0

HandOver = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class AuditBenchRow:
    """One writer. durable_per_s: records over the time from the first until all are durable. median_us, p99_us, max_us: of handing
    over one record in the loop. loop_cpu_us, writer_cpu_us: processor time a record, in the loop (pacing included) and beside it."""

    name: str
    records: int
    durable_per_s: float
    median_us: float
    p99_us: float
    max_us: float
    loop_cpu_us: float
    writer_cpu_us: float
    bytes_per_record: float


@dataclass(frozen=True)
class AuditBench:
    """The rows, and the rate that was asked for."""

    rate_hz: float
    seconds: float
    rows: tuple[AuditBenchRow, ...]

    def table(self) -> str:
        """Plain text, one line per writer."""
        head = f"{'writer':<34}{'records':>9}{'durable/s':>11}{'median µs':>11}{'p99 µs':>9}{'max µs':>10}{'loop CPU µs':>13}"
        head += f"{'writer CPU µs':>15}{'bytes':>8}"
        lines = [
            f"{r.name:<34}{r.records:>9d}{r.durable_per_s:>11.0f}{r.median_us:>11.1f}{r.p99_us:>9.1f}{r.max_us:>10.0f}"
            f"{r.loop_cpu_us:>13.1f}{r.writer_cpu_us:>15.1f}{r.bytes_per_record:>8.0f}"
            for r in self.rows
        ]
        title = f"asked for {self.rate_hz:g} records/s for {self.seconds:g} s; µs: handing over a record in the loop"
        return "\n".join([title, head, *lines])


def bench_audit(directory: Path, rate_hz: float = 5000.0, seconds: float = 60.0, plan: int = PLAN) -> AuditBench:
    """Hand the same cycle records to each writer, in a fresh place under `directory`.

    Args:
        rate_hz: records a second; a writer that cannot keep up slows the loop, and shows it. seconds: for the log; the peers get
            at most 10 s of it.
        plan: rows of plan in a record; see `full_cycle`.
    Raises:
        InvalidInput: a number out of range. AuditFault: the log failed.
    """
    if not 1.0 <= rate_hz <= 1e6 or not 0.1 <= seconds <= 3600.0 or not 1 <= plan <= 40:
        raise InvalidInput(f"rate_hz {rate_hz}, seconds {seconds}, plan {plan}: allowed: [1, 1e6], [0.1, 3600], [1, 40]")
    payloads = full_cycles(PAYLOADS, plan)
    peer_s = min(seconds, PEER_S_MAX)
    rows = (
        _bench_log(directory / "log", payloads, rate_hz, seconds),
        _bench_sqlite(directory / "wal.sqlite", payloads, rate_hz, peer_s),
        _bench_fsync(directory / "fsync.jsonl", payloads, rate_hz, peer_s),
    )
    return AuditBench(rate_hz, seconds, rows)


def _bench_log(directory: Path, payloads: tuple[dict[str, Any], ...], rate_hz: float, seconds: float) -> AuditBenchRow:
    before = _children_s()
    log = AuditLog(directory, {}, queue_records=QUEUE_RECORDS)
    timing = _paced(lambda payload: log.append(RecordKind.CYCLE, payload), lambda: log.flush(FLUSH_S), payloads, rate_hz, seconds)
    log.close()
    size = sum(path.stat().st_size for path in directory.glob("*.jsonl"))
    return _row("log: chain, tree, checkpoints", timing, _children_s() - before, size)


def _bench_sqlite(file: Path, payloads: tuple[dict[str, Any], ...], rate_hz: float, seconds: float) -> AuditBenchRow:
    """As it is commonly done: JSON text in a table, a commit every 20 ms in the loop itself. No chain, no tree, no signature."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, utc_ns INTEGER, data TEXT)")
    connection.execute("BEGIN")
    due_s = time.monotonic() + COMMIT_S

    def hand_over(payload: Mapping[str, Any]) -> None:
        nonlocal due_s
        connection.execute("INSERT INTO record (utc_ns, data) VALUES (?, ?)", (time.time_ns(), json.dumps(payload)))
        if time.monotonic() >= due_s:
            connection.execute("COMMIT")
            connection.execute("BEGIN")
            due_s = time.monotonic() + COMMIT_S

    timing = _paced(hand_over, lambda: connection.execute("COMMIT"), payloads, rate_hz, seconds)
    connection.close()
    return _row("SQLite WAL, FULL, commit each 20 ms", timing, 0.0, file.stat().st_size)


def _bench_fsync(file: Path, payloads: tuple[dict[str, Any], ...], rate_hz: float, seconds: float) -> AuditBenchRow:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)

    def hand_over(payload: Mapping[str, Any]) -> None:
        os.write(descriptor, json.dumps(payload).encode() + b"\n")
        os.fsync(descriptor)

    timing = _paced(hand_over, lambda: None, payloads, rate_hz, seconds)
    os.close(descriptor)
    return _row("one fsync an event", timing, 0.0, file.stat().st_size)


@dataclass(frozen=True)
class _Timing:
    latency_s: Any
    until_durable_s: float
    cpu_s: float


def _paced(
    hand_over: HandOver, flush: Callable[[], object], payloads: tuple[dict[str, Any], ...], rate_hz: float, seconds: float
) -> _Timing:
    """Hand over at `rate_hz` for `seconds` of wall time; a writer that holds the loop up gets fewer records."""
    count = int(rate_hz * seconds)
    latency_s = np.empty(count)
    done, period_s = 0, 1.0 / rate_hz
    with _as_a_control_loop(), _own_processor_time() as cpu:
        begin_s = time.perf_counter()
        for index in range(count):
            due_s = begin_s + index * period_s
            now_s = time.perf_counter()
            if now_s >= begin_s + seconds:
                break
            if due_s > now_s:
                time.sleep(due_s - now_s)
            payload = payloads[index % len(payloads)]
            called_s = time.perf_counter()
            hand_over(payload)
            latency_s[index] = time.perf_counter() - called_s
            done = index + 1
        flush()
        until_durable_s = time.perf_counter() - begin_s
    return _Timing(latency_s[:done], until_durable_s, cpu[0])


@contextmanager
def _as_a_control_loop() -> Iterator[None]:
    """Real-time priority where the machine allows it and no garbage collection, as a run's control process has them."""
    collected = gc.isenabled()
    gc.disable()
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if collected:
            gc.enable()


@contextmanager
def _own_processor_time() -> Iterator[list[float]]:
    spent = [0.0]
    before = time.process_time()
    yield spent
    spent[0] = time.process_time() - before


def _children_s() -> float:
    """Processor time of the children that ended, [s]."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _row(name: str, timing: _Timing, children_s: float, size: int) -> AuditBenchRow:
    records = len(timing.latency_s)
    median, p99, largest = (float(1e6 * value) for value in np.quantile(timing.latency_s, (0.5, 0.99, 1.0)))
    return AuditBenchRow(
        name=name,
        records=records,
        durable_per_s=records / timing.until_durable_s,
        median_us=median,
        p99_us=p99,
        max_us=largest,
        loop_cpu_us=1e6 * timing.cpu_s / records,
        writer_cpu_us=1e6 * children_s / records,
        bytes_per_record=size / records,
    )
