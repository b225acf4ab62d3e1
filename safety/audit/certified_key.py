"""The certified run key, in a process of its own that signs once and ends.

What was read from a file leaves copies in a Python process that nobody can overwrite. The memory of a process that has ended is
given back and cleared by the kernel: so the writer never holds this key, and a thief of the writer's memory does not find it.
"""

import json
import os
import socket
from pathlib import Path

from toolkit import AuditFault

from .note import SigningKey, VerifierKey
from .operator_key import take_run_key

_MESSAGE_BYTES = 65_536
_ANSWER_S = 30.0


class CertifiedKey:
    """A key that can sign one text. certificate: the operator's note on it."""

    def __init__(self, stock: Path, name: str) -> None:
        """Take the next run key out of the operator's stock, as a key called `name`.

        Raises:
            AuditFault: the stock cannot be used; see `take_run_key`.
        """
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._child = os.fork()  # the writer has one thread yet
        if self._child == 0:
            self._sock.close()  # or it would not hear that the writer died
            _sign_once(theirs, stock, name)  # does not return
        theirs.close()
        self._sock.settimeout(_ANSWER_S)
        said = json.loads(self._ask(b""))
        if "refused" in said:
            os.waitpid(self._child, 0)
            raise AuditFault(said["refused"])
        self.verifier = VerifierKey.parse(said["vkey"])
        self.certificate: str = said["certificate"]

    def sign(self, text: str) -> str:
        """Return the note of `text` with this key's signature. There is no second one: the key is gone when this returns.

        Raises:
            AuditFault: the process that held the key is gone.
        """
        note = self._ask(text.encode())
        os.waitpid(self._child, 0)
        self._sock.close()
        return note.decode()

    def _ask(self, message: bytes) -> bytes:
        try:
            if message:
                self._sock.send(message)
            answer = self._sock.recv(_MESSAGE_BYTES)
        except OSError as error:
            raise AuditFault(f"the process that holds the run key does not answer: {error}") from error
        if not answer:
            raise AuditFault("the process that held the run key is gone")
        return answer


def _sign_once(sock: socket.socket, stock: Path, name: str) -> None:
    """The child's whole life. It ends without cleaning up after its parent: nothing of what it inherited is its own."""
    try:
        taken = take_run_key(stock)
        key = SigningKey(name, taken.seed)
        sock.send(json.dumps({"vkey": str(key.verifier), "certificate": taken.certificate}).encode())
        text = sock.recv(_MESSAGE_BYTES)
        if text:
            sock.send(key.sign(text.decode()).encode())
    except AuditFault as fault:
        sock.send(json.dumps({"refused": str(fault)}).encode())
    finally:
        os._exit(0)
