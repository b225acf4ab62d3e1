from base64 import b64encode
from pathlib import Path

import pytest

from safety.audit.note import SigningKey, VerifierKey, open_note
from toolkit import InvalidInput

pytestmark = pytest.mark.requirement("AUD-026")

VECTOR = (Path(__file__).parents[2] / "data" / "audit" / "signed-note" / "example.txt").read_text("utf-8")
VKEY = VECTOR.split("verifier key: ")[1].split("\n")[0]
NOTE = VECTOR.split("-----\n")[1]
KEY = SigningKey("example.com/rig", bytes(range(32)))


def test_the_specifications_own_note_opens_with_its_key() -> None:
    assert open_note(NOTE, VerifierKey.parse(VKEY)) == "This is an example message.\n"
    assert str(VerifierKey.parse(VKEY)) == VKEY


@pytest.mark.parametrize("old", ["example message", "Uw2Q", "neya"])
def test_a_changed_character_of_the_specifications_note_is_refused(old: str) -> None:
    with pytest.raises(InvalidInput):
        open_note(NOTE.replace(old, old[:-1] + "Q" if old[-1] != "Q" else old[:-1] + "A"), VerifierKey.parse(VKEY))


def test_what_is_signed_opens_and_nothing_else_does() -> None:
    note = KEY.sign("a line\nanother\n")
    assert open_note(note, KEY.verifier) == "a line\nanother\n"
    for forged in (note.replace("another", "one more"), note.removesuffix("\n"), note.replace("\n\n", "\n"), "a line\n", ""):
        with pytest.raises(InvalidInput):
            open_note(forged, KEY.verifier)


def test_a_note_may_carry_the_signatures_of_others() -> None:
    other = SigningKey("example.com/witness")
    text = "a line\n"
    note = other.sign(text) + KEY.sign(text).removeprefix(text + "\n")
    assert open_note(note, KEY.verifier) == open_note(note, other.verifier) == text


def test_another_key_of_the_same_name_opens_nothing() -> None:
    with pytest.raises(InvalidInput, match="not signed by"):
        open_note(KEY.sign("a line\n"), SigningKey("example.com/rig").verifier)


@pytest.mark.parametrize("text", ["", "\n", "no newline"])
def test_a_text_without_its_newline_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidInput, match="newline"):
        KEY.sign(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\there", "line\n"])
def test_a_name_that_would_not_parse_back_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="key name"):
        SigningKey(name)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000+",
        VKEY.replace("530d903a", "530d903b"),
        VKEY[:-4],
        "example.com/foo+530d903a+" + b64encode(b"\x04" + bytes(32)).decode(),
        "example.com/foo+530d903a+not base64!",
    ],
)
def test_what_is_no_public_key_is_refused(vkey: str) -> None:
    with pytest.raises(InvalidInput):
        VerifierKey.parse(vkey)
