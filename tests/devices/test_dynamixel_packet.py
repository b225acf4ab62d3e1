"""The codec against the vendor's own example packets, and its invariants."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.dynamixel_packet import (
    BROADCAST_ID,
    HEADER,
    Instruction,
    Packet,
    PacketParser,
    crc16,
    encode,
    ping,
    read,
    sync_read,
    sync_write,
    write,
)
from toolkit import InvalidInput

VECTORS = json.loads((Path(__file__).parent / "data" / "dynamixel_p2.json").read_text())["vectors"]
ids = st.one_of(st.integers(0, 252), st.just(BROADCAST_ID))
# Bytes that make stuffing happen often.
nasty = st.lists(st.one_of(st.sampled_from([b"\xff\xff\xfd", b"\xff", b"\xfd", HEADER]), st.binary(max_size=3)), max_size=20).map(b"".join)


def test_crc_of_the_catalogue_check_string() -> None:
    assert crc16(b"123456789") == 0xFEE8


def test_there_are_twenty_official_vectors() -> None:
    assert len(VECTORS) == 20


@pytest.mark.requirement("SAF-033")
@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_an_official_packet_is_parsed_and_encoded_to_the_same_bytes(vector: dict[str, str]) -> None:
    frame = bytes.fromhex(vector["hex"])
    parser = PacketParser()
    (packet,) = parser.feed(frame)
    assert (packet.instruction == Instruction.STATUS) == (vector["kind"] == "status")
    assert encode(packet) == frame
    assert parser.crc_errors == parser.discarded == 0


def test_the_builders_give_the_official_bytes() -> None:
    official = {v["name"]: bytes.fromhex(v["hex"]) for v in VECTORS}
    assert ping(1) == official["ping id1"]
    assert ping(BROADCAST_ID) == official["broadcast ping"]
    assert read(1, 132, 4) == official["read present position addr132 len4 id1"]
    assert write(1, 116, (512).to_bytes(4, "little")) == official["write goal position addr116 =512 id1"]
    assert sync_read(132, 4, (1, 2)) == official["sync read addr132 len4 ids 1,2"]
    goals = {1: (150).to_bytes(4, "little"), 2: (170).to_bytes(4, "little")}
    assert sync_write(116, 4, goals) == official["sync write addr116 len4 id1=150 id2=170"]


@given(ids, st.sampled_from(list(Instruction)), nasty, st.integers(0, 255))
def test_what_is_encoded_is_parsed_back(device_id: int, instruction: int, params: bytes, error: int) -> None:
    packet = Packet(device_id, instruction, params, error if instruction == Instruction.STATUS else 0)
    assert PacketParser().feed(encode(packet)) == [packet]


@given(ids, nasty)
def test_a_header_never_occurs_inside_a_packet(device_id: int, params: bytes) -> None:
    body = encode(Packet(device_id, Instruction.WRITE, params))[len(HEADER) : -2]
    assert HEADER not in body


@given(nasty, st.binary(max_size=40), st.data())
def test_bytes_may_arrive_in_any_pieces_and_after_any_garbage(params: bytes, garbage: bytes, data: st.DataObject) -> None:
    # Garbage that ends in the start of a header could swallow the packet's own header: that is one lost packet, not a wrong one.
    garbage = garbage.replace(b"\xff", b"\x00")
    packet = Packet(7, Instruction.WRITE, params)
    stream = garbage + encode(packet) + encode(packet)
    parser = PacketParser()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        stream = stream[size:]
    assert found == [packet, packet]
    assert parser.discarded == len(garbage)


@pytest.mark.requirement("SAF-033")
@given(nasty, st.data())
def test_a_flipped_bit_never_yields_another_packet(params: bytes, data: st.DataObject) -> None:
    frame = encode(Packet(3, Instruction.STATUS, params))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    damaged = bytearray(frame)
    damaged[bit // 8] ^= 1 << bit % 8
    assert PacketParser().feed(bytes(damaged)) == []


@pytest.mark.requirement("SAF-033")
@settings(max_examples=50)
@given(st.integers(0, 6), st.integers(1, 255))
def test_the_parser_recovers_behind_a_damaged_packet(position: int, change: int) -> None:
    good = Packet(5, Instruction.STATUS, b"\x01\x02\x03\x04")
    damaged = bytearray(encode(good))
    damaged[position] ^= change
    parser = PacketParser()
    # A damaged length may announce up to 2048 bytes: after that many more, every later packet has been found.
    follow = [Packet(6, Instruction.STATUS, bytes([i % 250] * 20)) for i in range(90)]
    found = parser.feed(bytes(damaged) + b"".join(encode(p) for p in follow))
    assert follow[-1] in found
    assert [p for p in found if p.id == 6] == follow


@pytest.mark.parametrize("device_id", [-1, 253, 255, 256])
def test_an_impossible_id_is_refused(device_id: int) -> None:
    with pytest.raises(InvalidInput, match="id"):
        ping(device_id)


def test_sync_write_refuses_a_value_of_the_wrong_size() -> None:
    with pytest.raises(InvalidInput, match="3 bytes for id 2"):
        sync_write(116, 4, {1: b"\0" * 4, 2: b"\0" * 3})


@pytest.mark.parametrize("wanted", [(), (1, 1), (1, 253)])
def test_sync_read_refuses_ids_that_are_not_distinct_and_possible(wanted: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="ids"):
        sync_read(132, 4, wanted)


NAMED = [(0, ""), (0x80, ""), (4, "DATA_RANGE_ERROR"), (0x87, "ACCESS_ERROR"), (0x55, "unknown error 85")]


@pytest.mark.parametrize(("error", "name"), NAMED)
def test_a_status_error_has_a_name(error: int, name: str) -> None:
    packet = Packet(1, Instruction.STATUS, b"", error)
    assert packet.error_name == name
    assert packet.alert == bool(error & 0x80)
