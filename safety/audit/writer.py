"""The writer process: takes records from the control process, chains them, and makes them durable a group at a time.

It exists so that encoding and fsync cost the servo loop nothing. It outlives the control process: whatever was handed over
before that died is made durable, then a CONTROL_LOST record says so, unless the log had been closed.

The main thread empties the socket and chains lines; one other thread writes and syncs, so that a slow disk never stops the
first from taking records.
"""

import os
import select
import signal
import socket
import sys
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from toolkit import AuditFault

from .canonical import Json
from .link import FAILED, FLUSH, MAX_PACKET, NORMAL, READY, pack_ack, unpack_entry
from .record import WRITER_ACTOR, Chain, RecordKind, seal_text
from .segment import FileLayer, PosixFiles, SegmentFiles

GROUP_S = 0.020
_PARENT_CHECK_S = 0.2
_REPORT_S = 1.0
_ENCODE_AT_ONCE = 16  # records between two looks at the socket: about 1 ms


class GroupCommit:
    """One log from its first record to the hang-up of the process at the other end of `sock`.

    parent: that process's id. Its death is also seen by this process being adopted by another: a child that it forked may hold
    the socket open.
    """

    def __init__(self, sock: socket.socket, segments: SegmentFiles, parent: int) -> None:
        self._sock, self._segments, self._parent = sock, segments, parent
        self._inbox: deque[bytes] = deque()
        self._chain, self._group = Chain(), bytearray()
        self._newest_seq, self._newest_kind = -1, ""
        self._due_s = float("inf")
        self._hung_up = False
        self._disk = ThreadPoolExecutor(1)
        self._writing: tuple[Future[None], int] | None = None
        self._wake_receiver, self._wake_sender = socket.socketpair()

    def run(self) -> None:
        """Serve until the control process hangs up, then make durable everything that it handed over, and seal it.

        Raises:
            AuditFault: a record could not be made durable.
        """
        while not (self._hung_up and not self._inbox):
            self._take_in()
            for _ in range(min(len(self._inbox), _ENCODE_AT_ONCE)):
                self._chain_packet(self._inbox.popleft())
            self._collect()
            if self._writing is None and time.monotonic() >= self._due_s:
                self._start_writing()
        if self._newest_kind not in ("", RecordKind.RUN_END):
            reason: Json = {"reason": "the control process ended, or closed its end, without closing the log"}
            self._add(self._newest_seq + 1, RecordKind.CONTROL_LOST, time.time_ns(), time.monotonic_ns(), WRITER_ACTOR, reason)
        self._disk.shutdown(wait=True)
        self._collect()
        self._segments.write(bytes(self._group))
        self._acknowledge(self._newest_seq)
        self._segments.close(seal_text(self._newest_seq + 1, self._chain.prev))

    def _take_in(self) -> None:
        """Wait for something to do, then empty the socket: the kernel's buffer is small, the queue is here."""
        wait_s = _PARENT_CHECK_S
        if self._inbox:
            wait_s = 0.0
        elif self._writing is None:
            wait_s = min(max(self._due_s - time.monotonic(), 0.0), wait_s)
        ready, _, _ = select.select([self._wake_receiver, *([] if self._hung_up else [self._sock])], [], [], wait_s)
        if self._wake_receiver in ready:
            self._wake_receiver.recv(64)
        if self._sock not in ready and os.getppid() != self._parent:
            self._hung_up = True
        while self._sock in ready and not self._hung_up:
            try:
                packet = self._sock.recv(MAX_PACKET, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except ConnectionResetError:  # it is gone and left acknowledgements unread; what it sent comes after this
                continue
            if packet:
                self._inbox.append(packet)
            else:
                self._hung_up = True

    def _chain_packet(self, packet: bytes) -> None:
        flag = packet[:1]
        if flag != FLUSH:
            self._add(*unpack_entry(packet))
        self._due_s = min(self._due_s, time.monotonic() + (GROUP_S if flag == NORMAL else 0.0))

    def _add(self, seq: int, kind: RecordKind, utc_ns: int, mono_ns: int, actor: str, data: Json) -> None:
        self._group += self._chain.line(seq, kind, utc_ns, mono_ns, actor, data) + b"\n"
        self._newest_seq, self._newest_kind = seq, kind

    def _start_writing(self) -> None:
        future = self._disk.submit(self._segments.write, bytes(self._group))
        self._writing = (future, self._newest_seq)
        self._group.clear()
        self._due_s = float("inf")
        future.add_done_callback(lambda _: self._wake_sender.send(b"."))

    def _collect(self) -> None:
        """If the disk is done, say so; an error of its thread is raised here."""
        if self._writing is not None and self._writing[0].done():
            future, seq = self._writing
            self._writing = None
            future.result()
            self._acknowledge(seq)

    def _acknowledge(self, seq: int) -> None:
        """Tell the control process, unless it does not listen: acknowledgements are cumulative, the next one says it all."""
        try:
            self._sock.send(pack_ack(seq), socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return


def serve(sock: socket.socket, directory: Path, files: FileLayer, parent: int) -> int:
    """Write the log of process `parent` at the other end of `sock` until it hangs up; return the exit status."""
    segments: SegmentFiles | None = None
    try:
        segments = SegmentFiles(directory, files)
        sock.send(READY)
        GroupCommit(sock, segments, parent).run()
    except Exception as error:  # the last line: whatever fails here must reach the control process in words
        _report(sock, segments, error)
        return AuditFault.exit_code
    return 0


def _report(sock: socket.socket, segments: SegmentFiles | None, error: Exception) -> None:
    """Say what failed, to the control process and in the room kept in the directory, then hang up."""
    text = str(error) if isinstance(error, AuditFault) else f"the log writer failed: {type(error).__name__}: {error}"
    problems = []
    try:
        sock.settimeout(_REPORT_S)
        sock.send(FAILED + text.encode("utf-8")[: MAX_PACKET - 1])
        sock.shutdown(socket.SHUT_RDWR)
    except OSError as unheard:
        problems.append(f"the control process could not be told: {unheard}")
    if segments is not None:
        try:
            segments.note_fault(text)
        except OSError as unwritten:
            problems.append(f"the fault could not be noted on disk: {unwritten}")
    sys.stderr.write("; ".join([f"audit writer: {text}", *problems]) + "\n")


def _become_background() -> None:
    """Take nothing from the servo loop: no real-time priority inherited, no signal meant for the run.

    The writer ends when the control process hangs up, so that the records of an interrupted run still reach the disk.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def main(arguments: list[str], files: FileLayer) -> int:
    """Run the writer: `arguments` are the socket's descriptor, the parent's process id and the log's directory."""
    _become_background()
    descriptor, parent, directory = arguments
    with socket.socket(fileno=int(descriptor)) as sock:
        return serve(sock, Path(directory), files, int(parent))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PosixFiles()))
