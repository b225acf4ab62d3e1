"""Proofs in a run: nothing is taken from a proofs directory that the checker has not accepted and that is not about this very run."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import casadi as ca
import numpy as np

import verification
from toolkit import FloatArray, SpecificationError
from toolkit.graph import Tape
from verification.obligations import standing_inputs

from .assembly import Assembly, assemble
from .proof_inputs import render_inputs
from .proof_record import CheckedObligation, ProofRecord

CHECK_S_MAX = 600.0
_ACCEPTED = re.compile(r"ACCEPTED (?P<file>[0-9]{3}_[a-z0-9_]{1,60}\.json|summary\.json): (?P<claim>.+)")


def proof_inputs_of(assembly: Assembly) -> dict[str, bytes]:
    """The inputs of a procedure's proofs, with what the model's and the shield's code compute: a change of either changes a hash too.

    tape_points: body points. tape_rcm_offset: the remote centre's offset, where there is a shaft. tape_plan_check: all that certifies a
    plan, with analytic bounds K, since the proved ones come after it. transitions_*: what the running code does, extracted by running it.
    """
    arm = assembly.arm
    q = ca.SX.sym("q", arm.n)
    graphs = {"tape_points": ca.vec(arm.points_sx(q))}
    if arm.shaft is not None:
        graphs["tape_rcm_offset"] = ca.densify(arm.rcm_offset_sx(q))
    tapes = {role: Tape.of(ca.Function(role, [q], ca.cse([graph]))) for role, graph in graphs.items()}
    tapes["tape_plan_check"] = assembly.analytic_shield.tape
    standing = standing_inputs(assembly.tube.window, assembly.shield.n_max)
    return render_inputs(assembly, {role: tape.text.encode("ascii") for role, tape in tapes.items()} | standing)


def read_proofs(directory: Path) -> ProofRecord:
    """Have the checker check all of it in a process of its own, then read the bounds. What is claimed is what the checker says.

    Raises:
        SpecificationError: not a directory of proofs, or the checker does not accept it; with its first objection.
    """
    try:
        data = (directory / "summary.json").read_bytes()
        claims = _accepted(directory)
        summary = json.loads(data)
        files = [row["file"] for row in summary["obligations"] if row["file"] is not None]
        if sorted(claims) != sorted([*files, "summary.json"]):
            missing = sorted({*files, "summary.json"} ^ set(claims))
            raise SpecificationError(f"the checker's verdicts are not those of these files: {missing[:5]}", file=str(directory))
        bounds = {}
        for row in summary["obligations"]:
            if row["file"] is not None:
                certificate = (directory / row["file"]).read_bytes()
                if hashlib.sha256(certificate).hexdigest() != row["sha256"]:
                    raise SpecificationError("changed while it was read", file=str(directory / row["file"]))
                bounds.update(bounds_in(json.loads(certificate)))
        rows = tuple(
            CheckedObligation(row["id"], row["verdict"], claims.get(row["file"], ""), row["sha256"] or "") for row in summary["obligations"]
        )
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        raise SpecificationError(f"cannot be read as proofs: {error}", file=str(directory)) from error
    return ProofRecord(str(directory), hashlib.sha256(data).hexdigest(), summary["inputs"], bounds, rows)


def _accepted(directory: Path) -> dict[str, str]:
    """What the checker of this program, and no other that lies about, claims of each file; it must accept every one, once.

    The process starts where this package lies, and takes no module from the directory the user is in.
    Raises:
        SpecificationError: with the checker's first objection, or the first line of its that is no verdict.
    """
    root = str(Path(verification.__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, "-P", "-m", "verification.checker", str(directory.resolve())]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=CHECK_S_MAX)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("input ")]
    verdicts = [_ACCEPTED.fullmatch(line) for line in lines]
    objections = [line for line, verdict in zip(lines, verdicts, strict=True) if verdict is None]
    claims = {verdict["file"]: verdict["claim"] for verdict in verdicts if verdict is not None}
    if done.returncode != 0 or objections or len(claims) != len(lines) or not claims:
        objection = next(iter(objections), done.stderr.strip() or "a file has no verdict, or two")
        raise SpecificationError(f"the checker does not accept these proofs: {objection[:400]}", file=str(directory))
    return claims


def standoff_gain(assembly: Assembly, bounds: Mapping[str, FloatArray]) -> dict[str, tuple[float, float]]:
    """1/2 r' (K_analytic - K_proved) r by body point, [m]: at rest (r = e) and with every servo at full speed (r = e + |M| v w / 2).

    What the proved bounds shorten the stand-off by; below zero where a proof needed room above the analytic bound.
    """
    arm, profile, tube = assembly.arm, assembly.profile, assembly.tube
    analytic = arm.second_derivative_bounds(assembly.lower - tube.e, assembly.upper + tube.e)
    fast = tube.e + profile.tick_map.abs_M @ profile.command_class.v_ticks * (0.5 * tube.window)
    found = {}
    for point, K in bounds.items():
        if point in arm.point_names:
            less = analytic[arm.point_names.index(point)] - K
            found[point] = (0.5 * float(tube.e @ less @ tube.e), 0.5 * float(fast @ less @ fast))
    return found


def bounds_in(certificate: dict[str, object]) -> dict[str, FloatArray]:
    """K by function name of a `second_derivative_bound`; nothing of any other kind."""
    if certificate["kind"] != "second_derivative_bound":
        return {}
    function, box, bounds = certificate["function"], certificate["box"], certificate["bounds"]
    if not (isinstance(function, str) and isinstance(box, list) and isinstance(bounds, list)):
        raise ValueError("second_derivative_bound: function, box or bounds of another type")
    K = np.full((len(box), len(box)), np.nan)
    for entry in bounds:
        K[entry["j"], entry["l"]] = K[entry["l"], entry["j"]] = float.fromhex(entry["bound"])
    if not (np.isfinite(K).all() and (K >= 0.0).all()):
        raise ValueError(f"second_derivative_bound of {function}: a pair of joints has no bound")
    return {function.removeprefix("point:"): K}


def assemble_proved(path: Path | str, proofs: ProofRecord) -> Assembly:
    """Assemble a procedure with the proved bounds in the shield.

    Raises:
        SpecificationError: as `assemble`; or the proofs are about other inputs: names the role, and both hashes.
    """
    assembly = assemble(path, proofs)
    here = {role: hashlib.sha256(data).hexdigest() for role, data in proof_inputs_of(assembly).items()}
    for role in sorted({*here, *proofs.inputs}):
        mine, theirs = here.get(role, "absent"), proofs.inputs.get(role, "absent")
        if mine != theirs:
            problem = f"these proofs are about another {role}: it has SHA-256 {mine} here, {theirs} in the proofs"
            raise SpecificationError(problem, file=proofs.directory, field=role)
    return assembly
