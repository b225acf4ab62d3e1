"""A port with deadlines. The only place of this package that touches pyserial."""

import select
import termios
import time

import serial

from toolkit import DeviceFault

# A frame fits the driver's buffer, so a write that waits at all means a dead line. Generous, because pyserial also reports a time-out
# when this process was merely not running for so long after the bytes had gone.
_WRITE_TIMEOUT_S = 0.25
_PORT_ERRORS = (serial.SerialException, OSError, termios.error)
"""What a port raises: pyserial lets termios.error through, which is no OSError."""


class SerialPort:
    """Any pyserial URL (`/dev/ttyUSB0`, `socket://…`, `spy://…`), opened for this process alone. Whatever goes wrong is a DeviceFault."""

    def __init__(self, url: str, baud_bits_per_s: int) -> None:
        self.url = url
        try:
            # Exclusive: a second process on the line would break A2 and A7 without a sign.
            self._port = serial.serial_for_url(url, baudrate=baud_bits_per_s, timeout=0, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
        except (*_PORT_ERRORS, ValueError) as error:
            raise DeviceFault(f"{url}: cannot open: {error}") from error
        self._poll = self._make_poll()

    def close(self) -> None:
        """Close the port."""
        try:
            self._port.close()
        except _PORT_ERRORS as error:
            raise DeviceFault(f"{self.url}: cannot close: {error}") from error

    def write(self, data: bytes) -> None:
        """All of data, or a DeviceFault."""
        try:
            sent = self._port.write(data)
        except _PORT_ERRORS as error:
            raise DeviceFault(f"{self.url}: cannot write {len(data)} bytes: {error}") from error
        if sent != len(data):
            raise DeviceFault(f"{self.url}: wrote {sent} of {len(data)} bytes")

    def drop_input(self) -> int:
        """Forget what has come; how many bytes that was."""
        try:
            waiting = int(self._port.in_waiting)
            if waiting:
                self._port.reset_input_buffer()
        except _PORT_ERRORS as error:
            raise DeviceFault(f"{self.url}: the port is gone: {error}") from error
        return waiting

    def receive(self, deadline: float) -> bytes:
        """Whatever has come, after waiting for the first byte; empty at the deadline. Sleeps in the kernel, never polls."""
        try:
            while True:
                waiting = self._port.in_waiting
                if waiting:
                    return bytes(self._port.read(waiting))
                left = deadline - time.monotonic()
                if left <= 0:
                    return b""
                if self._poll is None:
                    self._port.timeout = left
                    return bytes(self._port.read(1))
                self._wait(left)
        except _PORT_ERRORS as error:
            raise DeviceFault(f"{self.url}: the port is gone: {error}") from error

    def _wait(self, seconds: float) -> None:
        if self._poll is None:
            return
        for _, event in self._poll.poll(max(1, round(seconds * 1e3))):
            if event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) and not self._port.in_waiting:
                raise DeviceFault(f"{self.url}: the port hung up: the device or its process is gone")

    def _make_poll(self) -> "select.poll | None":
        try:
            descriptor = self._port.fileno()
        except (AttributeError, OSError):  # loop:// and the like have no descriptor; io.UnsupportedOperation is an OSError
            return None
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
        return poll
