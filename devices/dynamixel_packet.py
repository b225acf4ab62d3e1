"""DYNAMIXEL protocol 2.0 on the wire: framing, byte stuffing, CRC-16, and a parser that finds its way back after garbage.

    FF FF FD 00 | id | length (2, little-endian) | instruction | [error] parameters | CRC (2, little-endian)

length counts everything after itself, CRC included, as transmitted (stuffing included). The CRC is CRC-16/UMTS (polynomial 0x8005,
initial value 0, nothing reflected) over everything before it. FF FF FD inside instruction and parameters is sent as FF FF FD FD,
so that a header can never occur inside a packet.

Source: ROBOTIS e-Manual, Protocol 2.0, and its twenty example packets, which the tests reproduce both ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from toolkit import InvalidInput

HEADER = b"\xff\xff\xfd\x00"
BROADCAST_ID = 0xFE
ALERT_BIT = 0x80
_PATTERN = b"\xff\xff\xfd"
_STUFFED = b"\xff\xff\xfd\xfd"
_LENGTH_MAX = 2048  # longer than any packet of a bus of servos: a larger number is a damaged length field, not a reason to wait


class Instruction(IntEnum):
    """Instruction field; STATUS marks a reply."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    FACTORY_RESET = 0x06
    REBOOT = 0x08
    CLEAR = 0x10
    STATUS = 0x55
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    BULK_READ = 0x92
    BULK_WRITE = 0x93


class StatusError(IntEnum):
    """Error number in a status packet, without the alert bit."""

    NONE = 0
    RESULT_FAIL = 1
    INSTRUCTION_ERROR = 2
    CRC_ERROR = 3
    DATA_RANGE_ERROR = 4
    DATA_LENGTH_ERROR = 5
    DATA_LIMIT_ERROR = 6
    ACCESS_ERROR = 7


@dataclass(frozen=True)
class Packet:
    """One packet, unstuffed. For a status packet the first parameter byte on the wire is `error`, not part of `params`."""

    id: int
    instruction: int
    params: bytes = b""
    error: int = 0

    @property
    def alert(self) -> bool:
        """The device has a hardware error: register 70 says which."""
        return bool(self.error & ALERT_BIT)

    @property
    def error_name(self) -> str:
        """Name of the error number, '' when there is none."""
        number = self.error & ~ALERT_BIT
        if number == 0:
            return ""
        return StatusError(number).name if number in list(StatusError) else f"unknown error {number}"


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x8005) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/UMTS: polynomial 0x8005, initial value 0, not reflected, no final xor."""
    crc = 0
    table = _CRC
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ table[(crc >> 8) ^ byte]
    return crc


def encode(packet: Packet) -> bytes:
    """The bytes of a packet.

    Raises:
        InvalidInput: id outside 0..252 and not broadcast, error outside a byte, or too many parameters.
    """
    if not (0 <= packet.id <= 252 or packet.id == BROADCAST_ID):
        raise InvalidInput(f"dynamixel id: {packet.id} is outside 0..252 and is not broadcast ({BROADCAST_ID})")
    if not 0 <= packet.error <= 0xFF:
        raise InvalidInput(f"dynamixel status error: {packet.error} does not fit a byte")
    lead = bytes((packet.instruction, packet.error)) if packet.instruction == Instruction.STATUS else bytes((packet.instruction,))
    body = (lead + packet.params).replace(_PATTERN, _STUFFED)
    length = len(body) + 2
    if not length <= _LENGTH_MAX:
        raise InvalidInput(f"dynamixel packet: {length} bytes, at most {_LENGTH_MAX}")
    frame = HEADER + bytes((packet.id, length & 0xFF, length >> 8)) + body
    crc = crc16(frame)
    return frame + bytes((crc & 0xFF, crc >> 8))


def ping(device_id: int) -> bytes:
    """Ask one device, or all (broadcast), for model number and firmware."""
    return encode(Packet(device_id, Instruction.PING))


def read(device_id: int, address: int, length: int) -> bytes:
    """Read `length` bytes from `address` of one device."""
    return encode(Packet(device_id, Instruction.READ, _address(address) + _address(length)))


def write(device_id: int, address: int, data: bytes) -> bytes:
    """Write `data` at `address` of one device."""
    return encode(Packet(device_id, Instruction.WRITE, _address(address) + data))


def sync_read(address: int, length: int, ids: Sequence[int]) -> bytes:
    """Read the same block of several devices: each answers with its own status packet, in the order of `ids`."""
    _distinct(ids)
    return encode(Packet(BROADCAST_ID, Instruction.SYNC_READ, _address(address) + _address(length) + bytes(ids)))


def sync_write(address: int, length: int, data: Mapping[int, bytes]) -> bytes:
    """Write `length` bytes at `address` of several devices at once. No device replies."""
    _distinct(list(data))
    params = _address(address) + _address(length)
    for device_id, value in data.items():
        if len(value) != length:
            raise InvalidInput(f"sync write: {len(value)} bytes for id {device_id}, expected {length}")
        params += bytes((device_id,)) + value
    return encode(Packet(BROADCAST_ID, Instruction.SYNC_WRITE, params))


class PacketParser:
    """Bytes in, whole packets out; garbage, damaged packets and false headers are skipped and counted.

    crc_errors: packets whose CRC did not fit. discarded: bytes that belonged to no packet.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.crc_errors = 0
        self.discarded = 0

    def reset(self) -> None:
        """Forget an unfinished packet: what comes next is not its continuation."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Packet]:
        """Packets completed by `data`, in order of arrival."""
        self._buffer += data
        packets: list[Packet] = []
        while True:
            self._drop_to_header()
            if len(self._buffer) < 7:
                return packets
            length = self._buffer[5] | self._buffer[6] << 8
            if not 3 <= length <= _LENGTH_MAX:
                self._drop(len(HEADER))
                continue
            if len(self._buffer) < 7 + length:
                return packets
            frame = bytes(self._buffer[: 7 + length])
            packet = _decode(frame)
            if packet is None:
                # Only the header goes: what a damaged length swallowed may contain the next whole packet.
                self.crc_errors += 1
                self._drop(len(HEADER))
                continue
            packets.append(packet)
            del self._buffer[: len(frame)]

    def _drop_to_header(self) -> None:
        start = self._buffer.find(HEADER)
        if start < 0:
            keep = next((k for k in (3, 2, 1) if self._buffer.endswith(HEADER[:k])), 0)
            start = len(self._buffer) - keep
        self._drop(start)

    def _drop(self, count: int) -> None:
        self.discarded += count
        del self._buffer[:count]


def _decode(frame: bytes) -> Packet | None:
    crc = crc16(frame[:-2])
    if frame[-2] != crc & 0xFF or frame[-1] != crc >> 8:
        return None
    body = frame[7:-2].replace(_STUFFED, _PATTERN)
    if body[0] == Instruction.STATUS:
        return Packet(frame[4], body[0], body[2:], body[1]) if len(body) >= 2 else None
    return Packet(frame[4], body[0], body[1:])


def _address(value: int) -> bytes:
    if not 0 <= value <= 0xFFFF:
        raise InvalidInput(f"dynamixel address or length: {value} is outside 0..65535")
    return bytes((value & 0xFF, value >> 8))


def _distinct(ids: Sequence[int]) -> None:
    if not ids or len(set(ids)) != len(ids) or not all(0 <= i <= 252 for i in ids):
        raise InvalidInput(f"dynamixel ids: {list(ids)} must be distinct and within 0..252")
