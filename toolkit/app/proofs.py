"""From a procedure to what its guarantee rests on: obligations with all their numbers, and what stays assumed."""

import json
from fractions import Fraction

import numpy as np

from toolkit import FloatArray
from toolkit.models.curvature import reversed_chain
from toolkit.procedure import AccelerationLimit, Region, RemoteCentre, SpeedLimit
from toolkit.tube import SAMPLE_GAP_PERIODS
from verification.obligations import (
    STANDING_ASSUMED,
    InclusionTask,
    Obligation,
    SecondDerivativeTask,
    StopLengthTask,
    TubeThresholdTask,
    region_of,
    standing_obligations,
)
from verification.obligations.inclusion import MARGIN_M
from verification.prover.inclusion import Path as PointPath
from verification.prover.inclusion import Question
from verification.prover.second_derivatives import SecondDerivatives

from .assembly import Assembly
from .float_error import float_error_sentence

NOT_BUILT = (*STANDING_ASSUMED,)
"""What the guarantee also rests on and no obligation covers yet."""
ENCLOSED = 1.5
"""The checker encloses the whole box of joint limits at once: room for what that adds to reach and bending."""


def obligations_of(assembly: Assembly, inputs: dict[str, bytes]) -> list[Obligation]:
    """Every obligation of a procedure that there is a mechanism for, in a fixed order. inputs: as the checker will read them."""
    lower, upper = inflated_limits(assembly)
    found = [*_second_derivatives(assembly, lower, upper), _stop_length(assembly, inputs), _tube_threshold(assembly, inputs)]
    for region in assembly.procedure.constraints:
        if isinstance(region, Region) and region.prove is not None:
            found += _inclusions(assembly, region, lower, upper)
    return [*found, *standing_obligations(assembly.tube.window, assembly.shield.n_max)]


def assumed_of(assembly: Assembly) -> list[str]:
    """Everything the guarantee takes for granted, and everything that is not proved, in one list."""
    a = assembly.procedure.assumptions
    named = (("A1", a.A1), ("A2", a.A2), ("A3", a.A3), ("A4", a.A4), ("A5", a.A5), ("A6", a.A6), ("A7", a.A7))
    return [f"{name}: {part.claim} {part.statement}" for name, part in named] + [
        "The tube of the servos is measured, not proved: no servo model is declared.",
        float_error_sentence(assembly),
        *NOT_BUILT,
    ]


def inflated_limits(assembly: Assembly) -> tuple[FloatArray, FloatArray]:
    """Joint limits (+) e, rounded outward."""
    e = assembly.tube.e
    return np.nextafter(assembly.lower - e, -np.inf), np.nextafter(assembly.upper + e, np.inf)


def _second_derivatives(assembly: Assembly, lower: FloatArray, upper: FloatArray) -> list[Obligation]:
    arm = assembly.arm
    used = {name for c in assembly.procedure.constraints if isinstance(c, Region) for name in c.bodies}
    points = {point for body in arm.bodies if body.name in used for point in body.points}
    found = []
    for point in (p for p in arm.body_points if p.name in points):
        wanted = SecondDerivatives((*arm.joints[: point.frame], *point.branch), point.p_m, lower, upper)
        sentence = f"The path of {point.name} bends no more than stated: |d2P / dq_j dq_l| <= K_jl over the joint limits grown by e."
        found.append(Obligation(f"K.{point.name}", sentence, ("A5", "A6"), SecondDerivativeTask(f"point:{point.name}", wanted)))
    if arm.shaft is not None and any(isinstance(c, RemoteCentre) for c in assembly.procedure.constraints):
        joints, end = reversed_chain(arm.joints[: arm.shaft.frame], arm.shaft.rcm_m)
        wanted = SecondDerivatives(joints, end, lower, upper)
        sentence = "The shaft's offset from the remote centre bends no more than stated: |d2f / dq_j dq_l| <= K_jl in the same box."
        found.append(Obligation("K.rcm_offset", sentence, ("A5", "A6"), SecondDerivativeTask("rcm_offset", wanted)))
    return found


def _stop_length(assembly: Assembly, inputs: dict[str, bytes]) -> Obligation:
    shield = json.loads(inputs["shield"])
    task = StopLengthTask(
        tuple(shield["v_ticks"]), tuple(shield["a_ticks"]), _milliseconds(assembly.profile.timing.period_ms), planned_step(assembly),
        _hex(shield["brake_m_s2"]), shield["n_max"],
    )  # fmt: skip
    limited = "of the command class within the speed limits"
    sentence = f"A setpoint and a stop from any step {limited} take at most N_max = {shield['n_max']} periods."
    return Obligation("stop_length", sentence, ("A3",), task)


def planned_step(assembly: Assembly) -> Fraction | None:
    """The most a rate-limited point can move per period as a stop is planned: linearised, and before rounding to ticks, [m].

    |J x| <= limit T + 1/2 fast' K fast + sum_j |J_j| tick_j / 2, fast = |M| v, tick = |M| 1. None: a point has no speed limit.
    """
    arm, profile = assembly.arm, assembly.profile
    rates = [c for c in assembly.procedure.constraints if isinstance(c, SpeedLimit | AccelerationLimit)]
    speeds = [(point, c.limit_m_s) for c in rates if isinstance(c, SpeedLimit) for point in c.points]
    if not rates or {point for c in rates for point in c.points} != {point for point, _ in speeds}:
        return None
    K = arm.second_derivative_bounds(*inflated_limits(assembly))
    tick, fast = profile.tick_map.abs_M.sum(axis=1), profile.tick_map.abs_M @ profile.command_class.v_ticks
    steps = []
    for point, limit in speeds:
        bends = K[arm.point_names.index(point)]
        reach = np.where(arm.prismatic, 1.0, bends.diagonal())  # |dP / dq_j| = |d2P / dq_j^2| for a joint that turns
        steps.append(limit * profile.period_s + ENCLOSED * float(0.5 * fast @ bends @ fast + reach @ tick / 2))
    return Fraction(max(steps))


def _tube_threshold(assembly: Assembly, inputs: dict[str, bytes]) -> Obligation:
    tube, profile = json.loads(inputs["tube"]), assembly.profile
    columns = ("encoder_excess", "encoder_error", "joint_error", "growth", "e_monitor", "e")
    exact = {key: tuple(Fraction(float(x)) for x in tube[key]) for key in columns}
    ticks = tuple(sum((Fraction(x) for x in row), Fraction(0)) for row in profile.tick_map.abs_M.tolist())
    task = TubeThresholdTask(
        names=tuple(tube["joints"]), **exact, tick_sum=ticks, safety_factor=Fraction(float(tube["safety_factor"])),
        gap_s=SAMPLE_GAP_PERIODS * _milliseconds(profile.timing.period_ms),
        age_s_max=Fraction(assembly.procedure.assumptions.A4.age_s_max), growth_periods=Fraction(float(tube["growth_periods"])),
        period_s=_milliseconds(profile.timing.period_ms),
    )  # fmt: skip
    sentence = (
        "A sample inside e_monitor leaves the joint inside e until the next one is acted on, tolerated misses included: "
        "e_monitor >= excess / f + error, e - e_monitor >= error + joint error + growth / f."
    )
    return Obligation("tube_threshold", sentence, ("A1", "A4"), task)


def _inclusions(assembly: Assembly, region: Region, lower: FloatArray, upper: FloatArray) -> list[Obligation]:
    arm = assembly.arm
    paths: dict[str, PointPath] = {p.name: ((*arm.joints[: p.frame], *p.branch), p.p_m) for p in arm.body_points}
    found = []
    for name in region.bodies:
        body = next(b for b in arm.bodies if b.name == name)
        points = tuple(paths[point] for point in body.points)
        asked = Question(points, region_of(region), region.keeps_in, body.radius_m + float(MARGIN_M), lower, upper)
        where = "inside" if region.keeps_in else "outside"
        sentence = f"From every configuration of the joint limits grown by e, {name} and 1 mm about it stay {where} {region.name}."
        found.append(Obligation(f"{region.name}.{name}", sentence, ("A1", "A5"), InclusionTask(region.name, name, asked)))
    return found


def _milliseconds(x: float) -> Fraction:
    return Fraction(x) / 1000


def _hex(x: str) -> Fraction:
    return Fraction(float.fromhex(x))
