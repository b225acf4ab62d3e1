"""The control process's end of the log: hand over a record in microseconds, and learn at once when records no longer last."""

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from toolkit import AuditFault, InvalidInput

from .canonical import Json, plain
from .clock import clock_error_us, clock_quality
from .link import ACK, FAILED, FLUSH, MAX_PACKET, READY, WriterLink, WriterProcess, pack_entry, unpack_ack
from .places import Places
from .record import CLOCK, OWN_KINDS, RecordKind, Stamp, check_required
from .tally import share_tally

QUEUE_RECORDS = 1024  # 5 s of cycles at 200 Hz: a disk that stalls longer is a disk that has failed
START_S = 30.0
FLUSH_S = 5.0
CLOCK_STEP_NS = 100_000_000
CLOCK_QUALITY_EVERY_NS = 1_000_000_000
_DRAIN_EVERY = 16


class AuditLog:
    """An append-only log of chained records under signed checkpoints, written by a process of its own.

    Records handed over are counted from 0; the writer adds some of its own, so a record's number is not its `seq`. Each is made
    durable within 20 ms plus one fsync, an urgent one without the 20 ms. `append` never waits for the disk. When the writer cannot
    keep up, cannot write, or is gone, the next `append` or `check` raises AuditFault, and so does every one after it: nothing is
    dropped unseen, nothing is tried twice. Such a log never ends in order, whatever becomes of its writer (see `machine_state`).

    Any thread may append; a signal handler must not (it could interrupt an append): it sets a flag that the loop logs.

    Assumes: what fsync reports durable is durable (no lying write cache).
    """

    def __init__(
        self,
        directory: Path | str,
        meta: Mapping[str, object],
        *,
        actor: str = "primum",
        second: Path | None = None,
        operator_key: Path | None = None,
        state: Path | None = None,
        witness: str = "",
        queue_records: int = QUEUE_RECORDS,
        start_writer: Callable[[Places], WriterLink] = WriterProcess,
    ) -> None:
        """Create the log and make its first record, RUN_START with `meta`, durable.

        Args:
            directory: where the segments go; created if absent, its parents too. A log that is already there is never touched.
            meta: what a reviewer needs to know which program ran on what: versions, hashes, serial numbers. No patient data.
            actor: who appends where a record does not say.
            second: an existing directory that takes each checkpoint a second time: another disk, another machine.
            operator_key: the stock from which the log takes its first key (see `operator_key`); None: nobody vouches for its keys.
            state: where the machine remembers that this log is open (see `machine_state`). witness: URL (see `witness`), or empty.
            queue_records: most records that may be waiting to be durable.
        Raises:
            AuditFault: the directory already holds a log or cannot be written, or the writer does not start.
            InvalidInput: `meta` has no canonical form.
        """
        if not queue_records >= 1:
            raise InvalidInput(f"queue_records: {queue_records!r} is outside [1, inf)")
        self._places = Places.of(Path(directory), second, operator_key, state, witness)
        self._directory = self._places.directory
        opening: dict[str, Json] = {"clock": _clock_data(), "meta": plain(meta, "meta"), "run": self._places.run}
        self._actor, self._queue_records = actor, queue_records
        self._lock = threading.Lock()
        self._handed_over, self._durable = 0, 0
        self._outbox: deque[bytes] = deque()
        self._clock_offset_ns = time.time_ns() - time.monotonic_ns()
        self._clock_error_us, self._quality_due_ns = clock_error_us(), time.monotonic_ns() + CLOCK_QUALITY_EVERY_NS
        self._ready, self._hung_up, self._closed, self._failure = False, False, False, ""
        try:
            self._link = start_writer(self._places)
            self._tally = share_tally(self._link.sock)
        except OSError as error:
            raise AuditFault(f"the log in {self._directory} cannot be started: {error}") from error
        self._link.sock.setblocking(False)
        try:
            self._wait(lambda: self._ready, START_S, "did not start")
            self._hand_over(RecordKind.RUN_START, opening, actor, urgent=True)
            self.flush()
        except BaseException:
            self._release(FLUSH_S)
            raise

    @property
    def directory(self) -> Path:
        """Where the segments are."""
        return self._directory

    @property
    def run(self) -> str:
        """The log's name among all logs: 32 hex digits."""
        return self._places.run

    @property
    def durable(self) -> int:
        """How many of the records handed over are known to be durable: the first so many."""
        self._drain()
        return self._durable

    def append(self, kind: RecordKind, data: Mapping[str, object], *, actor: str = "", urgent: bool = False) -> int:
        """Hand over one record and return its number among those handed over, without waiting for the disk.

        Args:
            kind: any but the kinds that the log writes itself.
            data: the payload; numpy arrays and scalars are welcome. It is copied: the caller may reuse its arrays.
            actor: who or what this record is about; empty: the log's own.
            urgent: make it durable now and not with the next group: for what a reviewer must find after a crash.
        Raises:
            InvalidInput: the payload has no canonical form (the message has the path of the field at fault), is larger than
                128 KiB, lacks what its kind must say, or the kind is the log's own. Nothing was recorded; the log goes on.
            AuditFault: the log has failed, or its queue is full.
        """
        if kind in OWN_KINDS:
            raise InvalidInput(f"kind: {kind.value} is written by the log itself")
        if self._closed:
            raise AuditFault(f"the log in {self._directory} is closed")
        check_required(kind, data)
        return self._hand_over(kind, data, actor or self._actor, urgent)

    def check(self) -> None:
        """Raise AuditFault if the log has failed since the last look."""
        self._drain()
        self._raise_if_failed()
        if self._outbox:
            with self._lock:
                self._pump()

    def flush(self, timeout_s: float = FLUSH_S) -> None:
        """Return when every record handed over is durable.

        Raises:
            AuditFault: the log has failed, or `timeout_s` has passed.
        """
        wanted = self._handed_over
        self.check()
        if self._durable < wanted:
            with self._lock:
                self._send(FLUSH)
            self._wait(lambda: self._durable >= wanted, timeout_s, "made no record durable")

    def close(self, data: Mapping[str, object] | None = None, timeout_s: float = FLUSH_S) -> None:
        """Seal the log with a RUN_END record and end the writer. A second call does nothing.

        Args:
            data: how the run ended, for the last record.
        Raises:
            AuditFault: the log had failed, or its end could not be made durable. The writer is ended all the same.
        """
        if self._closed:
            return
        end = plain(data or {}, "data")
        self._closed = True
        try:
            self._hand_over(RecordKind.RUN_END, {"end": end}, self._actor, urgent=True)
            self.flush(timeout_s)
        finally:
            ended = self._release(timeout_s)
        if not ended:
            self._fail(f"the log writer did not end within {timeout_s} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
            return
        raised = f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace").decode("utf-8")
        try:
            self.close({"raised": raised})
        except AuditFault as fault:
            if fault is not error:
                error.add_note(f"and the log could not be closed: {fault}")

    def _hand_over(self, kind: RecordKind, data: Mapping[str, object], actor: str, urgent: bool) -> int:
        with self._lock:
            self._raise_if_failed()
            stamp = self._stamp()
            step_ns = stamp.utc_ns - stamp.mono_ns - self._clock_offset_ns
            if abs(step_ns) > CLOCK_STEP_NS:
                self._clock_offset_ns += step_ns
                self._enqueue(pack_entry(RecordKind.CLOCK_STEP, stamp, actor, {"step_s": step_ns * 1e-9}, urgent=True))
            if kind is RecordKind.RUN_END:
                data = {**data, "handed_over": self._handed_over}
            return self._enqueue(pack_entry(kind, stamp, actor, data, urgent=urgent))

    def _stamp(self) -> Stamp:
        mono_ns = time.monotonic_ns()
        if mono_ns >= self._quality_due_ns:
            self._clock_error_us, self._quality_due_ns = clock_error_us(), mono_ns + CLOCK_QUALITY_EVERY_NS
        return Stamp(time.time_ns(), self._clock_error_us, mono_ns)

    def _enqueue(self, packet: bytes) -> int:
        number = self._handed_over
        if number % _DRAIN_EVERY == 0 or number - self._durable >= self._queue_records:
            self._drain()
            self._raise_if_failed()
        if number - self._durable >= self._queue_records:
            self._fail(f"the queue of the log is full: {self._queue_records} records wait to be durable")
        self._send(packet)
        self._handed_over = self._tally.handed_over = number + 1
        return number

    def _send(self, packet: bytes) -> None:
        self._outbox.append(packet)
        self._pump()

    def _pump(self) -> None:
        """Hand over what the kernel's small buffer takes now; the rest waits here, within the bound on waiting records."""
        try:
            while self._outbox:
                self._link.sock.send(self._outbox[0])
                self._outbox.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            self._drain()
            self._fail(f"the log writer is gone: {error}")

    def _drain(self) -> None:
        """Take in what the writer has said so far. One receive when it has said nothing."""
        while not self._hung_up:
            packet = self._receive()
            if packet is None:
                return
            kind = packet[:1]
            if not kind:
                self._hung_up = True
                self._failure = self._failure or ("" if self._closed else "the log writer ended, and did not say why")
            elif kind == ACK:
                self._durable = max(self._durable, unpack_ack(packet))
            elif kind == READY:
                self._ready = True
            elif kind == FAILED:
                self._failure = packet[1:].decode("utf-8", "replace")

    def _receive(self) -> bytes | None:
        """Return the writer's next packet, b"" when it has hung up, None when there is none yet."""
        for _ in range(2):  # a reset is reported once, ahead of the packets that were sent before it
            try:
                return self._link.sock.recv(MAX_PACKET)
            except BlockingIOError:
                return None
            except ConnectionResetError:
                continue
        return b""

    def _wait(self, done: Callable[[], bool], timeout_s: float, problem: str) -> None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            self.check()
            if done():
                return
            remaining_s = deadline_s - time.monotonic()
            if not remaining_s > 0.0:
                self._fail(f"the log writer {problem} within {timeout_s} s")
            select.select([self._link.sock], [self._link.sock] if self._outbox else [], [], remaining_s)

    def _release(self, timeout_s: float) -> bool:
        """Hang up and wait for the writer, which makes durable what it has; end it if it does not end."""
        try:
            self._link.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._hung_up = True  # it hung up first; there is nobody left to wait for
        ended = self._link.wait(timeout_s)
        if not ended:
            self._link.kill()
            self._link.wait(timeout_s)
        self._link.sock.close()
        self._hung_up = True
        return ended

    def _fail(self, problem: str) -> NoReturn:
        """Give the log up. The writer is told where no queue is in between: one that recovers must not end the log in order."""
        self._failure = self._failure or problem
        self._tally.give_up(self._failure)
        raise AuditFault(self._failure)

    def _raise_if_failed(self) -> None:
        if self._failure:
            raise AuditFault(self._failure)


def _clock_data() -> dict[str, Json]:
    quality = clock_quality()
    return {"name": CLOCK, "synchronised": quality.synchronised, "max_error_s": quality.max_error_s}
