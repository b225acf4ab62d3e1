"""SerialTransfer on the wire: the framing of the Arduino coil drivers that micro-robot laboratories build.

    7E | packet id | overhead | length | payload (1..254) | CRC-8 | 81

The payload is stuffed so that 7E never occurs in it: each 7E becomes the distance to the next one, the last becomes 0, and `overhead` is
the index of the first (FF: there is none). The CRC (polynomial 0x9B, initial value 0) covers the stuffed payload only: neither id nor
length nor overhead. Eight bits over part of a frame are a weak check; what a coil does must not rest on them alone (see coil_protocol).

Source: PowerBroker2's SerialTransfer and pySerialTransfer, whose test vectors and encoder the tests compare with.
"""

from dataclasses import dataclass

from toolkit import InvalidInput

START, STOP = 0x7E, 0x81
PAYLOAD_MAX = 0xFE
_NONE_STUFFED = 0xFF
_HEAD, _TAIL = 4, 2


@dataclass(frozen=True)
class Frame:
    """One frame, unstuffed."""

    packet_id: int
    payload: bytes


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x9B) & 0xFF if crc & 0x80 else crc << 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc8(data: bytes) -> int:
    """CRC-8: polynomial 0x9B, initial value 0, not reflected, no final xor."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc


def encode(frame: Frame) -> bytes:
    """The bytes of a frame. Raises InvalidInput for an id outside a byte, or a payload of none or more than 254 bytes."""
    if not 0 <= frame.packet_id <= 0xFF:
        raise InvalidInput(f"packet id: {frame.packet_id} does not fit a byte")
    if not 1 <= len(frame.payload) <= PAYLOAD_MAX:
        raise InvalidInput(f"payload: {len(frame.payload)} bytes, from 1 to {PAYLOAD_MAX} fit a frame")
    stuffed = bytearray(frame.payload)
    following: int | None = None
    for index in range(len(stuffed) - 1, -1, -1):
        if stuffed[index] == START:
            stuffed[index] = 0 if following is None else following - index
            following = index
    overhead = _NONE_STUFFED if following is None else following
    return bytes((START, frame.packet_id, overhead, len(stuffed))) + stuffed + bytes((crc8(bytes(stuffed)), STOP))


class FrameParser:
    """Bytes in, whole frames out; whatever is no frame is skipped and counted, and no bytes make it raise.

    crc_errors: frames whose CRC did not fit. malformed: wrong length, overhead, stop byte, or a 7E where stuffing leaves none.
    discarded: bytes that belonged to no frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.crc_errors = 0
        self.malformed = 0
        self.discarded = 0

    def reset(self) -> None:
        """Forget an unfinished frame: what comes next is not its continuation."""
        self.discarded += len(self._buffer)
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`, in order of arrival."""
        self._buffer += data
        frames: list[Frame] = []
        while True:
            start = self._buffer.find(START)
            self._drop(len(self._buffer) if start < 0 else start)
            if self._is_hopeless():
                # Only the start byte goes: what a damaged length would swallow may hold the next whole frame.
                self.malformed += 1
                self._drop(1)
                continue
            if len(self._buffer) < _HEAD or len(self._buffer) < (size := _HEAD + self._buffer[3] + _TAIL):
                return frames
            stuffed = bytes(self._buffer[_HEAD : size - _TAIL])
            payload = _unstuff(stuffed, self._buffer[2])
            if self._buffer[size - 2] != crc8(stuffed):
                self.crc_errors += 1
                self._drop(1)
            elif self._buffer[size - 1] != STOP or payload is None:
                self.malformed += 1
                self._drop(1)
            else:
                frames.append(Frame(self._buffer[1], payload))
                del self._buffer[:size]

    def _is_hopeless(self) -> bool:
        """No continuation can make a frame of what the buffer begins with: found before waiting for the rest of it."""
        if len(self._buffer) < _HEAD:
            return False
        overhead, length = self._buffer[2], self._buffer[3]
        if not 1 <= length <= PAYLOAD_MAX or not (overhead < length or overhead == _NONE_STUFFED):
            return True
        return self._buffer.find(START, _HEAD, _HEAD + length) >= 0

    def _drop(self, count: int) -> None:
        self.discarded += count
        del self._buffer[:count]


def _unstuff(stuffed: bytes, overhead: int) -> bytes | None:
    """The payload, or None where a distance leads out of it."""
    payload = bytearray(stuffed)
    index = overhead
    while index != _NONE_STUFFED:
        if not index < len(payload):
            return None
        distance, payload[index] = payload[index], START
        if distance == 0:
            break
        index += distance
    return bytes(payload)
