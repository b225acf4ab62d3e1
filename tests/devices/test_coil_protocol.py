"""The protocol that is written once: its codec, its layout hash, and the header made from it."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import coil_protocol
from devices.coil_header import HEADER, c_header
from devices.coil_protocol import (
    MESSAGES,
    VERSION,
    Arm,
    Command,
    Hello,
    Identity,
    Message,
    Read,
    Status,
    foreign_identity,
    from_frame,
    layout_hash,
    layout_text,
    to_frame,
    wire_fields,
)
from devices.serial_transfer import PAYLOAD_MAX, Frame
from toolkit import InvalidInput

RANGE = {"u8": (0, 255), "u16": (0, 65535), "u32": (0, 2**32 - 1), "i16": (-(2**15), 2**15 - 1), "i32": (-(2**31), 2**31 - 1)}


@st.composite
def messages(draw: st.DrawFn) -> Message:
    kind = draw(st.sampled_from(MESSAGES))
    values: dict[str, Any] = {}
    for name, wire, count in wire_fields(kind):
        numbers = st.integers(*RANGE[wire])
        values[name] = draw(numbers) if count == 1 else draw(st.tuples(*[numbers] * count))
    return kind(**values)


@given(messages())
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert from_frame(to_frame(message), type(message)) == message


@given(messages(), st.data())
def test_a_changed_byte_an_other_id_or_another_length_is_no_message(message: Message, data: st.DataObject) -> None:
    frame = to_frame(message)
    place = data.draw(st.integers(0, len(frame.payload) - 1))
    flipped = bytearray(frame.payload)
    flipped[place] ^= data.draw(st.integers(1, 255))
    assert from_frame(Frame(frame.packet_id, bytes(flipped)), type(message)) is None
    for other in MESSAGES:
        assert other is type(message) or from_frame(Frame(other.ID, frame.payload), other) is None
    assert from_frame(Frame(frame.packet_id, frame.payload[:-1]), type(message)) is None


def test_read_and_off_differ_by_their_id_alone_and_the_check_covers_it() -> None:
    """CRC-8 does not cover the id: without the check, one damaged byte would make Off of Read, or Read of Off."""
    read = to_frame(Read(7))
    assert from_frame(Frame(coil_protocol.Off.ID, read.payload), coil_protocol.Off) is None


def test_another_layout_cannot_be_understood_but_its_identity_can(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = layout_hash()
    monkeypatch.setattr(coil_protocol, "_LAYOUT", bytes(8))
    command = to_frame(Command(1, 1, (0,) * 8))
    identity = to_frame(Identity(1, 9, tuple(bytes(8)), 8, 100, (0,) * 8, (0,) * 8))
    monkeypatch.undo()
    assert from_frame(command, Command) is None
    assert foreign_identity(identity) == (9, bytes(8))
    assert foreign_identity(to_frame(Hello(1))) is None
    assert mine == layout_hash()


def test_the_layout_text_names_every_field_and_number() -> None:
    text = layout_text()
    for message in MESSAGES:
        for name, kind, count in wire_fields(message):
            assert f" {name}:{kind}[{count}]" in text
    for enumeration in coil_protocol.ENUMERATIONS:
        assert all(f"{member.name}={member.value}" in text for member in enumeration)
    assert f"version {VERSION}\n" in text


def test_the_first_fields_of_an_identity_never_change_place() -> None:
    """Whoever reads an Identity of another version finds version and layout here, whatever else that version holds."""
    assert [name for name, _, _ in wire_fields(Identity)[:3]] == ["request", "version", "layout"]
    assert (Hello.ID, Identity.ID) == (0x20, 0x21)


def test_every_message_fits_a_frame() -> None:
    assert all(coil_protocol.field_bytes(message) + 4 <= PAYLOAD_MAX for message in MESSAGES)


@pytest.mark.parametrize(
    "message",
    [Read(65536), Read(-1), Command(0, 0, (0,) * 7), Command(0, 0, (2**31,) * 8), Arm(0, 1, (0,) * 9, 2, 1, 10, (0,) * 8)],
    ids=lambda message: type(message).__name__,
)
def test_what_fits_no_field_is_refused(message: Message) -> None:
    with pytest.raises(InvalidInput):
        to_frame(message)


def test_the_header_of_the_firmware_is_the_one_made_from_the_protocol() -> None:
    assert HEADER.read_text(encoding="utf-8") == c_header(), "run `python -m devices.coil_header`"


def test_no_field_is_forgotten_on_the_wire() -> None:
    assert all(len(wire_fields(message)) == len(dataclasses.fields(message)) for message in MESSAGES)
    assert Status.ID in {message.ID for message in MESSAGES}
    assert len({message.ID for message in MESSAGES}) == len(MESSAGES)
