"""C2SP signed notes: a few lines of text, and under them who signed it, with Ed25519 (RFC 8032).

    note      = text "\\n" signature...             text ends with a newline
    signature = "— " name " " base64(key id || Ed25519(text)) "\\n"
    key id    = SHA-256(name || "\\n" || 0x01 || public key)[:4]
    vkey      = name "+" hex(key id) "+" base64(0x01 || public key)

Source: c2sp.org/signed-note at commit 5ba5ee8.
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from toolkit import InvalidInput

ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE = re.compile("— ([^ ]+) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key with its name. `public`: 32 bytes."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(f"key name: {self.name!r}: allowed: at least one character, no white space, no '+'")
        if len(self.public) != 32:
            raise InvalidInput(f"public key: {len(self.public)} bytes; an Ed25519 key has 32")

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line says whose it is."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey.

        Raises:
            InvalidInput: it is not one of an Ed25519 key, or its key id does not fit.
        """
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            decoded = b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if decoded[:1] != ED25519 or len(decoded) != 33:
            raise InvalidInput(f"{vkey[:200]!r}: not a public key of the form name+hash+base64 with an Ed25519 key (type 1)")
        key = cls(name, decoded[1:])
        if key.key_id.hex() != key_id:
            raise InvalidInput(f"{vkey[:200]!r}: the hash in it is not that of this name and key ({key.key_id.hex()})")
        return key

    def opens(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key in memory, and nowhere else unless its seed was read from a file."""

    def __init__(self, name: str, seed: bytes | None = None) -> None:
        """Make a new key, or the one of a 32-byte seed."""
        self._private = Ed25519PrivateKey.generate() if seed is None else Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    @property
    def seed(self) -> bytes:
        """The private key itself, 32 bytes."""
        return self._private.private_bytes_raw()

    def sign(self, text: str) -> str:
        """Return the note of `text` with this key's signature.

        Raises:
            InvalidInput: the text is empty or does not end with a newline.
        """
        if len(text) < 2 or not text.endswith("\n"):
            raise InvalidInput("note: a text needs at least one character, and a newline at its end")
        signature = self.verifier.key_id + self._private.sign(text.encode())
        return f"{text}\n— {self.verifier.name} {b64encode(signature).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """Return the text of a note that `key` signed.

    Signatures of other keys are passed over, as the specification asks.
    Raises:
        InvalidInput: not a note, not signed by this key, or its signature is wrong.
    """
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise InvalidInput("not a signed note: a text, an empty line and signature lines")
    text += "\n"
    found = False
    for line in signatures[:-1].split("\n"):
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise InvalidInput(f"not a signature line: {line[:100]!r}")
        signed = _decoded(match[2])
        if match[1] != key.name or signed[:4] != key.key_id:
            continue
        if not key.opens(text.encode(), signed[4:]):
            raise InvalidInput(f"the signature of {key.name} does not fit the text")
        found = True
    if not found:
        raise InvalidInput(f"not signed by {key.name} ({key.key_id.hex()})")
    return text


def _decoded(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"not base64: {encoded[:100]!r}") from None
