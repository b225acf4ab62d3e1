"""The log of a micro-robot's run: its inputs kept beside it, its beginning, and what only such a log has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safety.audit import AuditLog, RecordKind, read_records
from safety.audit.file_layer import PosixFiles
from toolkit import AuditFault, FloatArray, SpecificationError

from .coil_assembly import CoilAssembly
from .log_options import LogOptions
from .robot_kind import KINDS, put_together
from .run_inputs import checked_input, write_durably
from .run_records import open_log_of
from .version import version_info

PROCEDURE, PROFILE, CALIBRATION = "procedure.yaml", "inputs/profile.yaml", "inputs/calibration.yaml"
RECORD = "inputs/record"


def open_robot_log(assembly: CoilAssembly, directory: Path, options: LogOptions) -> AuditLog:
    """Keep the run's inputs, open its log, record who began it and what changed since the last run of these coils.

    Raises:
        AuditFault: an earlier log did not end in order, or this one cannot be opened. SpecificationError: an input changed meanwhile.
    """
    meta = {"kind": assembly.procedure.kind, "procedure": assembly.procedure.text, "hashes": assembly.hashes, "build": version_info()}
    meta |= {"inputs": _keep(assembly, directory)}
    why = f"primum run {Path(assembly.procedure.file).name}"
    return open_log_of(meta, assembly.profile.name, assembly.hashes, directory, options, why)


def _keep(assembly: CoilAssembly, directory: Path) -> dict[str, dict[str, Any]]:
    contents = {
        PROCEDURE: assembly.procedure.text.encode(),
        PROFILE: assembly.profile.path.read_bytes(),
        CALIBRATION: assembly.calibration_path.read_bytes(),
    }
    named = {PROFILE: assembly.procedure.device.profile, CALIBRATION: assembly.procedure.calibration.file}
    if assembly.record_path is not None:
        record = RECORD + "".join(assembly.record_path.suffixes)
        contents[record], named[record] = assembly.record_path.read_bytes(), assembly.record_path.name
    try:
        files = PosixFiles()
        files.make_directory(directory / "inputs")
        for name, content in contents.items():
            write_durably(directory / name, content)
        for folder in (directory / "inputs", directory):
            files.sync_directory(folder)
    except OSError as error:
        raise AuditFault(f"the inputs of the run cannot be kept in {directory}: {error.strerror or error}") from error
    kept = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    if not set(assembly.hashes.values()) <= set(kept.values()):
        raise SpecificationError("an input changed while the run was starting", file=str(assembly.profile.path))
    return {name: {"sha256": digest} | ({"named": named[name]} if name in named else {}) for name, digest in kept.items()}


def is_robot_log(start: Mapping[str, Any]) -> bool:
    """Whether the `meta` of a RUN_START is of a micro-robot's run."""
    return start.get("kind") in KINDS


def read_robot_inputs(directory: Path, start: Mapping[str, Any]) -> CoilAssembly:
    """The parts of a run that has been, from its directory alone. start: `meta` of its RUN_START.

    Raises:
        SpecificationError: an input is gone, or is not what the log says; each is named with its hash.
    """
    inputs = start.get("inputs")
    if not (isinstance(inputs, Mapping) and {PROCEDURE, PROFILE, CALIBRATION} <= inputs.keys()):
        raise SpecificationError("the log names no kept inputs", file=str(directory))
    for name, stated in inputs.items():
        checked_input(directory, name, stated)
    record = next((directory / name for name in inputs if name.startswith(RECORD)), None)
    return put_together(directory / PROCEDURE, directory / PROFILE, directory / CALIBRATION, record)


@dataclass(frozen=True, eq=False)
class RobotTrack:
    """What the cycles say of the robot: estimate and path, (k, 3) [m]; age of the newest image, blind spells, (k,) [s]; images used."""

    estimate_m: FloatArray
    reference_m: FloatArray
    image_age_s: FloatArray
    blind_s: FloatArray
    images: int
    images_refused: int
    trouble: tuple[str, ...]
    selftest: Mapping[str, Any] | None


def read_robot_track(audit_directory: Path) -> RobotTrack:
    """Read what `read_run_log` leaves aside.

    Raises:
        SpecificationError: a record lacks what its kind says.
    """
    estimate, reference, age, blind, trouble = list[Any](), list[Any](), list[float](), list[float](), list[str]()
    images = refused = 0
    selftest: Mapping[str, Any] | None = None
    for record in read_records(audit_directory):
        data = record["data"]
        try:
            if record["kind"] == RecordKind.EVENT and "selftest" in data:
                selftest = dict(data["selftest"])
            if record["kind"] != RecordKind.CYCLE:
                continue
            sample = data["sample"]
            estimate.append([float(x) for x in sample["p_m"]])
            reference.append([float(x) for x in data["reference_tip_m"]])
            age.append(float(sample["t_s"]) - float(sample["image_s"]))
            blind.append(float(data["blind_s"]))
            images += len(data["frames"])
            refused += sum(not frame["used"] for frame in data["frames"])
            trouble += [str(said) for said in data.get("trouble", ()) if len(trouble) < 50]
        except (KeyError, TypeError, ValueError) as error:
            what = f"record {record.get('seq')}: not what {record['kind']} says: {type(error).__name__}: {error}"
            raise SpecificationError(what, file=str(audit_directory), field="data") from error
    shape = (-1, 3)
    return RobotTrack(
        np.array(estimate, dtype=np.float64).reshape(shape), np.array(reference, dtype=np.float64).reshape(shape),
        np.array(age), np.array(blind),
        images, refused, tuple(trouble), selftest,
    )  # fmt: skip
