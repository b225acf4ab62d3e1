"""A signature says whose, when, meaning what, over which bytes; whatever is changed, it is none."""

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit.note import SigningKey
from safety.audit.signature import FORMAT, Meaning, check_signature, make_personal_key, read_personal_key, sign_document
from toolkit import InvalidInput

pytestmark = pytest.mark.requirement("AUD-018")
PASSPHRASE = "not a good one"  # noqa: S105  of keys that the tests make


class Signer:
    def __init__(self, folder: Path, address: str = "anna@hospital.example") -> None:
        self.private, self.public = folder / "signing.key", folder / "signing.pub"
        folder.mkdir(exist_ok=True)
        make_personal_key(address, PASSPHRASE, self.private, self.public)

    def key(self) -> SigningKey:
        return read_personal_key(self.private, self.public, PASSPHRASE)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF what was seen")
    return path


def test_what_is_signed_is_what_is_said(signer: Signer, document: Path) -> None:
    note = sign_document(document, signer.key(), Meaning.APPROVED, "Anna Müller", "with the anomalies listed")
    found = check_signature(document, note, signer.public)
    assert (found.meaning, found.name, found.key) == (Meaning.APPROVED, "Anna Müller", "anna@hospital.example")
    assert found.statement == "with the anomalies listed" and found.utc.endswith("+00:00")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in signer.private.read_bytes() and signer.private.stat().st_mode & 0o777 == 0o600


def test_it_cannot_be_moved_to_another_document(signer: Signer, document: Path) -> None:
    note = sign_document(document, signer.key(), Meaning.REVIEWED, "Anna")
    document.write_bytes(b"%PDF what was wished for")
    with pytest.raises(InvalidInput, match="signed was another document"):
        check_signature(document, note, signer.public)


@given(place=st.integers(0, 10_000), new=st.sampled_from("abcXYZ0189+/=\n —"))
def test_a_changed_character_is_no_signature(signer: Signer, tmp_path_factory: pytest.TempPathFactory, place: int, new: str) -> None:
    document = tmp_path_factory.getbasetemp() / "signed.txt"
    document.write_bytes(b"x")
    note = sign_document(document, signer.key(), Meaning.APPROVED, "Anna")
    at = place % len(note)
    changed = note[:at] + new + note[at + 1 :]
    if changed == note:
        return
    try:
        found = check_signature(document, changed, signer.public)
    except InvalidInput:
        return
    # Base64 has spare bits in its last character: such a line is another spelling of the same signature.
    spelled = changed.rsplit(" ", 1)[1].strip()
    assert found.meaning is Meaning.APPROVED and b64encode(b64decode(spelled)) != spelled.encode()


def test_another_persons_key_a_key_of_logs_and_other_texts_are_no_signatures(signer: Signer, document: Path, tmp_path: Path) -> None:
    other = Signer(tmp_path / "other", "anna@hospital.example")
    note = sign_document(document, signer.key(), Meaning.APPROVED, "Anna")
    with pytest.raises(InvalidInput, match="not signed by"):
        check_signature(document, note, other.public)
    key = signer.key()
    for text in ("primum/audit/run-key\n1\nx\n", f"{FORMAT}\nabc\napproved\n", f"{FORMAT}\nabc\nliked\nnow\nAnna\n"):
        with pytest.raises(InvalidInput, match="not a signature of a document"):
            check_signature(document, key.sign(text), signer.public)


LINES = [("", ""), ("Anna\nBen", ""), (" Anna", ""), ("Anna", "a\nb"), ("Anna", "x" * 501), ("A\x00", "")]


@pytest.mark.parametrize(("name", "statement"), LINES)
def test_a_line_that_is_none_is_refused(signer: Signer, document: Path, name: str, statement: str) -> None:
    with pytest.raises(InvalidInput, match=r"^(name|statement): "):
        sign_document(document, signer.key(), Meaning.APPROVED, name, statement)


def test_a_key_that_cannot_be_trusted_is_refused(signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no key that this passphrase opens"):
        read_personal_key(signer.private, signer.public, "another one")
    other = Signer(tmp_path / "other", "ben@hospital.example")
    with pytest.raises(InvalidInput, match="not the private half"):
        read_personal_key(other.private, signer.public, PASSPHRASE)
    other.private.chmod(0o644)
    with pytest.raises(InvalidInput, match="mode 0644"):
        read_personal_key(other.private, other.public, PASSPHRASE)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_personal_key(tmp_path / "none.key", other.public, PASSPHRASE)
    with pytest.raises(InvalidInput, match="no public key"):
        check_signature(other.public, "", tmp_path / "none.pub")
    with pytest.raises(InvalidInput, match="File exists"):
        make_personal_key("carl", PASSPHRASE, other.private, tmp_path / "new.pub")
    with pytest.raises(InvalidInput, match="at least 8"):
        make_personal_key("carl", "short", tmp_path / "c.key", tmp_path / "c.pub")
    with pytest.raises(InvalidInput, match="key name"):
        make_personal_key("two words", PASSPHRASE, tmp_path / "c.key", tmp_path / "c.pub")
