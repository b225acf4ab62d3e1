"""What answers at a witness's address: keeps the checkpoints of each run in a file, adds to it, and never takes anything back.

    POST /RUN   checkpoints, whole and in order: 200 kept; 400 none; 409 they contradict what is kept; 413 too much
    GET  /RUN   what is kept, to give to `primum audit verify --checkpoint`; 404

It holds no key, so it does not check signatures: the verifier does. What it promises is that two different histories of one run cannot
both be here, and that the end of a log cannot be cut off later without a difference from what is kept.

Assumes: who can reach it may write; let a proxy in front of it speak TLS and ask for names.
"""

import os
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .file_layer import PosixFiles, make_directories

BODY_BYTES, FILE_BYTES, RUNS_MAX = 2**20, 2**26, 100_000
_RUN = re.compile(r"/([0-9a-f]{32})")
_CHECKPOINT = re.compile(rb"primum/audit/([0-9a-f]{32})\n([1-9][0-9]{0,15})\n[A-Za-z0-9+/]{43}=\n\n\xe2\x80\x94 [^\n]{1,300}\n\n")
_IDLE_S = 10.0


class Refused(Exception):
    """A request that changes nothing: its status and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class WitnessStore:
    """The files RUN.checkpoints in a directory. Thread-safe."""

    def __init__(self, directory: Path) -> None:
        """Made if it is not there. Raises OSError."""
        make_directories(directory, PosixFiles())
        self._directory, self._lock = directory, threading.Lock()

    def keep(self, run: str, body: bytes) -> None:
        """Return when they are durable. What is kept already may come again: its answer may have been lost.

        Raises:
            Refused: no checkpoints, or not of this run, or they contradict what is kept. OSError: the disk.
        """
        sent = _checkpoints(run, body)
        path = self._directory / f"{run}.checkpoints"
        with self._lock:
            kept = _whole(path.read_bytes()) if path.exists() else b""
            before = dict(_checkpoints(run, kept)) if kept else {}
            new = [(size, checkpoint) for size, checkpoint in sent if before.get(size) != checkpoint]
            if not new:
                return
            last = max(before, default=0)
            if not new[0][0] > last:
                raise Refused(HTTPStatus.CONFLICT, f"another history: a checkpoint of {new[0][0]} records where one of {last} is kept")
            added = b"".join(checkpoint for _, checkpoint in new)
            if len(kept) + len(added) > FILE_BYTES or (not kept and sum(1 for _ in self._directory.iterdir()) >= RUNS_MAX):
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "there is no room for more")
            _append(path, len(kept), added)

    def kept(self, run: str) -> bytes:
        """Raises Refused: nothing of this run is kept. OSError."""
        path = self._directory / f"{run}.checkpoints"
        if not path.exists():
            raise Refused(HTTPStatus.NOT_FOUND, "no such run")
        return _whole(path.read_bytes())


def _whole(kept: bytes) -> bytes:
    """Without half a checkpoint at its end, which a power cut may leave: nobody was told that it is kept."""
    at = 0
    while (match := _CHECKPOINT.match(kept, at)) is not None:
        at = match.end()
    return kept[:at]


def _checkpoints(run: str, body: bytes) -> list[tuple[int, bytes]]:
    """Size and bytes of checkpoints that fill the body, each of more records than the one before."""
    at, found = 0, list[tuple[int, bytes]]()
    while at < len(body):
        match = _CHECKPOINT.match(body, at)
        if match is None or match[1].decode() != run:
            raise Refused(HTTPStatus.BAD_REQUEST, f"no checkpoint of run {run} at byte {at}")
        if found and int(match[2]) <= found[-1][0]:
            raise Refused(HTTPStatus.BAD_REQUEST, f"a checkpoint of {int(match[2])} records after one of {found[-1][0]}")
        found.append((int(match[2]), match[0]))
        at = match.end()
    if not found:
        raise Refused(HTTPStatus.BAD_REQUEST, "no checkpoint")
    return found


def _append(path: Path, at: int, new: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        os.ftruncate(descriptor, at)
        view = memoryview(new)
        try:
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, at)  # half a checkpoint would be none for ever
            raise
    finally:
        os.close(descriptor)
    PosixFiles().sync_directory(path.parent)


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_S
    store: WitnessStore

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 < length <= BODY_BYTES:
            self._answer(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE if length > BODY_BYTES else HTTPStatus.LENGTH_REQUIRED, f"1 to {BODY_BYTES} bytes"
            )
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if len(body) == length:
            self._do(lambda run: self._keep(run, body))

    def do_GET(self) -> None:
        self._do(self.store.kept)

    def _keep(self, run: str, body: bytes) -> bytes:
        self.store.keep(run, body)
        return b"kept\n"

    def _do(self, act: Callable[[str], bytes]) -> None:
        found = _RUN.fullmatch(self.path)
        try:
            if found is None:
                raise Refused(HTTPStatus.NOT_FOUND, "the path is a run: 32 hex digits")
            self._answer(HTTPStatus.OK, act(found[1]))
        except Refused as refused:
            self._answer(refused.status, str(refused))
        except OSError as error:
            self._answer(HTTPStatus.INSUFFICIENT_STORAGE, f"cannot be kept: {error.strerror}")

    def _answer(self, status: HTTPStatus, said: str | bytes) -> None:
        body = said if isinstance(said, bytes) else f"{said}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def witness_server(directory: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet serving. Raises OSError: the directory or the address."""
    handler = type("Handler", (_Handler,), {"store": WitnessStore(directory)})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server
