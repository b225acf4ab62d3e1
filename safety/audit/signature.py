"""A person's signature under a document: whose, when, meaning what, over which bytes. It cannot be moved to another.

    text = "primum/document-signature/1\\n" sha256 "\\n" meaning "\\n" utc "\\n" name "\\n" [statement "\\n"]
    signature = C2SP signed note of text, by an Ed25519 key that is that person's

The private key lies in an encrypted file (PKCS #8, PEM) that only its owner can read; the public half is a vkey whose name is the person's
address. Handing out public halves, and whom one believes, are matters of the house: nothing here vouches for a name.

Assumes: Ed25519 and SHA-256; the passphrase is known to its owner only; the machine's clock (a signature says what it said).
"""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from toolkit import InvalidInput

from .note import SigningKey, VerifierKey, open_note

FORMAT = "primum/document-signature/1"
PASSPHRASE_MIN, LINE_MAX = 8, 500


class Meaning(StrEnum):
    """What a signature says. A statement beside it may say more, never something else."""

    APPROVED = "approved"
    REVIEWED = "reviewed"
    REJECTED = "rejected"
    AUTHORED = "authored"


@dataclass(frozen=True)
class Signature:
    """What was signed. key: the vkey's name. sha256: of the document. utc: ISO 8601, to the second."""

    key: str
    sha256: str
    meaning: Meaning
    utc: str
    name: str
    statement: str = ""


def make_personal_key(address: str, passphrase: str, private_file: Path, public_file: Path) -> VerifierKey:
    """Make a key for a person; neither file may exist.

    Args:
        address: the key's name, such as anna@hospital.example.
        passphrase: at least eight characters; it is asked for at each signature.
    Raises:
        InvalidInput: an address or passphrase that will not do; a file that exists or cannot be written.
    """
    if len(passphrase) < PASSPHRASE_MIN:
        raise InvalidInput(f"passphrase: {len(passphrase)} characters; at least {PASSPHRASE_MIN} are needed")
    key = SigningKey(address)
    encrypted = Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(passphrase.encode())
    )
    for path, content, mode in ((private_file, encrypted, 0o600), (public_file, f"{key.verifier}\n".encode(), 0o644)):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be made: {error.strerror}") from error
    return key.verifier


def read_personal_key(private_file: Path, public_file: Path, passphrase: str) -> SigningKey:
    """Raises InvalidInput: a file that is no key, that others can read, or of another key; a wrong passphrase."""
    public = _vkey(public_file)
    try:
        mode = private_file.stat().st_mode
        if mode & 0o077:
            raise InvalidInput(f"{private_file}: mode {stat.S_IMODE(mode):04o}: a private key is its owner's alone: chmod 600")
        loaded = serialization.load_pem_private_key(private_file.read_bytes(), passphrase.encode())
    except OSError as error:
        raise InvalidInput(f"{private_file}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{private_file}: no key that this passphrase opens") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise InvalidInput(f"{private_file}: not an Ed25519 key")
    key = SigningKey(public.name, loaded.private_bytes_raw())
    if key.verifier != public:
        raise InvalidInput(f"{private_file}: not the private half of {public_file}")
    return key


def sign_document(document: Path, key: SigningKey, meaning: Meaning, name: str, statement: str = "") -> str:
    """Return the signed note.

    Args:
        name: the signer's, in words. statement: one line more, or empty.
    Raises:
        InvalidInput: the document cannot be read; a name that is empty; a line that is none.
    """
    for what, line in (("name", name), ("statement", statement)):
        if len(line) > LINE_MAX or not line.isprintable() or line != line.strip():
            raise InvalidInput(f"{what}: {line[:80]!r}: allowed: one line of at most {LINE_MAX} characters, no space at its ends")
    if not name:
        raise InvalidInput("name: empty: a signature says whose it is")
    utc = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [FORMAT, _sha256(document), meaning.value, utc, name, *([statement] if statement else [])]
    return key.sign("".join(f"{line}\n" for line in lines))


def check_signature(document: Path, note: str, public_file: Path) -> Signature:
    """Return what the owner of a public key says of this very document.

    Raises:
        InvalidInput: not signed by that key, changed, of another document, or no document's signature.
    """
    key = _vkey(public_file)
    lines = open_note(note, key).split("\n")[:-1]
    if not 5 <= len(lines) <= 6 or lines[0] != FORMAT or lines[2] not in {meaning.value for meaning in Meaning}:
        raise InvalidInput(f"signed by {key.name}, but not a signature of a document ({FORMAT})")
    found = Signature(key.name, lines[1], Meaning(lines[2]), lines[3], lines[4], *lines[5:])
    if (here := _sha256(document)) != found.sha256:
        raise InvalidInput(f"{document}: signed was another document: SHA-256 {found.sha256}, this one has {here}")
    return found


def _sha256(document: Path) -> str:
    try:
        with document.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"{document}: cannot be read: {error.strerror}") from error


def _vkey(public_file: Path) -> VerifierKey:
    try:
        return VerifierKey.parse(public_file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{public_file}: no public key: {error}") from error
