"""The writer process: takes records from the control process, chains them, and makes them durable a group at a time.

It exists so that encoding and fsync cost the servo loop nothing. It outlives the control process: whatever was handed over
before that died is made durable, then a CONTROL_LOST record says so, unless the log had been closed. It says too how many records were
handed over and how many arrived here. A log that the control process gave up is not ended in order.

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

from toolkit import AuditFault
from toolkit.cores import leave_servo_core

from .canonical import Json
from .certified_key import CertifiedKey
from .checkpoint import KeyChain
from .clock import clock_error_us
from .file_layer import FileLayer, PosixFiles
from .link import FAILED, FLUSH, MAX_PACKET, NORMAL, READY, pack_ack, unpack_entry
from .machine_state import OpenLog
from .places import Places
from .record import FINAL_KINDS, WRITER_ACTOR, Chain, RecordKind, Stamp
from .segment import LogFiles
from .tally import Tally, take_tally
from .witness import NoWitness, Witness

GROUP_S = 0.020
CHECKPOINT_S = 1.0
COALESCE_S = 0.001
"""After a normal record the writer looks away for so long: at thousands a second one wake-up then serves several records, and handing
one over rarely costs the control process a wake-up. An urgent record waits for it at most so long."""
_PARENT_CHECK_S = 0.2
_REPORT_S = 1.0
_CHAIN_AT_ONCE = 16  # records between two looks at the socket: about 1 ms


class GroupCommit:
    """One log from its first record to the hang-up of the process at the other end of `sock`.

    parent: that process's id. Its death is also seen by this process being adopted by another: a child that it forked may hold
    the socket open.
    """

    def __init__(
        self, sock: socket.socket, files: LogFiles, keys: KeyChain, tally: Tally, parent: int, witness: Witness | NoWitness
    ) -> None:
        self._sock, self._files, self._keys, self._tally, self._parent, self._witness = sock, files, keys, tally, parent, witness
        self._inbox: deque[bytes] = deque()
        self._chain, self._group = Chain(), bytearray()
        self._taken, self._newest = 0, RecordKind.RUN_START
        self._group_due_s = self._checkpoint_due_s = float("inf")
        self._hung_up = False
        self._disk = ThreadPoolExecutor(1)
        self._writing: tuple[Future[None], int, bytes] | None = None
        self._wake_receiver, self._wake_sender = socket.socketpair()

    def run(self) -> None:
        """Serve until the control process hangs up, then make durable everything that it handed over, and vouch for it.

        Raises:
            AuditFault: a record could not be made durable, one was lost on the way here, or the control process gave the log up: what
                arrived is durable and vouched for then.
        """
        while not (self._hung_up and not self._inbox):
            self._take_in()
            batch = min(len(self._inbox), _CHAIN_AT_ONCE)
            for _ in range(batch):
                self._chain_packet(self._inbox.popleft())
            if batch and not self._inbox and self._group_due_s > time.monotonic():
                time.sleep(COALESCE_S)
            self._collect()
            self._witness.check()
            if self._writing is None and time.monotonic() >= self._due_s:
                self._start_writing()
        if self._chain.tree.size and self._newest not in FINAL_KINDS:
            self._add(RecordKind.CONTROL_LOST, self._loss())
        if self._writing is not None:
            self._writing[0].exception()  # wait for it; `_collect` raises what it raised
            self._collect()
        if self._group:
            self._start_writing()
        self._disk.shutdown(wait=True)
        self._collect()
        self._witness.close()
        if self._tally.gave_up:
            raise AuditFault(f"the control process gave the log up: {self._tally.gave_up}")
        self._files.close()

    @property
    def _due_s(self) -> float:
        return min(self._group_due_s, self._checkpoint_due_s)

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
        flag, now_s = packet[:1], time.monotonic()
        self._group_due_s = min(self._group_due_s, now_s + (GROUP_S if flag == NORMAL else 0.0))
        if flag == FLUSH:
            return
        kind, stamp, actor, data = unpack_entry(packet)
        if kind is RecordKind.RUN_END:
            if data["handed_over"] != self._taken:
                raise AuditFault(f"records were lost on the way to the writer: {data['handed_over']} handed over, {self._taken} taken")
            data["records"] = self._chain.tree.size
        self._taken += 1
        self._append(kind, stamp, actor, data)
        if kind is RecordKind.RUN_START:
            self._add(RecordKind.KEY, self._keys.first)
        at_once = kind in (RecordKind.RUN_START, RecordKind.STATE) or kind in FINAL_KINDS
        self._checkpoint_due_s = min(self._checkpoint_due_s, now_s + (0.0 if at_once else CHECKPOINT_S))

    def _loss(self) -> Json:
        """What the last record of a log says that nobody closed. taken < handed_over: the difference never arrived."""
        gave_up = self._tally.gave_up
        ended = "the control process ended, or closed its end, without closing the log"
        reason = "the control process gave the log up" if gave_up else ended
        return {"reason": reason, "gave_up": gave_up, "handed_over": self._tally.handed_over, "taken": self._taken}

    def _add(self, kind: RecordKind, data: Json) -> None:
        """A record of the writer's own."""
        self._append(kind, Stamp(time.time_ns(), clock_error_us(), time.monotonic_ns()), WRITER_ACTOR, data)

    def _append(self, kind: RecordKind, stamp: Stamp, actor: str, data: Json) -> None:
        self._group += self._chain.line(kind, stamp, actor, data) + b"\n"
        self._newest = kind

    def _start_writing(self) -> None:
        checkpoint = b""
        final = self._newest in FINAL_KINDS
        if (final and self._group) or (not final and time.monotonic() >= self._checkpoint_due_s):
            checkpoint = self._checkpoint()
        future = self._disk.submit(self._files.write, bytes(self._group), checkpoint)
        self._writing = (future, self._taken, checkpoint)
        self._group.clear()
        self._group_due_s = float("inf")
        future.add_done_callback(lambda _: self._wake_sender.send(b"."))

    def _checkpoint(self) -> bytes:
        """Vouch for every record so far. Unless it is the last time, the newest of them names the key for the next."""
        if self._newest not in FINAL_KINDS:
            self._add(RecordKind.KEY, self._keys.next_key())
        self._checkpoint_due_s = float("inf")
        return self._keys.sign(self._chain.tree.size, self._chain.tree.root())

    def _collect(self) -> None:
        """If the disk is done, say so; an error of its thread is raised here."""
        if self._writing is not None and self._writing[0].done():
            future, taken, checkpoint = self._writing
            self._writing = None
            future.result()
            self._acknowledge(taken)
            if checkpoint:
                self._witness.tell(checkpoint)

    def _acknowledge(self, taken: int) -> None:
        """Tell the control process, unless it does not listen: acknowledgements are cumulative, the next one says it all."""
        try:
            self._sock.send(pack_ack(taken), socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return


def serve(sock: socket.socket, places: Places, files: FileLayer, parent: int) -> int:
    """Write the log of process `parent` at the other end of `sock` until it hangs up; return the exit status."""
    log: LogFiles | None = None
    try:
        tally = take_tally(sock)
        keys = KeyChain(places.origin, None if places.operator_key is None else CertifiedKey(places.operator_key, places.origin))
        log = LogFiles(places.directory, files, places.second_file, places.segment_bytes)
        open_log = None if places.state is None else OpenLog(places.state, places.run, places.directory)
        sock.send(READY)
        witness = Witness(places.witness, places.run) if places.witness else NoWitness()
        GroupCommit(sock, log, keys, tally, parent, witness).run()
        if open_log is not None:
            open_log.ended_in_order()
    except Exception as error:  # the last line: whatever fails here must reach the control process in words
        _report(sock, log, error)
        return AuditFault.exit_code
    return 0


def _report(sock: socket.socket, log: LogFiles | None, error: Exception) -> None:
    """Say what failed, to the control process and in the room kept in the directory, then hang up."""
    text = str(error) if isinstance(error, AuditFault) else f"the log writer failed: {type(error).__name__}: {error}"
    problems = []
    try:
        sock.settimeout(_REPORT_S)
        sock.send(FAILED + text.encode("utf-8")[: MAX_PACKET - 1])
        sock.shutdown(socket.SHUT_RDWR)
    except OSError as unheard:
        problems.append(f"the control process could not be told: {unheard}")
    if log is not None:
        try:
            log.note_fault(text)
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
    leave_servo_core()


def main(arguments: list[str], files: FileLayer) -> int:
    """Run the writer: `arguments` are the socket's descriptor, the parent's process id and the log's places."""
    _become_background()
    descriptor, parent, places = arguments
    with socket.socket(fileno=int(descriptor)) as sock:
        return serve(sock, Places.from_text(places), files, int(parent))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PosixFiles()))
