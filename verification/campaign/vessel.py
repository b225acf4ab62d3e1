"""The vessel campaign: a bead pulled through a branching vessel against a pulsating flow, by coils that are not as calibrated.

The controller's model is the published calibration, Stokes' drag and a direction of flow; the plant is `bead_plant`, with Schiller and
Naumann's drag, walls, added mass and Womersley's profile. Two cameras see the bead at 60 Hz, with noise, 30 ms late.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers import BeadLimits, BeadMpc, BeadMpcOptions, BeadOptions, CoilLimits
from toolkit import FloatArray
from toolkit.models.fluids import BLOOD_LIKE, PARALLEL_X_MAX, AlongLine, CentreLine, PulseWaveform, Vessel, wall_factor_parallel
from toolkit.models.magnetics import load_mpem, mpem_model
from toolkit.models.microrobots import Bead, SoftMoment

from .bead_plant import BeadPlant, TrueBead, WrongCoils

PERIOD_S, FRAME_S, LATENCY_S, FRAME_NOISE_M = 0.01, 1.0 / 60.0, 0.030, 5e-6
SETTLE_S = 3.0
"""Tracking counts from here on: before, the flow is not known. Walls and limits count from the start."""
RADIUS_M, DENSITY_KG_M3, CORE_SHARE, SATURATION_A_M = 250e-6, 2500.0, 0.4, 4e5
BORE_M = 3e-3
PULSE_HZ, FLOW_M_S, INSET_M = 1.2, 0.01, 2e-3
LINE_MM = np.array([[-5.5, -1.5, -1.0], [-3.0, -0.2, -0.3], [0.0, 0.0, 0.0], [2.5, 1.2, 0.8], [5.0, 3.2, 1.2]])
OTHER_MM = np.array([[0.0, 0.0, 0.0], [2.0, -1.4, -0.3], [4.5, -3.5, -1.0]])
LIMITS = BeadLimits(CoilLimits(np.full(8, 12.0), np.ones(8), 700.0), slew_A_s=800.0, field_T=0.06, gradient_T_m=2.5, field_rate_T_s=8.0)
INNER = 0.9
"""The controller keeps to this share of field, gradient and rate: it knows the coils to 5 % only. The truth is held to all of them."""
WALL_FACTOR = wall_factor_parallel(RADIUS_M / (0.5 * BORE_M))
MAE_M_MAX = 14e-6
NEAR_WALL_M = RADIUS_M * (1.0 / PARALLEL_X_MAX - 1.0)
"""Nearer than this the plant's drag along a wall is not known: a run that comes here ends, and has failed."""


@dataclass(frozen=True)
class VesselCase:
    """One run. Errors of the bead's true position from its path, [m]; wall_m: least distance of its surface from the wall.

    uses: largest part of each limit that was used, in truth. mpc_ms: median and 99th percentile of a solve. failed: solves without result.
    """

    seed: int
    mae_m: float
    rms_m: float
    max_m: float
    wall_m: float
    uses: dict[str, float]
    mpc_ms: tuple[float, float]
    failed: int

    @property
    def ok(self) -> bool:
        return self.mae_m <= MAE_M_MAX and self.wall_m >= NEAR_WALL_M and all(use <= 1.0 for use in self.uses.values()) and not self.failed

    def __str__(self) -> str:
        errors = f"error mae {self.mae_m * 1e6:.1f} rms {self.rms_m * 1e6:.1f} max {self.max_m * 1e6:.0f} um"
        uses = ", ".join(f"{name} {use:.0%}" for name, use in self.uses.items())
        mpc = f"MPC {self.mpc_ms[0]:.1f}/{self.mpc_ms[1]:.1f} ms, {self.failed} without result"
        return f"seed {self.seed}: {errors}; wall {self.wall_m * 1e6:.0f} um away; {uses}; {mpc}"


def vessel_path(seconds: float) -> AlongLine:
    """Along the first branch at constant speed, from one end to the other in `seconds`."""
    return AlongLine(CentreLine(LINE_MM * 1e-3), INSET_M, seconds)


def branching_vessel() -> Vessel:
    """3 mm bore, two branches of equal share with the radii of Murray's law."""
    line, other, middle, last = CentreLine(LINE_MM * 1e-3), CentreLine(OTHER_MM * 1e-3), 2, len(LINE_MM) - 1
    radius = 0.5 * BORE_M
    branch = radius * 0.5 ** (1.0 / 3.0)

    return Vessel((
        line.segment("inlet", 0, middle, radius, "", 1.0),
        line.segment("left", middle, last, branch, "inlet", 0.5),
        other.segment("right", 0, len(OTHER_MM) - 1, branch, "inlet", 0.5),
    ))  # fmt: skip


def pulse(rng: np.random.Generator) -> PulseWaveform:
    """10 mm/s on the axis with four harmonics that together reach as much again: half of that is the mean over the section."""
    shares = np.array([0.55, 0.25, 0.13, 0.07])
    return PulseWaveform(PULSE_HZ, 0.5 * FLOW_M_S, 0.5 * FLOW_M_S * shares * np.exp(2j * np.pi * rng.random(4)))


def run_vessel_case(
    seed: int, calibration_file: Path, seconds: float = 60.0, pulse_error: float = 0.0, reversed_coil: int | None = None
) -> VesselCase:
    """One run of `seconds`. pulse_error: by how much the pulse rate that the controller is told is wrong, relative.

    reversed_coil: a planted fault; the run must not be ok.
    """
    rng = np.random.default_rng([seed, 20261123])
    calibration = load_mpem(calibration_file)
    path, volume = vessel_path(seconds), 4.0 / 3.0 * np.pi * RADIUS_M**3
    bead = Bead(RADIUS_M, DENSITY_KG_M3, SoftMoment(CORE_SHARE * volume, SATURATION_A_M), BLOOD_LIKE)
    options = BeadMpcOptions(problem=BeadOptions(period_s=PERIOD_S, field_T=(0.03, 0.0, 0.0)))
    told_Hz = PULSE_HZ * (1.0 + pulse_error)
    mpc = BeadMpc(mpem_model(calibration), bead, _inner(LIMITS), path, told_Hz, wall_factor=WALL_FACTOR, options=options)
    truth = TrueBead(RADIUS_M, DENSITY_KG_M3, CORE_SHARE * volume, SATURATION_A_M)
    start, coils = path(np.zeros(1))[0][0], WrongCoils.draw(calibration, rng)
    if reversed_coil is not None:
        coils.gain[reversed_coil] *= -1.0
    plant = BeadPlant(coils, truth, BLOOD_LIKE, branching_vessel(), pulse(rng), start)
    return _closed_loop(seed, mpc, plant, path, seconds, rng)


def _inner(limits: BeadLimits) -> BeadLimits:
    parts = INNER * limits.field_T, INNER * limits.gradient_T_m, INNER * limits.field_rate_T_s
    return BeadLimits(limits.coils, limits.slew_A_s, *parts)


def _closed_loop(seed: int, mpc: BeadMpc, plant: BeadPlant, path: AlongLine, seconds: float, rng: np.random.Generator) -> VesselCase:
    i = mpc.hold_A
    seen: list[tuple[float, FloatArray]] = []
    errors, solve_s, wall_m, failed = list[float](), list[float](), np.inf, 0
    uses = dict.fromkeys(("current", "slew", "heat", "field", "gradient", "field rate"), 0.0)
    next_frame_s, B_before = FRAME_S, None
    for k in range(round(seconds / PERIOD_S)):
        t = k * PERIOD_S
        while seen and seen[0][0] + LATENCY_S <= t:
            mpc.frame(*seen.pop(0))
        proposal = mpc.compute(t, i)
        failed += proposal.i_A is None
        solve_s.append(proposal.report.time_s)
        to = i if proposal.i_A is None else proposal.i_A
        for at_s, p_m in plant.step(t, i, to, PERIOD_S):
            while next_frame_s <= at_s:
                seen.append((at_s, p_m + rng.normal(0.0, FRAME_NOISE_M, 3)))
                next_frame_s += FRAME_S
        rate = 0.0 if B_before is None else float(np.linalg.norm(plant.B_tesla - B_before)) / PERIOD_S
        B_before = plant.B_tesla
        _note_uses(uses, i, to, plant, rate)
        i = to
        wall_m = min(wall_m, plant.wall_distance_m())
        if wall_m < NEAR_WALL_M:
            errors.append(np.inf)
            break
        if t >= SETTLE_S:
            errors.append(float(np.linalg.norm(plant.p_m - path(np.array([t + PERIOD_S]))[0][0])))
    e = np.array(errors)
    ms = tuple(float(x) for x in np.percentile(np.array(solve_s) * 1e3, (50, 99)))
    return VesselCase(seed, float(e.mean()), float(np.sqrt((e**2).mean())), float(e.max()), float(wall_m), uses, (ms[0], ms[1]), failed)


def _note_uses(uses: dict[str, float], before: FloatArray, i: FloatArray, plant: BeadPlant, field_rate: float) -> None:
    coils = LIMITS.coils
    now = {
        "current": float((np.abs(i) / coils.i_max_ampere).max()),
        "slew": float(np.abs(i - before).max()) / (LIMITS.slew_A_s * PERIOD_S),
        "heat": coils.heat(i) / coils.heat_max_watt,
        "field": float(np.linalg.norm(plant.B_tesla)) / LIMITS.field_T,
        "gradient": float(np.linalg.norm(plant.gradient_T_m)) / LIMITS.gradient_T_m,
        "field rate": field_rate / LIMITS.field_rate_T_s,
    }
    for name, use in now.items():
        uses[name] = max(uses[name], use)


def run_vessel_campaign(
    seeds: Sequence[int], calibration_file: Path, seconds: float = 60.0, done: Callable[[VesselCase, VesselCase], None] | None = None
) -> list[tuple[VesselCase, VesselCase]]:
    """Each seed twice: with the pulse rate as it is, and told 2 % too high."""
    found = []
    for seed in seeds:
        pair = run_vessel_case(seed, calibration_file, seconds), run_vessel_case(seed, calibration_file, seconds, 0.02)
        found.append(pair)
        if done is not None:
            done(*pair)
    return found
