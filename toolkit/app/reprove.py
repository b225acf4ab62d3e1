"""`primum audit reprove`: every window of every plan of a run again, in Arb, from its directory alone."""

import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safety.audit import RecordKind, read_lines, verify
from toolkit import SpecificationError
from verification.checker import RejectedError
from verification.reprove import Reproof, reprove
from verification.reprove.logged_plan import LoggedPlan, logged_plans

from .assembly import Assembly
from .proof_inputs import render_inputs
from .run_inputs import read_inputs
from .version import version_info

REPROVED, NOT_REPROVED, LOG_BROKEN = 0, 3, 5
"""Exit codes of a re-proof, beside 2: it cannot be made."""
FILE = "reproof.json"
PLANS_MAX = 200_000
NO_PREVENTION = "It detects afterwards; it prevents nothing."


@dataclass(frozen=True)
class RunReproof:
    """A run, re-proved. integrity: what `audit verify` says of its log, without a key; broken: it says no."""

    found: Reproof
    integrity: str
    broken: bool

    @property
    def exit_code(self) -> int:
        if not self.found.ok:
            return NOT_REPROVED
        return LOG_BROKEN if self.broken else REPROVED

    @property
    def statement(self) -> str:
        """One sentence: what was shown, of how much."""
        found = self.found
        extent = f"of {found.part}" if found.part else "of the run"
        if found.ok:
            return f"re-proved: every one of the {found.windows} windows {extent}. {NO_PREVENTION}"
        cycles = [f"cycle {cycle}" if cycle is not None else "enable" for cycle in found.cycles_failed]
        named = ", ".join(cycles[:10]) + (", and more" if len(cycles) > 10 else "")
        return f"NOT re-proved: {found.failed} findings {extent}, in {named}. {NO_PREVENTION}"


def reprove_run(
    directory: Path,
    from_s: float = 0.0,
    to_s: float = math.inf,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> RunReproof:
    """Re-prove the run in `directory` and write reproof.json there; needs nothing outside it but this program.

    from_s, to_s: which part, seconds since the log's first record.
    Raises:
        SpecificationError: no log, or a record that cannot be read; an input is gone or changed; another model here; nothing certified.
        InvalidInput: too much at once; a process died.
    """
    if not 0.0 <= from_s < to_s:
        raise SpecificationError(f"{from_s:g} to {to_s:g} s: 0 <= from < to", field="--from, --to")
    start = _start(directory)
    assembly = read_inputs(directory, start)
    _check_hashes(directory, start, assembly)
    plans = _plans(directory, assembly.arm.n, from_s, to_s)
    try:
        found = reprove(plans, render_inputs(assembly), _bounds_used(assembly), processes, progress)
    except RejectedError as error:
        raise SpecificationError(f"cannot be re-proved: {error}", file=str(directory)) from error
    whole = from_s == 0.0 and to_s == math.inf
    found.part = "" if whole else f"the part from {from_s:g} s to {'the end' if to_s == math.inf else f'{to_s:g} s'}"
    found.second_derivatives = "analytic" if assembly.proofs is None else f"proved, summary {assembly.proofs.digest}"
    integrity = verify(directory / "audit")
    run = RunReproof(found, str(integrity), not integrity.ok)
    _write(directory / FILE, run)
    return run


def _lines(directory: Path) -> Iterator[bytes]:
    return (line for _, _, line in read_lines(directory / "audit"))


def _start(directory: Path) -> dict[str, Any]:
    """`meta` of the first record."""
    try:
        first = json.loads(next(_lines(directory), b"null"))
        if first["kind"] == RecordKind.RUN_START and isinstance(first["data"]["meta"], dict):
            return dict(first["data"]["meta"])
    except (ValueError, TypeError, KeyError) as error:
        raise SpecificationError(f"the log's first record cannot be read: {error}", file=str(directory)) from error
    raise SpecificationError("the log does not begin with RUN_START", file=str(directory))


def _check_hashes(directory: Path, start: dict[str, Any], assembly: Assembly) -> None:
    """Arm and instrument data are part of the program: another model than the run's proves nothing about it."""
    logged, here = start.get("hashes"), assembly.hashes
    if not isinstance(logged, dict):
        raise SpecificationError("the log's first record names no hashes", file=str(directory))
    for name in sorted({*here, *logged}):
        if here.get(name) != logged.get(name):
            problem = f"{name}: SHA-256 {logged.get(name)} in the log, {here.get(name)} here: this would be about another run"
            raise SpecificationError(problem, file=str(directory))


def _plans(directory: Path, servos: int, from_s: float, to_s: float) -> list[LoggedPlan]:
    plans = []
    for plan in logged_plans(_lines(directory), servos):
        if from_s <= plan.t_s <= to_s:
            plans.append(plan)
        if len(plans) > PLANS_MAX:
            raise SpecificationError(f"more than {PLANS_MAX} plans: look at a part of the run with --from and --to", file=str(directory))
    if not plans:
        raise SpecificationError("nothing to re-prove: nothing was certified in this run, or in this part of it", file=str(directory))
    return plans


def _bounds_used(assembly: Assembly) -> dict[str, list[list[float]]]:
    """K by function, as the run's shield had it; used only to compare its arithmetic with exact arithmetic."""
    arm, e = assembly.arm, assembly.tube.e
    bounds = {point: K.tolist() for point, K in zip(arm.point_names, assembly.shield.K, strict=True)}
    proved = {} if assembly.proofs is None else assembly.proofs.bounds
    if arm.shaft is not None:
        bounds["rcm_offset"] = proved.get("rcm_offset", arm.rcm_offset_bounds(assembly.lower - e, assembly.upper + e)).tolist()
    return bounds


def _write(file: Path, run: RunReproof) -> None:
    """Whole or not at all."""
    stated = run.found.as_dict() | {"log": run.integrity, "statement": run.statement, "exit_code": run.exit_code, "build": version_info()}
    beside = file.with_suffix(".part")
    try:
        beside.write_text(json.dumps(stated, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(beside, file)
    except OSError as error:
        raise SpecificationError(f"cannot be written: {error.strerror}", file=str(file)) from error
