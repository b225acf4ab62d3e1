"""SCPI over a serial line or TCP: one text line a command, and the instrument's error queue read after each."""

import re
import time

from toolkit import DeviceFault, InvalidInput

from .serial_port import SerialPort

_LINE_MAX = 4096
_ERROR = re.compile(r'^\s*([+-]?\d+)\s*,\s*"?([^"]*)"?\s*$')


class ScpiLine:
    """`url` is any pyserial URL: `/dev/ttyUSB0`, `socket://host:port`. Lines end with LF; CR before it is ignored.

    An answer carries nothing that says which question it answers. So a question without an answer in time ends the use of this line:
    whatever came later would be taken for the answer to the next one. `reopen` begins anew. No query is repeated.
    """

    def __init__(self, url: str, baud_bits_per_s: int, reply_timeout_s: float) -> None:
        if not 1e-3 <= reply_timeout_s <= 10.0:
            raise InvalidInput(f"reply_timeout_s: {reply_timeout_s} is outside [0.001, 10]")
        self.url = url
        self._baud, self._timeout_s = baud_bits_per_s, reply_timeout_s
        self._port = SerialPort(url, baud_bits_per_s)
        self._lost = ""

    def close(self) -> None:
        """Close the port. The instrument keeps what it was told."""
        self._port.close()

    def reopen(self) -> None:
        """Close and open again, and drop what comes within a reply's time. Raises DeviceFault."""
        self._port.close()
        self._port = SerialPort(self.url, self._baud)
        deadline = time.monotonic() + self._timeout_s
        while self._port.receive(deadline):
            continue
        self._lost = ""

    def query(self, question: str) -> str:
        """The answer to a question, one line. Raises DeviceFault: none in time, more than one line, or not text."""
        if self._lost:
            raise DeviceFault(f"{self.url}: {question}: not asked: {self._lost}")
        if self._port.drop_input():
            raise self._give_up(question, "the instrument spoke without being asked")
        self._write(question)
        deadline, data = time.monotonic() + self._timeout_s, b""
        while not data.endswith(b"\n"):
            more = self._receive(question, deadline)
            data += more
            if not more or len(data) > _LINE_MAX:
                raise self._give_up(question, f"no answer within {self._timeout_s * 1e3:.0f} ms" + (f", only {data!r}" if data else ""))
        lines = data.decode("ascii", errors="replace").splitlines()
        if len(lines) != 1 or not lines[0].isprintable():
            raise self._give_up(question, f"answered with {data!r}")
        return lines[0].strip()

    def command(self, text: str) -> None:
        """A command without an answer, then every error in the queue. Raises DeviceFault with what the instrument reports."""
        if self._lost:
            raise DeviceFault(f"{self.url}: {text}: not sent: {self._lost}")
        self._write(text)
        if errors := self.errors():
            raise DeviceFault(f"{self.url}: {text}: refused: " + "; ".join(errors))

    def errors(self) -> list[str]:
        """The error queue, emptied, oldest first. Raises DeviceFault when it does not end."""
        found: list[str] = []
        for _ in range(32):
            answer = self.query("SYST:ERR?")
            match = _ERROR.match(answer)
            if match is None:
                raise self._give_up("SYST:ERR?", f"answered with {answer!r}")
            if int(match[1]) == 0:
                return found
            found.append(f"{match[1]} {match[2]}")
        raise self._give_up("SYST:ERR?", f"the error queue does not end: {found[-1]}")

    def number(self, question: str) -> float:
        """A question whose answer is a number. Raises DeviceFault for any other, NaN, infinity and SCPI's 9.9E37 included."""
        answer = self.query(question)
        try:
            value = float(answer)
        except ValueError as error:
            raise DeviceFault(f"{self.url}: {question}: {answer!r} is not a number") from error
        if not -1e12 <= value <= 1e12:
            raise DeviceFault(f"{self.url}: {question}: {answer!r} is no measured value")
        return value

    def _write(self, text: str) -> None:
        try:
            self._port.write(text.encode("ascii") + b"\n")
        except DeviceFault as error:
            raise self._give_up(text, str(error)) from error

    def _receive(self, question: str, deadline: float) -> bytes:
        try:
            return self._port.receive(deadline)
        except DeviceFault as error:
            raise self._give_up(question, str(error)) from error

    def _give_up(self, question: str, why: str) -> DeviceFault:
        self._lost = f"{question}: {why}"
        return DeviceFault(f"{self.url}: {self._lost}")
