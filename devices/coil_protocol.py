"""The extended coil protocol, written once: from this file come the Python codec, the C header of the firmware and the layout hash.

Messages travel in SerialTransfer frames. A payload is the message's fields, little-endian, in the order below, then a 32-bit check

    check = CRC-32(seed + packet id + fields),   seed = layout hash, for Hello and Identity a constant

so that a frame of another layout, with another id, or damaged beyond what CRC-8 finds is no message. Hello and Identity can be read
across versions (their first three fields never change), so that a refusal can name both versions and both layouts.

Every request carries a number that its reply repeats: a late reply is never taken for the answer to a later request. Only an accepted
Command feeds the device's watchdog; reading does not: a controller that is dead must not be kept alive by whoever looks at its coils.
"""

import hashlib
import struct
import zlib
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import IntEnum, IntFlag
from typing import Any, ClassVar, TypeVar

from toolkit import InvalidInput

from .serial_transfer import Frame

VERSION = 1
CHANNELS = 8
HASH_BYTES = 8
TEMPERATURE_UNREADABLE = -32768
FREE_SEED = b"primum coil"
"""Seed of the check of the messages that are read before the layouts are known to agree."""

_STRUCT = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "i32": "i"}


class Result(IntEnum):
    """What became of a request; anything but OK changed nothing."""

    OK = 0
    WRONG_VERSION = 1
    WRONG_LAYOUT = 2
    NOT_ARMED = 3
    WRONG_STATE = 4
    OVER_LIMIT = 5
    OLD_SEQUENCE = 6
    BAD_SETTING = 7
    TOO_HOT = 8


class State(IntEnum):
    """OFF: outputs released. TEST, RUN: currents are regulated. TRIPPED: taken to zero, then released. FROZEN: newest currents kept."""

    OFF = 0
    TEST = 1
    RUN = 2
    TRIPPED = 3
    FROZEN = 4


class Outcome(IntEnum):
    """What the device does when no valid command comes within the watchdog time. There is no third."""

    ZERO = 1
    FREEZE = 2


class Cause(IntFlag):
    """Why a channel ended the motion of all of them; zero where it did not."""

    WATCHDOG = 1
    OVER_CURRENT = 2
    NOT_FOLLOWING = 4
    OVER_TEMPERATURE = 8
    TEMPERATURE_UNREADABLE = 16


def _wire(kind: str, count: int = 1) -> Any:
    return field(metadata={"kind": kind, "count": count})


@dataclass(frozen=True)
class Hello:
    """Who are you? Answered with Identity in every state, by every version."""

    ID: ClassVar[int] = 0x20
    FROM_HOST: ClassVar[bool] = True
    request: int = _wire("u16")


@dataclass(frozen=True)
class Identity:
    """limit_ma: hard limit of each channel, of the device itself; zero: no such channel. watchdog_ms_max: longest it can be asked for."""

    ID: ClassVar[int] = 0x21
    FROM_HOST: ClassVar[bool] = False
    request: int = _wire("u16")
    version: int = _wire("u16")
    layout: tuple[int, ...] = _wire("u8", HASH_BYTES)
    channels: int = _wire("u8")
    watchdog_ms_max: int = _wire("u16")
    limit_ma: tuple[int, ...] = _wire("i32", CHANNELS)
    test_limit_ma: tuple[int, ...] = _wire("i32", CHANNELS)


@dataclass(frozen=True)
class Arm:
    """Regulate from zero. mode: State.TEST or State.RUN. limit_ma: at most the device's own; in TEST its test limit holds as well.

    A channel with limit zero stays released, and its temperature does not matter.
    """

    ID: ClassVar[int] = 0x22
    FROM_HOST: ClassVar[bool] = True
    request: int = _wire("u16")
    version: int = _wire("u16")
    layout: tuple[int, ...] = _wire("u8", HASH_BYTES)
    mode: int = _wire("u8")
    outcome: int = _wire("u8")
    watchdog_ms: int = _wire("u16")
    limit_ma: tuple[int, ...] = _wire("i32", CHANNELS)


@dataclass(frozen=True)
class Command:
    """Currents of all channels. Refused whole if one is over its limit, or the sequence is not newer than the last accepted one."""

    ID: ClassVar[int] = 0x23
    FROM_HOST: ClassVar[bool] = True
    request: int = _wire("u16")
    sequence: int = _wire("u32")
    current_ma: tuple[int, ...] = _wire("i32", CHANNELS)


@dataclass(frozen=True)
class Read:
    """Ask for a Status. Does not feed the watchdog."""

    ID: ClassVar[int] = 0x24
    FROM_HOST: ClassVar[bool] = True
    request: int = _wire("u16")


@dataclass(frozen=True)
class Off:
    """All channels to zero, then released. Accepted in every state; clears a trip."""

    ID: ClassVar[int] = 0x25
    FROM_HOST: ClassVar[bool] = True
    request: int = _wire("u16")


@dataclass(frozen=True)
class Status:
    """Reply to Arm, Command, Read and Off.

    sequence: of the newest accepted command. applied_ma: what is regulated to now. voltage_mv: at the coil's sense leads.
    temperature_cdeg: hundredths of a degree, TEMPERATURE_UNREADABLE where the sensor gives none. cause: bits of Cause by channel.
    damaged: frames that were none. gaps: sequence numbers that never came. refused: requests not answered OK. All three saturate.
    """

    ID: ClassVar[int] = 0x26
    FROM_HOST: ClassVar[bool] = False
    request: int = _wire("u16")
    result: int = _wire("u8")
    state: int = _wire("u8")
    outcome: int = _wire("u8")
    watchdog_ms: int = _wire("u16")
    uptime_ms: int = _wire("u32")
    sequence: int = _wire("u32")
    damaged: int = _wire("u16")
    gaps: int = _wire("u16")
    refused: int = _wire("u16")
    cause: tuple[int, ...] = _wire("u8", CHANNELS)
    applied_ma: tuple[int, ...] = _wire("i32", CHANNELS)
    measured_ma: tuple[int, ...] = _wire("i32", CHANNELS)
    voltage_mv: tuple[int, ...] = _wire("i32", CHANNELS)
    temperature_cdeg: tuple[int, ...] = _wire("i16", CHANNELS)


Message = Hello | Identity | Arm | Command | Read | Off | Status
MESSAGES: tuple[type[Message], ...] = (Hello, Identity, Arm, Command, Read, Off, Status)
ENUMERATIONS: tuple[type[IntEnum | IntFlag], ...] = (Result, State, Outcome, Cause)
_BY_ID = {message.ID: message for message in MESSAGES}
_FREE = (Hello, Identity)
Kind = TypeVar("Kind", Hello, Identity, Arm, Command, Read, Off, Status)


def wire_fields(message: type[Message]) -> list[tuple[str, str, int]]:
    """Name, kind and count of each field, in the order on the wire."""
    return [(f.name, f.metadata["kind"], f.metadata["count"]) for f in fields(message) if _is_wire(f)]


def field_bytes(message: type[Message]) -> int:
    """Length of the fields, without the check."""
    return _STRUCTS[message].size


def layout_text() -> str:
    """Everything two ends must agree on, one fact a line: what the layout hash is taken over."""
    lines = [f"primum coil protocol version {VERSION}", "little-endian, then CRC-32 of layout hash, packet id, fields"]
    lines += [f"enum {e.__name__} " + " ".join(f"{m.name}={m.value}" for m in e) for e in ENUMERATIONS]
    for message in MESSAGES:
        lines.append(f"message {message.ID} {message.__name__} " + " ".join(f"{n}:{k}[{c}]" for n, k, c in wire_fields(message)))
    lines.append(f"constant TEMPERATURE_UNREADABLE={TEMPERATURE_UNREADABLE}")
    return "\n".join(lines) + "\n"


def layout_hash() -> bytes:
    """The first eight bytes of the SHA-256 of the layout text."""
    return _LAYOUT


def to_frame(message: Message) -> Frame:
    """The frame of a message. Raises InvalidInput for a value its field cannot hold, or a wrong number of channels."""
    values: list[int] = []
    for name, _, count in wire_fields(type(message)):
        value = getattr(message, name)
        many = (value,) if isinstance(value, int) else tuple(value)
        if len(many) != count:
            raise InvalidInput(f"{type(message).__name__}.{name}: {len(many)} values, {count} go on the wire")
        values += many
    try:
        body = _STRUCTS[type(message)].pack(*values)
    except struct.error as error:
        raise InvalidInput(f"{type(message).__name__}: {message}: {error}") from error
    return Frame(message.ID, body + struct.pack("<I", _check(type(message), body)))


def from_frame(frame: Frame, kind: type[Kind]) -> Kind | None:
    """The message of a frame; None if it is none of this kind, of this layout, whole."""
    layout = _STRUCTS[kind]
    if frame.packet_id != kind.ID or len(frame.payload) != layout.size + 4:
        return None
    body, check = frame.payload[:-4], frame.payload[-4:]
    if struct.pack("<I", _check(kind, body)) != check:
        return None
    numbers = iter(layout.unpack(body))
    values: dict[str, Any] = {n: next(numbers) if c == 1 else tuple(next(numbers) for _ in range(c)) for n, _, c in wire_fields(kind)}
    return kind(**values)


def foreign_identity(frame: Frame) -> tuple[int, bytes] | None:
    """Version and layout hash of an Identity of whatever version: its first fields and its check never change place."""
    if frame.packet_id != Identity.ID or len(frame.payload) < 2 + 2 + HASH_BYTES + 4:
        return None
    body, check = frame.payload[:-4], frame.payload[-4:]
    if struct.pack("<I", _check(Identity, body)) != check:
        return None
    return int.from_bytes(body[2:4], "little"), body[4 : 4 + HASH_BYTES]


def _check(kind: type[Message], body: bytes) -> int:
    return zlib.crc32((FREE_SEED if kind in _FREE else _LAYOUT) + bytes((kind.ID,)) + body)


def _is_wire(wire: "Field[Any]") -> bool:
    return "kind" in wire.metadata and wire.default is MISSING


_STRUCTS = {m: struct.Struct("<" + "".join(f"{count}{_STRUCT[kind]}" for _, kind, count in wire_fields(m))) for m in MESSAGES}
_LAYOUT = hashlib.sha256(layout_text().encode()).digest()[:HASH_BYTES]
