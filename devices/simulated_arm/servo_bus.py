"""The simulated servos on their line: instructions in, status packets out, watchdogs, faults."""

from dataclasses import dataclass

from ..control_table import (
    BUS_WATCHDOG,
    FIRMWARE,
    GOAL_POSITION,
    HARDWARE_ERROR,
    MODEL_NUMBER,
    REALTIME_TICK_MODULUS,
    RETURN_DELAY,
    TORQUE_ENABLE,
    VELOCITY_RAD_PER_S,
    WATCHDOG_EXPIRED,
    WATCHDOG_UNIT_MS,
)
from ..dynamixel_packet import ALERT_BIT, BROADCAST_ID, Instruction, Packet, StatusError, encode
from ..profile import ArmProfile
from .faults import Faults
from .plant import Plant
from .servo import ServoRegisters


@dataclass(frozen=True)
class Reply:
    """Bytes for the line, and how long after the request's last byte they have all arrived, [s]."""

    data: bytes
    delay_s: float


class ServoBus:
    """n servos that share a line and a plant. Times are plant time, [s]."""

    def __init__(self, profile: ArmProfile, plant: Plant) -> None:
        self._plant = plant
        self._ids = profile.servo_ids
        self._byte_s = 10.0 / profile.connection.baud_bits_per_s
        self.servos = [ServoRegisters(servo.id, servo.model_number) for servo in profile.servos]
        self._heard_s = [0.0] * len(self._ids)
        self._sync_writes = 0
        self._replies = 0
        self._frozen_at: dict[int, tuple[int, int, int]] = {}
        self.faults = Faults()
        for index, ticks in enumerate(plant.encoder_ticks().tolist()):
            self.servos[index].set(GOAL_POSITION, ticks)

    def inject(self, faults: Faults) -> None:
        """Replace the faults in force; one-time faults happen now."""
        self.faults = faults
        self._plant.running_away = tuple(index for index, device_id in enumerate(self._ids) if device_id in faults.runaway)
        for index, device_id in enumerate(self._ids):
            servo = self.servos[index]
            servo.mode_locked = device_id in faults.mode_locked
            servo.set(HARDWARE_ERROR, faults.hardware_error.get(device_id, 0))
            if device_id in faults.torque_lost or device_id in faults.hardware_error:
                servo.set(TORQUE_ENABLE, 0)
                self._plant.set_torque(index, False)
            if device_id in faults.foreign_goal_ticks:
                goal = servo.get(GOAL_POSITION) + faults.foreign_goal_ticks[device_id]
                servo.set(GOAL_POSITION, goal)
                self._plant.set_goal(index, goal, self._plant.t_s)
        self._frozen_at = {i: v for i, v in self._frozen_at.items() if self._ids[i] in faults.frozen}

    def check_watchdogs(self) -> None:
        """A servo with torque on that has heard nothing for its watchdog time halts, holds, and closes its goals."""
        now = self._plant.t_s
        for index, servo in enumerate(self.servos):
            limit = servo.get(BUS_WATCHDOG)
            if limit > 0 and servo.get(TORQUE_ENABLE) and now - self._heard_s[index] > limit * WATCHDOG_UNIT_MS * 1e-3:
                servo.set(BUS_WATCHDOG, WATCHDOG_EXPIRED)
                self._plant.halt(index)

    def handle(self, packet: Packet, request_bytes: int) -> Reply | None:
        """Execute one instruction packet that has just arrived; what comes back, if anything."""
        addressed = self._addressed(packet)
        for index in addressed:
            self._heard_s[index] = self._plant.t_s
        answers = self._execute(packet, addressed)
        if not answers or self.faults.silent:
            return None
        frames = [self._status(index, error, params) for index, error, params in answers if self._ids[index] not in self.faults.mute]
        delay = sum(self.servos[index].get(RETURN_DELAY) * 2e-6 for index, _, _ in answers)
        delay += (request_bytes + sum(map(len, frames))) * self._byte_s + self.faults.extra_latency_ms * 1e-3
        return Reply(b"".join(frames), delay)

    def _addressed(self, packet: Packet) -> list[int]:
        if packet.instruction == Instruction.SYNC_READ:
            wanted = list(packet.params[4:])
        elif packet.instruction == Instruction.SYNC_WRITE:
            step = 1 + int.from_bytes(packet.params[2:4], "little")
            wanted = list(packet.params[4::step])
        elif packet.id == BROADCAST_ID:
            wanted = list(self._ids)
        else:
            wanted = [packet.id]
        return [self._ids.index(device_id) for device_id in wanted if device_id in self._ids]

    def _execute(self, packet: Packet, addressed: list[int]) -> list[tuple[int, StatusError, bytes]]:
        """(servo, error, parameters) of every status packet, in the order they appear on the line."""
        params = packet.params
        none = StatusError.NONE
        if packet.instruction == Instruction.PING:
            return [(i, none, s.read(MODEL_NUMBER.address, 2) + s.read(FIRMWARE.address, 1)) for i, s in self._of(addressed)]
        if packet.instruction in (Instruction.READ, Instruction.SYNC_READ):
            if len(params) < 4:
                return [(i, StatusError.DATA_LENGTH_ERROR, b"") for i in addressed]
            self._sample()
            address, length = int.from_bytes(params[:2], "little"), int.from_bytes(params[2:4], "little")
            return [self._read(i, address, length) for i in addressed]
        if packet.instruction == Instruction.WRITE:
            heard = [i for i in addressed if self._ids[i] not in self.faults.mute]
            return [(i, self._write(i, int.from_bytes(params[:2], "little"), params[2:]), b"") for i in heard]
        if packet.instruction == Instruction.SYNC_WRITE:
            self._sync_write(params)
            return []
        return [(i, StatusError.INSTRUCTION_ERROR, b"") for i in addressed]

    def _of(self, addressed: list[int]) -> list[tuple[int, ServoRegisters]]:
        return [(i, self.servos[i]) for i in addressed]

    def _read(self, index: int, address: int, length: int) -> tuple[int, StatusError, bytes]:
        try:
            return index, StatusError.NONE, self.servos[index].read(address, length)
        except IndexError:
            return index, StatusError.DATA_RANGE_ERROR, b""

    def _sync_write(self, params: bytes) -> None:
        self._sync_writes += 1
        if self.faults.drop_every and self._sync_writes % self.faults.drop_every == 0:
            return
        address, length = int.from_bytes(params[:2], "little"), int.from_bytes(params[2:4], "little")
        for start in range(4, len(params) - length, 1 + length):
            if params[start] in self._ids:
                self._write(self._ids.index(params[start]), address, params[start + 1 : start + 1 + length])

    def _write(self, index: int, address: int, data: bytes) -> StatusError:
        servo = self.servos[index]
        torque_before = servo.get(TORQUE_ENABLE)
        if address == TORQUE_ENABLE.address and data == b"\x00" and self._ids[index] in self.faults.torque_stuck:
            return StatusError.NONE
        error = servo.write(address, data)
        if error != StatusError.NONE:
            return error
        torque = servo.get(TORQUE_ENABLE)
        if torque != torque_before:
            self._plant.set_torque(index, bool(torque))
        writes_goal = address < GOAL_POSITION.address + GOAL_POSITION.size and GOAL_POSITION.address < address + len(data)
        if torque and (writes_goal or torque != torque_before):
            self._plant.set_goal(index, servo.get(GOAL_POSITION), self._plant.t_s)
        return error

    def _sample(self) -> None:
        """Present position, velocity and clock of every servo, at this instant."""
        clock = round(self._plant.t_s * 1e3) % REALTIME_TICK_MODULUS
        velocities = self._plant.servo_velocities() / VELOCITY_RAD_PER_S
        for index, (ticks, velocity) in enumerate(zip(self._plant.encoder_ticks().tolist(), velocities.tolist(), strict=True)):
            sample = (ticks, round(velocity), clock)
            if self._ids[index] in self.faults.frozen:
                sample = self._frozen_at.setdefault(index, sample)
            self.servos[index].set_sample(*sample)

    def _status(self, index: int, error: StatusError, params: bytes) -> bytes:
        self._replies += 1
        alert = ALERT_BIT if self.servos[index].get(HARDWARE_ERROR) else 0
        frame = encode(Packet(self._ids[index], Instruction.STATUS, params, error | alert))
        if self.faults.bad_crc and self._replies % self.faults.bad_crc == 0:
            frame = frame[:-1] + bytes((frame[-1] ^ 0xFF,))
        return frame
