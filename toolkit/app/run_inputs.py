"""What a run directory keeps of what the run was made of, so that report and replay need nothing else, wherever it is moved.

    procedure.yaml          the procedure, byte for byte
    inputs/profile.yaml     the device profile; inputs/tube.yaml: the tracking tube
    inputs/path_<step>.npy  positions of each servo_path step, float64 (k, 3), [m], frame B: what was followed, whether it came from a
                            recording or from a function, which is therefore never run again
    inputs/proofs.json      only with --proofs: what the run took over from the checked proofs, bounds exact
The SHA-256 of each is in RUN_START, under the hash chain. Arm and instrument data are part of the program: its hashes are there too.
"""

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from devices import load_profile, load_tube
from safety.audit.file_layer import PosixFiles
from toolkit import AuditFault, InvalidInput, SpecificationError
from toolkit.procedure import SampledPath, ServoPath, load_procedure

from .assembly import Assembly, put_together
from .proof_record import ProofRecord
from .version import version_info

PROCEDURE, PROFILE, TUBE = "procedure.yaml", "inputs/profile.yaml", "inputs/tube.yaml"
PROOFS = "inputs/proofs.json"


def run_meta(assembly: Assembly, directory: Path) -> dict[str, Any]:
    """Keep the inputs of a run in its directory; return what its RUN_START says: procedure, hashes, tube, build, the inputs.

    Raises:
        SpecificationError: a file changed between being read for this run and being kept. AuditFault: it cannot be written.
    """
    tube = {"e": assembly.tube.e.tolist(), "behind_max": assembly.tube.behind_max}
    meta = {"procedure": assembly.procedure.text, "hashes": assembly.hashes, "build": version_info(), "tube": tube}
    return meta | {"inputs": _keep(assembly, directory)}


def read_inputs(directory: Path, start: Mapping[str, Any]) -> Assembly:
    """The parts of a run that has been, from its directory alone. start: `meta` of its RUN_START.

    Raises:
        SpecificationError: an input is gone, or is not what the log says; each is named with its hash.
    """
    inputs = start.get("inputs")
    if not (isinstance(inputs, Mapping) and {PROCEDURE, PROFILE, TUBE} <= inputs.keys()):
        raise SpecificationError("the log names no kept inputs: it was written by a program that did not keep them", file=str(directory))
    kept = {name: checked_input(directory, name, stated) for name, stated in inputs.items()}
    procedure = load_procedure(directory / PROCEDURE)
    profile = load_profile(directory / PROFILE)
    paths = {}
    for index, step in enumerate(procedure.steps):
        if isinstance(step, ServoPath):
            name = _path_name(index)
            if name not in kept:
                raise SpecificationError("the log names no such input", file=str(directory / name))
            paths[index] = _path(directory / name, kept[name], inputs[name])
    proofs = ProofRecord.from_json(kept[PROOFS], str(directory / PROOFS)) if PROOFS in kept else None
    return put_together(procedure, profile, directory / TUBE, paths, proofs)


def _keep(assembly: Assembly, directory: Path) -> dict[str, dict[str, Any]]:
    procedure, profile = assembly.procedure, assembly.profile
    contents = {
        PROCEDURE: procedure.text.encode(),
        PROFILE: profile.path.read_bytes(),
        TUBE: assembly.tube_path.read_bytes(),
        **{_path_name(index): _npy(path) for index, path in assembly.paths.items()},
    }
    if assembly.proofs is not None:
        contents[PROOFS] = assembly.proofs.to_json()
    try:
        files = PosixFiles()
        files.make_directory(directory / "inputs")
        for name, content in contents.items():
            write_durably(directory / name, content)
        for folder in (directory / "inputs", directory):
            files.sync_directory(folder)
    except OSError as error:
        raise AuditFault(f"the inputs of the run cannot be kept in {directory}: {error.strerror or error}") from error
    again = load_profile(directory / PROFILE)
    if again.model_dump() != profile.model_dump() or not np.array_equal(load_tube(directory / TUBE, again).e, assembly.tube.e):
        raise SpecificationError("the profile or its tube changed while the run was starting", file=str(profile.path))
    inputs: dict[str, dict[str, Any]] = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()}
    inputs[PROFILE]["named"], inputs[TUBE]["named"] = procedure.device.profile, profile.tube_file
    for index, path in assembly.paths.items():
        step = procedure.steps[index]
        if isinstance(step, ServoPath):
            named = step.recording.file if step.recording is not None else step.generator.function if step.generator is not None else ""
            inputs[_path_name(index)] |= {"named": named, "named_sha256": path.sha256, "rate_hz": path.rate_hz}
    return inputs


def write_durably(file: Path, content: bytes) -> None:
    """Write a new file to the disk itself. Raises OSError, also when it is there already."""
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _path_name(index: int) -> str:
    return f"inputs/path_{index}.npy"


def _npy(path: SampledPath) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, path.positions_B_m.astype("<f8"), allow_pickle=False)
    return buffer.getvalue()


def checked_input(directory: Path, name: str, stated: object) -> bytes:
    """A kept input, if its SHA-256 is the stated one. Raises SpecificationError if it is not, gone, or not of this directory."""
    file = directory / name
    sha256 = stated.get("sha256") if isinstance(stated, Mapping) else None
    if not file.resolve().is_relative_to(directory.resolve()):
        raise SpecificationError("an input of a run lies in its directory", file=name)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SpecificationError(f"an input of the run is gone: {error.strerror}", file=str(file)) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SpecificationError(f"changed since the run: its SHA-256 is {found}, the log says {sha256}", file=str(file))
    return content


def _path(file: Path, content: bytes, stated: Mapping[str, Any]) -> SampledPath:
    try:
        return SampledPath(np.load(io.BytesIO(content), allow_pickle=False), float(stated["rate_hz"]), str(stated["named_sha256"]))
    except (ValueError, KeyError, InvalidInput) as error:
        raise SpecificationError(f"not the positions of a path: {error}", file=str(file)) from error
