"""Checkpoints: signed statements "the first n records have this root", each by a key that signs nothing else.

A thief of a key must not be able to change what was vouched for before. So the record before a checkpoint names the key of the
next, the checkpoint covers that record, and its own key is forgotten: nobody can sign another history up to there any more, and
the next key counts only to those who accept this one. After the last checkpoint there is no key at all.

What it rests on: Ed25519 and SHA-256, and that forgetting works: OpenSSL overwrites a private key when it is freed, and key 0,
which comes from a file, is held by a process that ends (`certified_key`). Format: docs/log_format.md.
"""

from base64 import b64decode, b64encode
from pathlib import Path

from toolkit import AuditFault

from .canonical import Json
from .certified_key import CertifiedKey
from .note import SigningKey

ORIGIN = "primum/audit/"


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text of a C2SP tlog-checkpoint without extension lines."""
    return f"{origin}\n{size}\n{b64encode(root).decode('ascii')}\n"


def last_checkpoint(path: Path) -> tuple[int, bytes] | None:
    """Return size and root of the last whole checkpoint in a file, whoever signed it; None if there is none."""
    try:
        parts = path.read_bytes().split(b"\n\n")[:-1]
        _, size, root = parts[len(parts) // 2 * 2 - 2].split(b"\n")  # text, signature, text, signature, perhaps a text alone
        return int(size), b64decode(root)
    except (OSError, ValueError, IndexError):
        return None


class KeyChain:
    """The writer's keys, one after another; in memory only.

    Every checkpoint but the last is made by `next_key`, whose result must be the last record it covers, and then `sign`.
    """

    def __init__(self, origin: str, certified: CertifiedKey | None = None) -> None:
        """Begin with key 0.

        Args:
            certified: the run key that the operator's key certified; None: make one, for which nobody vouches.
        """
        self._origin = origin
        self._key: SigningKey | CertifiedKey | None = certified or SigningKey(origin)
        self._next: SigningKey | None = None
        self._epoch = 0
        certificate = "" if certified is None else certified.certificate
        self.first: Json = {"epoch": 0, "vkey": str(self._key.verifier), "certificate": certificate}

    def next_key(self) -> Json:
        """Make the key of the next checkpoint; return the payload of the KEY record that names it."""
        self._next = SigningKey(self._origin)
        self._epoch += 1
        return {"epoch": self._epoch, "vkey": str(self._next.verifier)}

    def sign(self, size: int, root: bytes) -> bytes:
        """Return a checkpoint over the first `size` records, as it stands in the file, and forget the key that signed it.

        Raises:
            AuditFault: there is no key any more: the final checkpoint was made.
        """
        if self._key is None:
            raise AuditFault("the final checkpoint of the log was made: there is no key for another")
        note = self._key.sign(checkpoint_text(self._origin, size, root))
        self._key, self._next = self._next, None
        return f"{note}\n".encode()
