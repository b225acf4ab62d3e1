"""What must be true of every servo before it may be trusted: checked, written with torque off, and read back."""

from dataclasses import dataclass

from toolkit import DeviceFault, device_error

from .control_table import (
    BUS_WATCHDOG,
    DRIVE_MODE,
    GOAL_POSITION,
    HARDWARE_ERROR,
    HEALTH_BLOCK,
    HOMING_OFFSET,
    MAX_POSITION_LIMIT,
    MIN_POSITION_LIMIT,
    OPERATING_MODE,
    PRESENT_INPUT_VOLTAGE,
    PRESENT_POSITION,
    PRESENT_TEMPERATURE,
    PROFILE_ACCELERATION,
    PROFILE_VELOCITY,
    RETURN_DELAY,
    STATUS_RETURN_LEVEL,
    TORQUE_ENABLE,
    WATCHDOG_EXPIRED,
    WATCHDOG_UNIT_MS,
    OperatingMode,
    Register,
    hardware_error_text,
)
from .profile import ArmProfile
from .profile_parts import Servo
from .serial_bus import SerialBus

_MODES = {"position": OperatingMode.POSITION, "extended_position": OperatingMode.EXTENDED_POSITION}


@dataclass(frozen=True)
class ServoHealth:
    """One servo's own account: torque on, watchdog count (-1: expired), hardware error bits, status return level."""

    torque: bool
    watchdog: int
    hardware_error: int
    status_return_level: int


def read_register(bus: SerialBus, device_id: int, register: Register) -> int:
    """Value of one register."""
    return register.unpack(bus.read(device_id, register.address, register.size).params)


def read_health(bus: SerialBus, ids: tuple[int, ...]) -> dict[int, ServoHealth]:
    """Health of every servo, in one sync read."""
    address, length = HEALTH_BLOCK
    answers = bus.sync_read(address, length, ids)

    def field(data: bytes, register: Register) -> int:
        start = register.address - address
        return register.unpack(data[start : start + register.size])

    return {
        i: ServoHealth(
            bool(field(p.params, TORQUE_ENABLE)), field(p.params, BUS_WATCHDOG), field(p.params, HARDWARE_ERROR),
            field(p.params, STATUS_RETURN_LEVEL),
        )
        for i, p in answers.items()
    }  # fmt: skip


def write_checked(bus: SerialBus, device_id: int, register: Register, value: int) -> None:
    """Write a register and read it back. Raises DeviceFault when the servo refuses or keeps another value."""
    bus.write(device_id, register.address, register.pack(value))
    found = read_register(bus, device_id, register)
    if found != value:
        raise DeviceFault(f"{bus.url}: id {device_id}: {register.name}: wrote {value}, read back {found}")


@dataclass(frozen=True)
class RegisterChange:
    """A register of a servo that was given another value."""

    id: int
    register: str
    old: int
    new: int


@dataclass(frozen=True)
class ServoSetup:
    """What a servo said it is, and what connecting changed in it."""

    id: int
    model_number: int
    firmware: int
    changes: tuple[RegisterChange, ...]


def set_up_servo(bus: SerialBus, profile: ArmProfile, servo: Servo) -> ServoSetup:
    """Identity, then mode and limits, each written only where it differs, and read back. Returns who it is and what was written.

    Homing offset and reversed drive mode are refused rather than corrected: they shift or mirror the tick map, so either they or the
    profile's zeros are wrong, and only a person knows which.

    Raises:
        DeviceFault: another model, torque already on (it is not touched), or a register that cannot be made what it must be.
    """
    model, firmware = bus.ping(servo.id)
    if model != servo.model_number:
        raise DeviceFault(f"{bus.url}: id {servo.id}: model number {model}, the profile says {servo.model_number}")
    if read_register(bus, servo.id, TORQUE_ENABLE):
        raise DeviceFault(f"{bus.url}: id {servo.id}: torque is already on: connecting changes nothing; disable it, or let its owner end")
    error = read_register(bus, servo.id, HARDWARE_ERROR)
    if error:
        raise DeviceFault(f"{bus.url}: id {servo.id}: hardware error before start: {hardware_error_text(error)}")
    for register, meaning in ((HOMING_OFFSET, "shifts"), (DRIVE_MODE, "reverses, or times,")):
        value = read_register(bus, servo.id, register)
        if value != 0:
            raise DeviceFault(f"{bus.url}: id {servo.id}: {register.name} is {value}, must be 0: it {meaning} the tick map")
    wanted = [
        (STATUS_RETURN_LEVEL, 2),
        (RETURN_DELAY, profile.connection.return_delay_us // 2),
        (OPERATING_MODE, int(_MODES[profile.operating_mode])),
        (PROFILE_ACCELERATION, 0),
        (PROFILE_VELOCITY, 0),
        (BUS_WATCHDOG, 0),
    ]
    if profile.operating_mode == "position":
        wanted += [(MAX_POSITION_LIMIT, servo.max_ticks), (MIN_POSITION_LIMIT, servo.min_ticks)]
    changes = []
    for register, value in wanted:
        found = read_register(bus, servo.id, register)
        if found != value:
            write_checked(bus, servo.id, register, value)
            changes.append(RegisterChange(servo.id, register.name, found, value))
    return ServoSetup(servo.id, model, firmware, tuple(changes))


def health_problem(health: dict[int, ServoHealth], watchdog_ms: int) -> str:
    """In words what is wrong with servos that should be holding under torque; '' when nothing is."""
    problems = []
    for device_id, servo in health.items():
        if servo.hardware_error:
            problems.append(f"id {device_id}: hardware error: {hardware_error_text(servo.hardware_error)}")
        if not servo.torque:
            problems.append(f"id {device_id}: torque is off")
        if servo.watchdog == WATCHDOG_EXPIRED:
            problems.append(f"id {device_id}: bus watchdog expired: it heard nothing for {watchdog_ms} ms and holds")
        elif servo.watchdog != watchdog_ms // WATCHDOG_UNIT_MS:
            problems.append(f"id {device_id}: bus watchdog is {servo.watchdog * WATCHDOG_UNIT_MS} ms, was set to {watchdog_ms} ms")
        if servo.status_return_level != 2:
            problems.append(f"id {device_id}: status return level {servo.status_return_level}, must be 2")
    return "; ".join(problems)


def torque_on(bus: SerialBus, goals: dict[int, int], watchdog_ms: int) -> None:
    """Goals, then torque, then watchdogs of every servo, each read back. The goals come first, so that no servo moves.

    Raises:
        DeviceFault: a servo does not answer, refuses, or keeps another value; torque may be on by then.
    """
    for device_id, goal in goals.items():
        write_checked(bus, device_id, GOAL_POSITION, goal)
    for device_id, goal in goals.items():
        write_checked(bus, device_id, TORQUE_ENABLE, 1)
        if read_register(bus, device_id, GOAL_POSITION) != goal:
            raise DeviceFault(f"{bus.url}: id {device_id}: torque on replaced the goal {goal}")
    for device_id in goals:
        write_checked(bus, device_id, BUS_WATCHDOG, watchdog_ms // WATCHDOG_UNIT_MS)


def torque_off(bus: SerialBus, ids: tuple[int, ...]) -> list[str]:
    """Torque off and read back for every servo, then their watchdogs cleared; in words, what could not be confirmed.

    Torque first for all, so that a servo that does not answer delays nobody's torque by more than its own deadline.
    """
    problems = []
    for register in (TORQUE_ENABLE, BUS_WATCHDOG):
        for device_id in ids:
            try:
                write_checked(bus, device_id, register, 0)
            except Exception as error:  # whatever it is: the servos after this one must lose their torque too
                problems.append(str(device_error(error)))
    return problems


@dataclass(frozen=True)
class ProbeResult:
    """What one servo says about itself."""

    id: int
    model_number: int
    firmware: int
    operating_mode: int
    torque: bool
    position_ticks: int
    hardware_error: str
    voltage_v: float
    temperature_degc: int


def probe(profile: ArmProfile, port: str, ids: tuple[int, ...] | None = None) -> tuple[ProbeResult, ...]:
    """Look at every servo that answers. Reads only: nothing is written, torque is never touched.

    Args:
        profile: for baud rate, deadline and ids. port: any pyserial URL. ids: which to ask instead of the profile's; those that stay
            silent are left out.
    Raises:
        DeviceFault: the port cannot be opened, or a servo that answered stops answering.
    """
    line = profile.connection
    bus = SerialBus(port, line.baud_bits_per_s, line.reply_timeout_ms * 1e-3, line.read_retries)
    try:
        results = []
        for device_id, (model, firmware) in bus.scan(profile.servo_ids if ids is None else ids).items():
            wanted = (OPERATING_MODE, TORQUE_ENABLE, PRESENT_POSITION, HARDWARE_ERROR, PRESENT_INPUT_VOLTAGE, PRESENT_TEMPERATURE)
            mode, torque, position, error, voltage, temperature = (read_register(bus, device_id, register) for register in wanted)
            results.append(
                ProbeResult(
                    device_id, model, firmware, mode, bool(torque), position, hardware_error_text(error), voltage * 0.1, temperature
                )
            )
        return tuple(results)
    finally:
        bus.close()


