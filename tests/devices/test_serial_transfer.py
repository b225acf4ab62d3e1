"""The framing against its authors' vectors and encoder, and its invariants."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.serial_transfer import PAYLOAD_MAX, START, STOP, Frame, FrameParser, crc8, encode
from toolkit import InvalidInput

vendor = importlib.import_module("pySerialTransfer.pySerialTransfer")
DATA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "serialtransfer.json").read_text())
VECTORS = {vector["name"]: bytes.fromhex(vector["hex"]) for vector in DATA["vectors"]}
# Bytes that make stuffing, false starts and false ends happen often.
nasty = st.lists(st.one_of(st.sampled_from([START, STOP, 0, 1, 0xFF, 0xFE]), st.integers(0, 255)), max_size=PAYLOAD_MAX).map(bytes)
payloads = nasty.filter(len)
frames = st.builds(Frame, st.integers(0, 255), payloads)


@pytest.mark.parametrize("case", DATA["crc8"], ids=lambda case: str(case["data"]))
def test_crcs_of_the_authors_tests(case: dict[str, Any]) -> None:
    assert crc8(bytes.fromhex(case["data"])) == case["crc_dec"]


def test_frames_of_the_authors_tests_both_ways() -> None:
    assert encode(Frame(0, bytes([1, 2, 3, 4, 5]))) == VECTORS["tx 01..05"]
    assert FrameParser().feed(VECTORS["rx 01..04 valid"]) == [Frame(0, bytes([1, 2, 3, 4]))]


def test_the_authors_damaged_frames_are_refused_and_counted() -> None:
    parser = FrameParser()
    assert parser.feed(VECTORS["rx crc error"]) == []
    assert (parser.crc_errors, parser.malformed) == (1, 0)
    assert parser.feed(VECTORS["rx stop byte error"]) == []
    assert parser.crc_errors == 2, "its CRC is wrong as well"


def test_a_right_crc_with_a_wrong_stop_byte_is_malformed() -> None:
    parser = FrameParser()
    assert parser.feed(VECTORS["rx 01..04 valid"][:-1] + b"\x00") == []
    assert (parser.crc_errors, parser.malformed) == (0, 1)


@given(frames)
@example(Frame(0x7E, bytes([START] * PAYLOAD_MAX)))
@example(Frame(0x81, b"\x00"))
def test_the_bytes_are_those_of_the_authors_encoder(frame: Frame) -> None:
    """pySerialTransfer, driven without a port: `send` would write what these three steps leave in txBuff."""
    link = vendor.SerialTransfer.__new__(vendor.SerialTransfer)
    link.crc = vendor.CRC()
    link.tx_buff = [" "] * vendor.MAX_PACKET_SIZE
    link.tx_buff[: len(frame.payload)] = list(frame.payload)
    link.calc_overhead(len(frame.payload))
    link.stuff_packet(len(frame.payload))
    stuffed = link.tx_buff[: len(frame.payload)]
    theirs = [START, frame.packet_id, link.overhead_byte, len(frame.payload), *stuffed, link.crc.calculate(stuffed), STOP]
    assert encode(frame) == bytes(theirs)


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), max_size=30))
def test_frames_survive_any_split(sent: list[Frame], cuts: list[int]) -> None:
    data, parser, got = b"".join(map(encode, sent)), FrameParser(), []
    for cut in cuts:
        got += parser.feed(data[:cut])
        data = data[cut:]
    assert got + parser.feed(data) == sent
    assert (parser.crc_errors, parser.malformed, parser.discarded) == (0, 0, 0)


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x7e", b"")), st.lists(frames, min_size=1, max_size=3))
def test_garbage_without_a_start_byte_costs_no_frame(garbage: bytes, sent: list[Frame]) -> None:
    parser = FrameParser()
    assert parser.feed(garbage + b"".join(garbage + encode(frame) for frame in sent)) == sent
    assert parser.discarded == len(garbage) * (1 + len(sent))


@given(nasty, frames)
def test_after_any_garbage_it_finds_its_way_back(garbage: bytes, frame: Frame) -> None:
    """Whatever came before, a run of quiet bytes ends every false frame, and the next one is read."""
    parser = FrameParser()
    parser.feed(garbage + bytes(2 * PAYLOAD_MAX))
    assert parser.feed(encode(frame)) == [frame]


@given(frames, st.data())
def test_one_wrong_bit_in_payload_or_crc_is_found(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(encode(frame))
    bit = data.draw(st.integers(8 * 4, 8 * (len(raw) - 1) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert frame not in FrameParser().feed(bytes(raw))


@given(st.binary(max_size=600))
def test_no_bytes_make_the_parser_raise(data: bytes) -> None:
    parser = FrameParser()
    got = parser.feed(data)
    kept = len(data) - parser.discarded - sum(len(encode(frame)) for frame in got)
    assert 0 <= kept < PAYLOAD_MAX + 6


def test_a_damaged_length_does_not_swallow_the_next_frame() -> None:
    first, second = bytearray(encode(Frame(1, b"abc"))), encode(Frame(2, b"defg"))
    first[3] = 200
    parser = FrameParser()
    assert parser.feed(bytes(first) + second) == [Frame(2, b"defg")], "the start byte inside the false payload gives it away at once"


@pytest.mark.parametrize("frame", [Frame(-1, b"a"), Frame(256, b"a"), Frame(0, b""), Frame(0, bytes(255))])
def test_what_fits_no_frame_is_refused(frame: Frame) -> None:
    with pytest.raises(InvalidInput):
        encode(frame)
