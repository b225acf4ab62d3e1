"""A simulated Kepco BOP: SCPI lines in, SCPI lines out, a coil at its terminals, on a pseudo-terminal or a TCP port."""

import os
import socket
import threading
import time
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SimulatedSupply:
    """Current mode: the current follows CURR with time constant tau_s within the compliance, through load_ohm.

    Faults: is_silent: reads and says nothing (a half-open line). open_load: nothing flows. stuck_output: OUTP is acknowledged and ignored.
    coarse_a: set-points are rounded to so much. said: every line it was sent.
    """

    identity: str = "KEPCO,BOP 50-20,E1234,2.6"
    limit_a: float = 20.0
    load_ohm: float = 1.0
    tau_s: float = 0.01
    is_silent: bool = False
    open_load: bool = False
    stuck_output: bool = False
    coarse_a: float = 0.0
    said: list[str] = field(default_factory=list)
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    mode: str = "VOLT"
    volt: float = 10.0
    curr: float = 0.0
    is_on: bool = False
    _current: float = 0.0
    _since_s: float = field(default_factory=time.monotonic)

    def hear(self, line: str) -> str | None:
        """The answer to one line, None for a command. What it does not know goes to the error queue, as IEEE 488.2 has it."""
        self.said.append(line)
        word, _, argument = line.strip().partition(" ")
        word = word.upper().removeprefix(":")
        questions = {
            "*IDN?": lambda: self.identity,
            "SYST:ERR?": lambda: self.errors.popleft() if self.errors else '0,"No error"',
            "VOLT?": lambda: str(self.volt),
            "CURR?": lambda: str(self.curr),
            "FUNC:MODE?": lambda: self.mode,
            "OUTP?": lambda: str(int(self.is_on)),
            "MEAS:CURR?": lambda: f"{self.flowing():.4f}",
            "MEAS:VOLT?": lambda: f"{self.flowing() * self.load_ohm:.4f}",
        }
        if self.is_silent:
            return None
        if word in questions:
            return questions[word]()
        self._obey(word, argument.strip().upper())
        return None

    def flowing(self) -> float:
        """The current that flows now, [A]."""
        wanted = self.curr if self.is_on and self.mode == "CURR" and not self.open_load else 0.0
        wanted = max(-self.volt / self.load_ohm, min(self.volt / self.load_ohm, wanted))
        now = time.monotonic()
        self._current = wanted + (self._current - wanted) * 2.0 ** (-(now - self._since_s) / self.tau_s)
        self._since_s = now
        return 0.0 if self.open_load else self._current

    def _obey(self, word: str, argument: str) -> None:
        self.flowing()
        try:
            if word == "CURR":
                value = float(argument)
                if not abs(value) <= self.limit_a:
                    raise OverflowError
                self.curr = round(value / self.coarse_a) * self.coarse_a if self.coarse_a else value
            elif word == "VOLT":
                self.volt = float(argument)
            elif word == "FUNC:MODE" and argument in ("VOLT", "CURR"):
                self.mode = argument
            elif word == "OUTP" and argument in ("0", "1"):
                self.is_on = self.is_on if self.stuck_output else argument == "1"
            elif word not in ("SYST:REM", "*CLS"):
                self.errors.append('-113,"Undefined header"')
        except OverflowError:
            self.errors.append('-222,"Data out of range"')
        except ValueError:
            self.errors.append('-104,"Data type error"')


@contextmanager
def supply_on_tcp(supply: SimulatedSupply) -> Iterator[str]:
    """Serve on a free port of this host; the pyserial URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=_serve, args=(supply, connection.detach(), ended), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()


@contextmanager
def supply_on_pty(supply: SimulatedSupply) -> Iterator[str]:
    """Serve on a pseudo-terminal; its name."""
    master, slave = os.openpty()
    tty.setraw(slave)
    ended = threading.Event()
    thread = threading.Thread(target=_serve, args=(supply, master, ended), daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        ended.set()
        os.close(slave)  # the reader's next read fails, and it closes the other end
        thread.join(timeout=1.0)


def _serve(supply: SimulatedSupply, descriptor: int, ended: threading.Event) -> None:
    data = b""
    try:
        while not ended.is_set() and (more := os.read(descriptor, 4096)):
            *lines, data = (data + more).split(b"\n")
            for line in lines:
                answer = supply.hear(line.decode("ascii", errors="replace").rstrip("\r"))
                if answer is not None:
                    os.write(descriptor, answer.encode() + b"\n")
    except OSError:
        return
    finally:
        os.close(descriptor)
