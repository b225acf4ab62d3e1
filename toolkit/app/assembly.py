"""The composition root: a procedure becomes an arm, a safety layer and the numbers everyone shares. Nothing is enabled here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from controllers import InverseKinematics
from devices import ArmProfile, load_profile, load_tube
from safety import Bounds, Constraint, Filter, InsertionRule, JointBox, Memory, Monitors, SafetyLayer, Shield
from safety.batch_function import points_function
from toolkit import FloatArray, InvalidInput, Pose, Tube
from toolkit.models import SerialArm
from toolkit.procedure import (
    MoveCp,
    Procedure,
    SampledPath,
    ServoPath,
    check_against_arm,
    check_regions,
    joint_vector,
    load_procedure,
    read_servo_paths,
)
from verification.plain_kinematics import body_points

from .proof_record import ProofRecord
from .safety_parts import constraints_of

N_MAX = 40
"""Longest plan, in periods: a stop from 50 mm/s at 1 m/s^2 takes 10, and a tick-rounded gentle one twice that."""
ENABLE_SPEED_MAX = 0.05
"""Above this joint speed [rad/s or m/s] the arm is moving, and enable is refused."""
REACH_EVERY_S = 0.05


@dataclass(frozen=True, eq=False)
class Assembly:
    """Everything a run is made of, checked against each other."""

    procedure: Procedure
    profile: ArmProfile
    tube_path: Path
    arm: SerialArm
    tube: Tube
    constraints: tuple[Constraint, ...]
    shield: Shield
    paths: dict[int, SampledPath]
    lower: FloatArray
    upper: FloatArray
    proofs: ProofRecord | None = None  # whose bounds the shield uses; None: analytic bounds

    def safety_layer(self) -> SafetyLayer:
        """A layer of its own for one run; shield and filter keep nothing between two calls, so every layer has the same ones."""
        monitors = Monitors(self.profile.tick_map, self.tube, self.procedure.assumptions.A4.age_s_max)
        return SafetyLayer(self.shield, self.filter, monitors, ENABLE_SPEED_MAX)

    @cached_property
    def filter(self) -> Filter:
        """Compiling its rows takes most of a second: once for an assembly."""
        eps_R_m = self.procedure.assumptions.A5.eps_R_m
        return Filter(self.arm, self.constraints, self.profile.tick_map, self.tube, self.profile.command_class, eps_R_m)

    @cached_property
    def analytic_shield(self) -> Shield:
        """The shield with analytic bounds, whichever this run's has: the same checks before and after K was proved."""
        if self.proofs is None:
            return self.shield
        return _shield(self.procedure, self.profile, self.arm, self.tube, self.constraints, None)

    @cached_property
    def float_difference_m(self) -> float:
        """Largest distance between the body points of the shield's graph and of plain numpy kinematics over the joint limits, [m].

        What can be said of A6 at start-up: two computations that share only the constants agree this well on 64 configurations.
        """
        q = np.random.default_rng(0).uniform(self.lower, self.upper, (64, self.arm.n))
        graph = points_function(self.arm)(q)[0].reshape(64, -1, 3)
        return float(np.abs(graph - body_points(self.arm, q)).max())

    @property
    def hashes(self) -> dict[str, str]:
        """What identifies this run's mathematics: SHA-256 by name."""
        limits = "\n".join(x.hex() for x in [*self.lower.tolist(), *self.upper.tolist()])
        files = {"profile": self.profile.path, "tube": self.tube_path}
        return {
            "procedure": self.procedure.sha256,
            "model": self.arm.digest,
            "limits": hashlib.sha256(limits.encode()).hexdigest(),
            "tick_map": self.profile.tick_map.digest,
            **{name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
            **({"proofs": self.proofs.digest} if self.proofs is not None else {}),
        }


def assemble(path: Path | str, proofs: ProofRecord | None = None) -> Assembly:
    """Read a procedure and everything it names, and refuse what cannot work, before any device is touched.

    proofs: checked proofs, whose second-derivative bounds replace the analytic ones (`proved` asks whether they are about this run).
    Raises:
        SpecificationError: any file is wrong, or they contradict each other; names file, line, field, value, allowed.
    """
    procedure = load_procedure(path)
    profile = load_profile(procedure.resolve(procedure.device.profile))
    _check_arm(procedure, profile)
    paths = read_servo_paths(procedure)
    check_regions(procedure, profile.arm_model.bodies, paths)
    assembly = put_together(procedure, profile, profile.tube_path, paths, proofs)
    _check_calibration(procedure)
    _check_stage(procedure, profile)
    check_numbers(assembly)
    check_start(assembly)
    check_reach(assembly)
    return assembly


def put_together(
    procedure: Procedure,
    profile: ArmProfile,
    tube_path: Path,
    paths: dict[int, SampledPath],
    proofs: ProofRecord | None = None,
) -> Assembly:
    """The parts of a run from what has been read. Not asked here: what matters only before a motion (a calibration's date, reach).

    Raises:
        SpecificationError: the tube is not for this profile and procedure, or the constraints are not for this arm.
    """
    arm, tube = profile.arm_model, load_tube(tube_path, profile)
    _check_tube(procedure, profile, tube)
    lower, upper = profile.joint_lower, profile.joint_upper
    constraints = tuple(constraints_of(procedure, arm, lower, upper))
    shield = _shield(procedure, profile, arm, tube, constraints, None if proofs is None else proofs.bounds)
    return Assembly(procedure, profile, tube_path, arm, tube, constraints, shield, paths, lower, upper, proofs)


def _check_arm(procedure: Procedure, profile: ArmProfile) -> None:
    wanted = (procedure.arm.model, procedure.arm.instrument)
    has = (profile.arm.model, profile.arm.instrument)
    if wanted != has:
        raise procedure.error(f"{wanted[0]} with {wanted[1]}: the device profile is for {has[0]} with {has[1]}", "arm")
    check_against_arm(procedure, profile.arm_model)


def _check_tube(procedure: Procedure, profile: ArmProfile, tube: Tube) -> None:
    a2, a3, a4 = procedure.assumptions.A2, procedure.assumptions.A3, procedure.assumptions.A4
    stated = (("behind_max", a2.behind_max, tube.behind_max), ("losses_max", a2.losses_max, tube.losses_max))
    for field, value, identified in stated:
        if value not in ("from_profile", identified):
            raise procedure.error(f"{value}: the tube was identified for {identified}", "assumptions", "A2", field)
    if a3.watchdog_ms != profile.connection.watchdog_ms:
        raise procedure.error(f"{a3.watchdog_ms}: the profile sets {profile.connection.watchdog_ms} ms", "assumptions", "A3", "watchdog_ms")
    if not a4.age_s_max <= profile.timing.age_max_ms * 1e-3:
        allowed = f"the tube was identified for at most {profile.timing.age_max_ms * 1e-3:g} s"
        raise procedure.error(f"{a4.age_s_max:g}: {allowed}", "assumptions", "A4", "age_s_max")
    _check_enable_offset(profile, tube)


def _check_enable_offset(profile: ArmProfile, tube: Tube) -> None:
    """The base case of the theorem: when torque comes on, each joint is within the tube of the first setpoint."""
    offset = profile.enable_offset
    if not np.all(offset <= tube.e):
        j = int(np.argmax(offset - tube.e))
        found = f"joint {profile.joint_names[j]} may be {offset[j]:.4g} from the first setpoint when torque comes on"
        allowed = f"encoder and joint error included, at most its tube e, {tube.e[j]:.4g}"
        raise profile.error(f"{profile.enable_step_ticks}: {found}: allowed: {allowed}", "enable_step_ticks")


def _shield(
    procedure: Procedure,
    profile: ArmProfile,
    arm: SerialArm,
    tube: Tube,
    constraints: tuple[Constraint, ...],
    proved_bounds: Mapping[str, FloatArray] | None,
) -> Shield:
    bounds = Bounds(procedure.assumptions.A6.float_error_m, procedure.assumptions.A5.eps_R_m)
    try:
        return Shield(arm, constraints, profile.tick_map, tube, profile.command_class, bounds, N_MAX, proved_bounds)
    except InvalidInput as error:
        raise procedure.error(str(error), "constraints") from error


def _check_stage(procedure: Procedure, profile: ArmProfile) -> None:
    stage_s, period_s = procedure.controller.stage_s, profile.period_s
    if not abs(round(stage_s / period_s) * period_s - stage_s) <= 1e-9 or stage_s < period_s:
        raise procedure.error(f"{stage_s:g}: a whole number of servo periods of {period_s:g} s", "controller", "stage_s")


def _check_calibration(procedure: Procedure) -> None:
    a5 = procedure.assumptions.A5
    if not a5.is_valid_on(date.today()):
        allowed = f"not in the future and at most {a5.valid_days_max} days old"
        raise procedure.error(f"{a5.calibrated.isoformat()}: allowed: {allowed}", "assumptions", "A5", "calibrated")


def check_numbers(assembly: Assembly) -> None:
    """Refuse a program whose kinematics differ from a second computation by more than the procedure's float_error_m (A6).

    Raises:
        SpecificationError: with the difference and the bound.
    """
    stated, found = assembly.procedure.assumptions.A6.float_error_m, assembly.float_difference_m
    if not found <= stated:
        problem = f"{stated:g}: two computations of the body points differ by {found:.3g} m"
        raise assembly.procedure.error(problem, "assumptions", "A6", "float_error_m")


def check_start(assembly: Assembly) -> None:
    """Every named joint position must be certifiable at rest: inside the limits, off the regions, tube included.

    Raises:
        SpecificationError: names the position, the constraints it violates and by how much.
    """
    for name in assembly.procedure.joint_positions:
        q = joint_vector(assembly.procedure, name, assembly.arm)
        ticks = assembly.profile.tick_map.to_ticks(q)
        certification = assembly.shield.certify(Memory.at_rest(ticks, assembly.tube.window), ticks[None])
        if not certification.ok:
            raise assembly.procedure.error(f"resting here {certification.reason}, tube and registration included", "joint_positions", name)


def check_reach(assembly: Assembly) -> None:
    """Follow the steps in joint space: every target and path must be reachable inside the limits, with the orientation it has.

    Raises:
        SpecificationError: the step, the time along its path, how far short, and the joint at its limit.
    """
    procedure, arm = assembly.procedure, assembly.arm
    if "home" not in procedure.joint_positions:
        return
    q = joint_vector(procedure, "home", arm)
    solver = InverseKinematics(arm)
    for i, step in enumerate(procedure.steps):
        if isinstance(step, MoveCp):
            q = _reach(assembly, solver, q, np.array([step.position_B_m]), 1.0, i, "position_B_m")
        elif isinstance(step, ServoPath):
            path = assembly.paths[i]
            every = max(1, round(REACH_EVERY_S * path.rate_hz))
            q = _reach(assembly, solver, q, path.positions_B_m[::every], path.rate_hz / every, i, "to_B")
        elif step.word in ("home", "move_jp"):
            q = joint_vector(procedure, getattr(step, "to", "home"), arm)


def _reach(
    assembly: Assembly, solver: InverseKinematics, q: FloatArray, positions: FloatArray, rate_hz: float, index: int, field: str
) -> FloatArray:
    R = assembly.arm.tip_pose(q).R
    insertion = [c for c in assembly.constraints if isinstance(c, InsertionRule)]
    box = next(c for c in assembly.constraints if isinstance(c, JointBox))
    for k, position in enumerate(positions):
        found = solver.solve_near(Pose(R, position), q)
        where = f"{np.round(position, 4).tolist()} m at t = {k / rate_hz:.2f} s"
        step = assembly.procedure.steps[index]
        if not found.reached:
            raise assembly.procedure.error(f"{where} cannot be reached: {found.refusal}", "steps", index, step.word, field)
        q = found.q
        room = np.minimum(q - box.lower, box.upper - q) - assembly.tube.e
        if not np.all(room >= 0.0):
            j = int(np.argmin(room))
            allowed = f"[{box.lower[j]:g}, {box.upper[j]:g}] less the tube {assembly.tube.e[j]:.3g}"
            raise assembly.procedure.error(
                f"{where}: joint {assembly.arm.joint_names[j]} = {q[j]:.4g} is outside {allowed}", "steps", index, step.word, field
            )
        for rule in insertion:
            if not q[rule.insertion] >= rule.insertion_m_min + 0.002:
                # 2 mm beyond the rule before the wrist may bend: dVRK's own buffer.
                allowed = f"insertion >= {rule.insertion_m_min + 0.002:.4f} m while the wrist is bent"
                raise assembly.procedure.error(f"{where}: insertion {q[rule.insertion]:.4f} m: {allowed}", "steps", index, step.word, field)
    return q
