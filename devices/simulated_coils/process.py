"""The simulated coil rig as a process: a pseudo-terminal, real time, a control channel."""

import contextlib
import os
import select
import signal
import sys
import time
import tty
from collections import deque
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .faults import CoilFaults
from .rig import DT_S, Rig

_IDLE_S = 0.002  # the circuit catches up at least this often; a request always sees it caught up
_BYTE_BITS = 10
_PAUSE_S = 0.02
"""A process that is further behind did not run for a while."""


class SimulatedCoilsProcess:
    """Owns a pty whose other end is linked at `link`, and answers on it until told to end or its parent dies.

    Step k belongs to t_0 + k ms of the monotonic clock: after a pause of this process the rig catches up, its watchdog included.
    A reply is on the line as long as its bytes take at the line's speed.
    """

    def __init__(self, rig: Rig, link: Path, baud_bits_per_s: int) -> None:
        self._rig = rig
        self._byte_s = _BYTE_BITS / baud_bits_per_s
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link = link
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))
        self._outbox: deque[tuple[float, bytes]] = deque()
        self._control = b""
        self._ending = False
        self._parent = os.getppid()

    def run(self) -> None:
        """Serve until the end. Says `ready` when the port can be opened."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the coils outlive their controller
        self._rig.t0_s = time.monotonic()
        _say(f"ready {os.ttyname(self._slave)}")
        try:
            while not self._ending:
                self._turn()
        finally:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()

    def _turn(self) -> None:
        timeout = _IDLE_S
        if self._outbox:
            timeout = max(0.0, min(timeout, self._outbox[0][0] - time.monotonic()))
        readable, _, _ = select.select([self._master, sys.stdin.fileno()], [], [], timeout)
        if self._master in readable:
            self._receive()
        else:
            self._catch_up(time.monotonic())
        if sys.stdin.fileno() in readable:
            self._hear_control()
        while self._outbox and self._outbox[0][0] <= time.monotonic():
            # A full buffer means that nobody reads: the bytes are lost, as they are on a wire.
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, self._outbox.popleft()[1])
        self._ending |= os.getppid() != self._parent

    def _catch_up(self, now: float) -> None:
        while self._rig.t0_s + (self._rig.now_ms + 1) * DT_S <= now:
            self._rig.step()

    def _receive(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except (BlockingIOError, InterruptedError):
            return
        now = time.monotonic()
        behind = now - (self._rig.t0_s + self._rig.now_ms * DT_S)
        if behind <= _PAUSE_S:
            self._catch_up(now)  # a command acts when it has come, not before
        # After a pause of this process, bytes that waited reach the device before its watchdog counts that pause.
        replies = self._rig.receive(data)
        self._catch_up(now)
        sent = now + self._rig.faults.extra_latency_ms * 1e-3 + len(data) * self._byte_s
        for reply in replies:
            sent += len(reply) * self._byte_s
            self._outbox.append((sent, reply))

    def _hear_control(self) -> None:
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            self._ending = True
            return
        *lines, self._control = (self._control + data).split(b"\n")
        for line in lines:
            try:
                faults = CoilFaults.model_validate_json(line)
            except ValidationError as error:
                _say(f"refused {error.errors()[0]['msg']}")
                continue
            if faults.exit:
                os._exit(9)
            self._catch_up(time.monotonic())
            self._rig.inject(faults)
            _say("ok")

    def _on_signal(self, number: int, frame: Any) -> None:
        self._ending = True


def _say(line: str) -> None:
    # The parent may be gone: then the end of its stream, seen next turn, ends this process in order.
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), line.encode() + b"\n")
