"""What every log says beside its cycles: who began the run, what changed since the last one, which device, and how it ended."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serial.tools.list_ports import comports

from devices import DynamixelArm
from safety import Violation
from safety.audit import AuditLog, RecordKind
from safety.audit.machine_state import Acknowledgements, refuse_unresolved
from safety.audit.refused_access import RefusedAccesses
from toolkit import NoSafeCommand

from .assembly import Assembly
from .last_configuration import LastConfiguration
from .log_options import LogOptions
from .run_inputs import run_meta
from .version import version_info


def open_log(assembly: Assembly, directory: Path, options: LogOptions, why: str) -> AuditLog:
    """Open the log of a run in `directory`, and record who began it and why, and what changed on this machine since the last run.

    Args:
        why: said where the operator gave no reason.
    Raises:
        AuditFault: an earlier log of this machine did not end in order and nobody acknowledged it; or the log cannot be opened.
    """
    refuse_unresolved(options.state)
    return open_log_of(run_meta(assembly, directory), assembly.profile.name, assembly.hashes, directory, options, why)


def open_log_of(
    meta: Mapping[str, Any], device: str, hashes: Mapping[str, str], directory: Path, options: LogOptions, why: str
) -> AuditLog:
    """As open_log, of a run with this `meta`, on this device, made of what has these hashes."""
    refuse_unresolved(options.state)
    said = {**meta, "operator": options.operator, "subject": options.subject, "witness": options.witness}
    log = AuditLog(
        directory / "audit", said, second=options.second_place, operator_key=options.operator_key, state=options.state,
        witness=options.witness,
    )  # fmt: skip
    try:
        _record_beginning(log, device, hashes, options, why)
    except BaseException as error:
        log.__exit__(type(error), error, error.__traceback__)
        raise
    return log


def _record_beginning(log: AuditLog, device: str, hashes: Mapping[str, str], options: LogOptions, why: str) -> None:
    log.append(RecordKind.OPERATOR, {"action": "begin a run", "reason": options.reason or why}, actor=options.actor)
    acknowledged = Acknowledgements.read(options.state)
    for said in acknowledged.said:
        action = f"acknowledge that the log of run {said['run']} in {said['directory']} did not end in order"
        log.append(RecordKind.OPERATOR, {"action": action, "reason": said["reason"]}, actor=said["actor"])
    refused = RefusedAccesses.read(options.state)
    for said in refused.said:
        detail = f"at {said['utc_ns']} ns UTC, before this log was open: {said['what']}"
        log.append(RecordKind.SECURITY, {"event": "refused access", "detail": detail})
    last, values = LastConfiguration(options.state, device), _configuration(hashes)
    for change in last.changes(values):
        reason = f"differs from run {change.since}, the last of this device on this machine"
        data = {"name": change.name, "old": change.old, "new": change.new, "reason": reason}
        log.append(RecordKind.CONFIG, data, actor=options.actor)
    log.flush()
    acknowledged.recorded()
    refused.recorded()
    last.keep(values, log.run)


def _configuration(hashes: Mapping[str, str]) -> dict[str, str]:
    return {f"SHA-256 of {name}": value for name, value in hashes.items()} | {f"build: {k}": v for k, v in version_info().items()}


def record_device(log: AuditLog, device: DynamixelArm) -> None:
    """Record which device this is, and every register that connecting changed.

    The servos of this line have no serial number to read; the USB adapter in front of them has one where its maker gave it one.
    """
    servos = [{"id": servo.id, "model_number": servo.model_number, "firmware": servo.firmware} for servo in device.servos]
    serial_number = "simulated" if device.profile.is_simulated else _adapter_serial_number(device.bus.url)
    identity = {"profile": device.profile.name, "port": device.bus.url, "serial_number": serial_number, "servos": servos}
    log.append(RecordKind.EVENT, {"device": identity}, urgent=True)
    for change in (change for servo in device.servos for change in servo.changes):
        data = {"name": f"servo {change.id}: {change.register}", "old": change.old, "new": change.new}
        log.append(RecordKind.CONFIG, data | {"reason": "the device profile asks for it"})


def _adapter_serial_number(url: str) -> str | None:
    return next((port.serial_number for port in comports() if port.device == url), None)


@contextmanager
def closed_with_the_end(log: AuditLog, violation: Callable[[], Violation | None]) -> Iterator[AuditLog]:
    """A log whose last record says how what was done inside ended: an exception by its name, else whether an assumption had ended.

    Raises:
        AuditFault: the log could not be closed.
    """
    with log:
        yield log
        ended = violation()
        reason = "" if ended is None else f"{ended.assumption}: {ended.reason}"
        end = {"status": "completed", "exit_code": 0} if ended is None else {"status": "stopped", "exit_code": NoSafeCommand.exit_code}
        log.close(end | {"reason": reason, "problems": []})
