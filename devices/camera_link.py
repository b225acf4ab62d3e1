"""Camera frames over a Unix stream socket, from the process that has the cameras to the one that uses them.

A frame on the wire, little-endian: magic (4 bytes), version u16, camera u16, number u32, rows u32, columns u32, t_s float64, then the
pixels, row by row, of 8 bits. Both processes run on one host, so that t_s is the same time.monotonic().
"""

import os
import socket
import struct
from collections import deque
from pathlib import Path

import numpy as np

from toolkit import DeviceFault, InvalidInput, finite_number

from .camera import CameraFrame

HEADER = struct.Struct("<4sHHIIId")
MAGIC, VERSION = b"PCAM", 1
SIDE_PX_MIN, SIDE_PX_MAX = 8, 8192
CAMERAS_MAX = 16
WAITING_MAX = 6
"""Frames that wait for a client that reads slowly: three exposures of two cameras. A ring buffer, as a frame grabber has."""
_BUFFER_BYTES = 1 << 20
_CONNECT_S = 5.0


class CameraServer:
    """The cameras' side: one client at a time, and nothing here ever waits for it.

    A frame leaves `latency_s` after its exposure. Where the client does not read, whole frames are lost, the oldest first, never a part of
    one; so are all that nobody was connected for. Not thread-safe.

    lost: frames that no client got.
    Raises:
        DeviceFault: the socket cannot be made at `path`.
    """

    def __init__(self, path: Path, latency_s: float) -> None:
        self._latency_s = finite_number(latency_s, "latency_s", 0.0, 10.0)
        self._path = path
        self._client: socket.socket | None = None
        self._exposed: deque[tuple[float, bytes]] = deque()
        self._waiting: deque[bytes] = deque()
        self._rest = memoryview(b"")
        self.lost = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(path))
            self._listener.listen(1)
        except OSError as error:
            self._listener.close()
            raise DeviceFault(f"camera link: {path}: {error}") from error
        self._listener.setblocking(False)

    def offer(self, camera: int, frame: CameraFrame) -> None:
        """Queue a frame of 8 bits; frames come in the order of their times.

        Raises:
            InvalidInput: a camera or a picture that the link cannot carry.
        """
        rows, columns = frame.image.shape
        if not 0 <= camera < CAMERAS_MAX:
            raise InvalidInput(f"camera {camera}: outside [0, {CAMERAS_MAX})")
        if frame.image.dtype != np.uint8 or not max(rows, columns) <= SIDE_PX_MAX:
            raise InvalidInput(f"camera {camera}: {frame.image.dtype} {frame.image.shape}: 8 bits and at most {SIDE_PX_MAX} px a side")
        header = HEADER.pack(MAGIC, VERSION, camera, frame.number, rows, columns, frame.t_s)
        self._exposed.append((frame.t_s + self._latency_s, header + frame.image.tobytes()))

    def flush(self, now_s: float) -> None:
        """Send what is due, as much of it as the socket takes now."""
        if self._exposed and self._exposed[0][0] <= now_s:
            self._greet()
        while self._exposed and self._exposed[0][0] <= now_s:
            self._waiting.append(self._exposed.popleft()[1])
        if self._client is None:
            self._lose(len(self._waiting))
            return
        self._send(self._client)
        self._lose(len(self._waiting) - WAITING_MAX)

    def close(self) -> None:
        """Hang up, and take the socket away."""
        self._hang_up()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _greet(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._hang_up()  # the newest client is the one that lives: an older one has been left behind by a crash
        self._client = client

    def _send(self, client: socket.socket) -> None:
        try:
            while self._rest or self._waiting:
                if not self._rest:
                    self._rest = memoryview(self._waiting.popleft())
                self._rest = self._rest[client.send(self._rest) :]
        except BlockingIOError:
            return
        except OSError:
            self._hang_up()

    def _lose(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
            self.lost += 1

    def _hang_up(self) -> None:
        if self._rest:
            self.lost += 1
        self._rest = memoryview(b"")
        if self._client is not None:
            self._client.close()
        self._client = None


class CameraLink:
    """The host's side: whole frames, in the order in which they were sent, without ever waiting. Not thread-safe.

    Raises:
        DeviceFault: nobody listens at `path`.
    """

    def __init__(self, path: Path | str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_CONNECT_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise DeviceFault(f"camera link: {path}: {os.strerror(error.errno) if error.errno else error}") from error
        self._socket.setblocking(False)
        self._bytes = bytearray()
        self._is_gone = False

    def poll(self) -> list[tuple[int, CameraFrame]]:
        """Every frame that has come whole since the last call, each with its camera's number.

        Raises:
            DeviceFault: the other side is gone (after its last whole frames were given), or what came is no frame.
        """
        if not self._is_gone:
            self._receive()
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        if self._is_gone and not frames:
            raise DeviceFault("camera link: gone: the cameras' process has hung up")
        return frames

    def close(self) -> None:
        self._is_gone = True
        self._socket.close()

    def __enter__(self) -> "CameraLink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> None:
        try:
            while data := self._socket.recv(_BUFFER_BYTES):
                self._bytes += data
        except BlockingIOError:
            return
        except OSError as error:
            self._is_gone = True
            raise DeviceFault(f"camera link: gone: {error}") from error
        self._is_gone = True

    def _next(self) -> tuple[int, CameraFrame] | None:
        if len(self._bytes) < HEADER.size:
            return None
        magic, version, camera, number, rows, columns, t_s = HEADER.unpack_from(self._bytes)
        sides = SIDE_PX_MIN <= rows <= SIDE_PX_MAX and SIDE_PX_MIN <= columns <= SIDE_PX_MAX
        if (magic, version) != (MAGIC, VERSION) or camera >= CAMERAS_MAX or not sides or not 0.0 <= t_s <= 1e12:
            said = f"magic {magic!r}, version {version}, camera {camera}, {rows} x {columns} px, t_s {t_s}"
            self.close()  # where the next frame begins cannot be known any more
            raise DeviceFault(f"camera link: this is no frame: {said}")
        end = HEADER.size + rows * columns
        if len(self._bytes) < end:
            return None
        image = np.frombuffer(bytes(self._bytes[HEADER.size : end]), np.uint8).reshape(rows, columns)
        del self._bytes[:end]
        return camera, CameraFrame(image, number, t_s)
