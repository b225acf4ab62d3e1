"""The simulated arm as a process: a pseudo-terminal, real time, a control channel."""

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

import mujoco
from pydantic import ValidationError

from ..dynamixel_packet import PacketParser
from ..profile import ArmProfile
from ..truth_file import TruthWriter
from .faults import Faults
from .mjcf import POINTS
from .plant import Plant
from .servo_bus import ServoBus

_IDLE_S = 0.005  # physics catches up at least this often; a request always sees it caught up
_PARENT_CHECK_S = 0.2


class SimulatedArmProcess:
    """Owns a pty whose other end is linked at `link`, and answers on it until told to end or its parent dies.

    Physics runs on time.monotonic(): step k belongs to t_0 + k dt. After a pause of the process it catches up, so that the arm
    has done what it would have done.

    control: a readable stream of one JSON object of `Faults` per line, answered with `ok`; its end means the parent is gone.
    """

    def __init__(self, profile: ArmProfile, link: Path, truth: Path, faults: Faults) -> None:
        spec = profile.simulator
        if spec is None:
            raise ValueError(f"{profile.name} has no simulator section")
        # MuJoCo would write warnings to a file in whatever folder this is; they mean a plant that is wrong, so they end it.
        mujoco.set_mju_user_warning(_on_plant_warning)
        self._plant = Plant(profile)
        self._bus = ServoBus(profile, self._plant)
        self._bus.inject(faults)
        self._parser = PacketParser()
        columns = [*(f"q_{name}" for name in profile.joint_names), *(f"{point}_{axis}_m" for point in POINTS for axis in "xyz")]
        self._truth = TruthWriter(truth, columns, spec.physics_hz)
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
        self._next_parent_check = 0.0
        self._t0 = time.monotonic()

    def run(self) -> None:
        """Serve until the end. Prints `ready` when the port can be opened."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the arm outlives its controller's stop
        self._t0 = time.monotonic()
        _say(f"ready {os.ttyname(self._slave)}")
        try:
            while not self._ending:
                self._turn()
        finally:
            self._truth.close()
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()

    def _turn(self) -> None:
        timeout = _IDLE_S
        if self._outbox:
            timeout = max(0.0, min(timeout, self._outbox[0][0] - time.monotonic()))
        readable, _, _ = select.select([self._master, sys.stdin.fileno()], [], [], timeout)
        now = time.monotonic()
        if self._master in readable:
            self._receive()
        else:
            self._catch_up(now)
            # Only when nothing waits on the line: after a pause of this process, silence must not be inferred from its own absence.
            self._bus.check_watchdogs()
        if sys.stdin.fileno() in readable:
            self._hear_control()
        while self._outbox and self._outbox[0][0] <= time.monotonic():
            self._transmit(self._outbox.popleft()[1])
        if now >= self._next_parent_check:
            self._next_parent_check = now + _PARENT_CHECK_S
            self._ending |= os.getppid() != self._parent

    def _catch_up(self, now: float) -> None:
        while self._t0 + self._plant.t_s + self._plant.dt_s <= now:
            self._plant.step()
            self._truth.append(self._t0 + self._plant.t_s, self._plant.truth_row())

    def _receive(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except (BlockingIOError, InterruptedError):
            return
        # After the read: a sample must not be older than the request that asked for it, however late this process runs.
        now = time.monotonic()
        self._catch_up(now)
        for packet in self._parser.feed(data):
            reply = self._bus.handle(packet, len(packet.params) + 10)
            if reply is not None:
                self._outbox.append((now + reply.delay_s, reply.data))

    def _transmit(self, data: bytes) -> None:
        # A full buffer means that nobody reads: the bytes are lost, as they are on a wire.
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def _hear_control(self) -> None:
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            self._ending = True
            return
        *lines, self._control = (self._control + data).split(b"\n")
        for line in lines:
            try:
                faults = Faults.model_validate_json(line)
            except ValidationError as error:
                _say(f"refused {error.errors()[0]['msg']}")
                continue
            self._bus.inject(faults)
            _say("ok")
            if faults.exit:
                self._truth.close()
                os._exit(9)

    def _on_signal(self, number: int, frame: Any) -> None:
        self._ending = True


def _on_plant_warning(message: str) -> None:
    os.write(sys.stderr.fileno(), f"simulated arm: MuJoCo: {message}\n".encode())
    os._exit(4)


def _say(line: str) -> None:
    # The parent may be gone: then the end of its stream, seen next turn, ends this process in order.
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), line.encode() + b"\n")
