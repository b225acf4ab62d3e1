"""The swimmer campaign: a helix on a figure of eight near a floor, by coils that are not as calibrated, seen late; MPC beside a PID.

Helix, fluid and floor are invented; the coils' calibration is real. Steerers: "mpc"; "box": PID, each component of the rotation vector
clipped, exact currents; "clipped": the same with currents of least norm, each clipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from controllers import BeadLimits, ClippedPid, CoilLimits, PidGains
from controllers.bead_mpc import CurrentProposal
from controllers.swimmer_mpc import SwimmerMpc, SwimmerMpcOptions
from toolkit import FloatArray, SolveReport
from toolkit.models.fluids import Fluid
from toolkit.models.magnetics import load_mpem, mpem_model
from toolkit.models.microrobots import Helix
from toolkit.models.microrobots.swim_path import FigureOfEight

from .bead_plant import WrongCoils
from .helix_plant import HelixPlant, TrueHelix

PERIOD_S, FRAME_S, LATENCY_S, FRAME_NOISE_M, SETTLE_S = 0.01, 1.0 / 60.0, 0.030, 5e-6, 3.0
TURNS, PITCH_M, RADIUS_M, FILAMENT_M, HEAD_M = 3.0, 500e-6, 150e-6, 40e-6, 150e-6
MOMENT_A_M2, DENSITY_KG_M3, FIELD_T = 1.0e-7, 1020.0, 8e-3
FLUID = Fluid("oil-like", 970.0, 0.1, "invented, like silicone oil")
"""Like silicone oil."""
FLOOR_M = -2.0e-3
HALF_WIDTH_M, HALF_HEIGHT_M = 2.0e-3, 0.75e-3
GAINS = PidGains(1.0, 0.05, 0.0)
"""The best of six that were tried at a turn in 60 s."""
LIMITS = BeadLimits(CoilLimits(np.full(8, 12.0), np.ones(8), 700.0), slew_A_s=400.0, field_T=0.012, gradient_T_m=0.3, field_rate_T_s=1.0)
CLIP_A = 0.8
"""What a small laboratory supply gives: the steerer with clipped currents is told this."""
Steerer = Literal["mpc", "box", "clipped"]
STEERERS: tuple[Steerer, ...] = ("mpc", "box", "clipped")


@dataclass(frozen=True)
class SwimmerCase:
    """One run, in truth. out: share of cycles out of step. above: share with the field turning faster than step-out; turn: largest

    |w| / w_so asked for. uses: largest part of each limit. field_turned_rad: largest angle between field asked for and made.
    """

    seed: int
    steerer: Steerer
    mae_m: float
    rms_m: float
    max_m: float
    above: float
    out: float
    turn: float
    wall_m: float
    uses: dict[str, float]
    field_turned_rad: float
    mpc_ms: tuple[float, float]
    failed: int

    @property
    def violations(self) -> tuple[str, ...]:
        """What was not kept, in words."""
        said = [f"{name} {use:.2f} times its limit" for name, use in self.uses.items() if not use <= 1.0]
        if not self.turn <= 1.0:
            said.append(f"asked to turn at {self.turn:.2f} times step-out, above it for {self.above:.0%} of the time")
        if self.out > 0.0:
            said.append(f"out of step for {self.out:.0%} of the time")
        if not self.wall_m > 0.0:
            said.append("touched the floor")
        if self.failed:
            said.append(f"{self.failed} cycles without a proposal")
        return tuple(said)

    @property
    def ok(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        errors = f"error {self.mae_m * 1e6:.0f} um mean, {self.rms_m * 1e6:.0f} rms, {self.max_m * 1e6:.0f} max"
        speed = f"{self.mpc_ms[0]:.2f} / {self.mpc_ms[1]:.2f} ms"
        kept = "; ".join(self.violations) or "all kept"
        return f"seed {self.seed} {self.steerer:<8} {errors}; floor {self.wall_m * 1e3:.2f} mm away; {speed}; {kept}"


def helix() -> Helix:
    """As the controller knows it."""
    return Helix(TURNS, PITCH_M, RADIUS_M, FILAMENT_M, "right", MOMENT_A_M2, DENSITY_KG_M3, FLUID, HEAD_M)


class PidSteerer(SwimmerMpc):
    """The PID of laboratories behind the same outward side. clip_A: None: exact currents, else of least norm and clipped."""

    clip_A: float | None = None

    def begin(self, path, t_s, seen_m):  # type: ignore[no-untyped-def]
        super().begin(path, t_s, seen_m)
        limit = np.full(3, self.step_out_rad_s)
        self._pid = ClippedPid(GAINS, np.eye(3) / helix().advance_m_rad, limit, self.options.period_s)

    def compute(self, t_s: float, i_A: FloatArray) -> CurrentProposal:
        estimate = self.observer.estimate(t_s)
        w = self._pid.compute(estimate.p_m, self._path(np.array([t_s]))[0][0])
        after = self.field.turned(w, self.options.period_s)
        i_next, why = self._currents(estimate.p_m, after, i_A)
        if self.clip_A is not None:
            i_next = np.clip(np.linalg.pinv(self.coils.actuation(estimate.p_m)[:3]) @ after.B_tesla, -self.clip_A, self.clip_A)
        self._push(t_s, after.spin_rad_s(w))
        self.field, self.w_rad_s = after, w
        return CurrentProposal(i_next, SolveReport(i_next is not None, why, 0, 0.0, 0.0), estimate)


def run_swimmer_case(calibration_file: Path, seed: int, seconds: float, steerer: Steerer = "mpc", turn_s: float = 60.0) -> SwimmerCase:
    """One run of `seconds`, faster than real time. turn_s: of the figure of eight."""
    rng = np.random.default_rng([seed, 20261124])
    calibration = load_mpem(calibration_file)
    path, options = FigureOfEight(np.zeros(3), HALF_WIDTH_M, HALF_HEIGHT_M, turn_s, 1.0), SwimmerMpcOptions(FIELD_T, PERIOD_S)
    kind = SwimmerMpc if steerer == "mpc" else PidSteerer
    pilot = kind(mpem_model(calibration), helix(), LIMITS, path, options)
    if isinstance(pilot, PidSteerer) and steerer == "clipped":
        pilot.clip_A = CLIP_A
    truth = TrueHelix(TURNS, PITCH_M, RADIUS_M, FILAMENT_M, HEAD_M, MOMENT_A_M2, DENSITY_KG_M3, FLUID.density_kg_m3, FLUID.viscosity_pa_s)
    start, _, along = (part[0] for part in path(np.zeros(1)))
    plant = HelixPlant(WrongCoils.draw(calibration, rng), truth, FLOOR_M, start, along, pilot.field.across)
    return _closed_loop(seed, steerer, pilot, plant, path, seconds, rng)


def run_swimmer_campaign(
    seeds: Sequence[int], calibration_file: Path, turn_s: float = 60.0, done: Callable[[SwimmerCase], None] | None = None
) -> list[SwimmerCase]:
    """Each seed with every steerer, once round the figure."""
    found = []
    for seed in seeds:
        for steerer in STEERERS:
            found.append(run_swimmer_case(calibration_file, seed, turn_s, steerer, turn_s))
            if done is not None:
                done(found[-1])
    return found


def _closed_loop(
    seed: int, steerer: Steerer, pilot: SwimmerMpc, plant: HelixPlant, path: FigureOfEight, seconds: float, rng: np.random.Generator
) -> SwimmerCase:
    i, failed, wall_m, turned, next_frame_s = pilot.hold_A, 0, np.inf, 0.0, FRAME_S
    seen: list[tuple[float, FloatArray]] = []
    errors, solve_s, turns, outs = list[float](), list[float](), list[float](), list[bool]()
    uses = dict.fromkeys(("current", "slew", "heat", "field", "gradient", "field rate"), 0.0)
    B_before: FloatArray | None = None
    for k in range(round(seconds / PERIOD_S)):
        t = k * PERIOD_S
        while seen and seen[0][0] + LATENCY_S <= t:
            pilot.frame(*seen.pop(0))
        proposal = pilot.compute(t, i)
        failed += proposal.i_A is None
        solve_s.append(proposal.report.time_s)
        to = i if proposal.i_A is None else proposal.i_A
        for at_s, p_m in plant.step(t, i, to, PERIOD_S):
            while next_frame_s <= at_s:
                seen.append((at_s, p_m + rng.normal(0.0, FRAME_NOISE_M, 3)))
                next_frame_s += FRAME_S
        B = plant.B_tesla
        turned = max(turned, float(np.arccos(np.clip(B @ pilot.field.across / np.linalg.norm(B), -1.0, 1.0))))
        _note_uses(uses, i, to, plant, 0.0 if B_before is None else float(np.linalg.norm(B - B_before)) / PERIOD_S)
        B_before, i = B, to
        wall_m = min(wall_m, plant.wall_distance_m())
        turns.append(float(np.linalg.norm(pilot.w_rad_s)) / pilot.step_out_rad_s)
        outs.append(plant.is_out)
        if t >= min(SETTLE_S, 0.5 * seconds):
            errors.append(float(np.linalg.norm(plant.p_m - path(np.array([t + PERIOD_S]))[0][0])))
    e, w = np.array(errors), np.array(turns)
    ms = np.percentile(np.array(solve_s) * 1e3, (50, 99))
    figures = float(e.mean()), float(np.sqrt((e**2).mean())), float(e.max()), float((w > 1.0).mean()), float(np.mean(outs)), float(w.max())
    return SwimmerCase(seed, steerer, *figures, float(wall_m), uses, turned, (float(ms[0]), float(ms[1])), failed)


def _note_uses(uses: dict[str, float], before: FloatArray, i: FloatArray, plant: HelixPlant, field_rate: float) -> None:
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
