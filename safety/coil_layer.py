"""Judges coil currents before each write: the proposal, else a hold, else the newest ones again, else a ramp to zero.

`decide` is a pure function of what it is given: a log that holds its arguments determines its result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from toolkit import CertifiedCommand, FloatArray, InvalidInput, Margin, TickArray, Verdict, finite_array

from .coil_thermal import CoilThermal, CoilThermalState
from .field_bound import FieldBound

AGAIN_MAX = 3
"""The newest currents may serve again so often: a bead that they do not hold moves away by e in about 60 ms."""
NO_PROPOSAL_S = 0.25
SIGMAS = 4.0


@dataclass(frozen=True, eq=False)
class CoilLayerLimits:
    """Of procedure and profile. current_A: of each coil. step_A: slew limit times period. The rest: see `CoilBounds`, assumptions B1-B6.

    noise_m: of a place seen in images. wall_error_m: of the wall. speed_m_s: fastest the bead moves at all, across_m_s: towards a wall.
    """

    period_s: float
    current_A: float
    step_A: float
    heat_W: float
    R20_ohm: FloatArray
    field_T: float
    gradient_T_m: float
    field_rate_T_s: float
    coil_temperature_C: float
    cem43_min: float
    image_age_s: float
    noise_m: float
    speed_m_s: float
    across_m_s: float
    settle_s: float
    wall_error_m: float
    bead_radius_m: float


@dataclass(frozen=True, eq=False)
class BeadSample:
    """What a cycle knows at t_s. p_m: where the bead is thought to be, (3,) [m], p_std_m the largest standard deviation of an axis.

    seen_m, image_s: where the newest image that was believed showed it, and when that was taken. temperature_c: by coil; None: unreadable.
    """

    t_s: float
    p_m: FloatArray
    p_std_m: float
    seen_m: FloatArray
    image_s: float
    temperature_c: tuple[float | None, ...]

    def __post_init__(self) -> None:
        for name in ("p_m", "seen_m"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (3,)))


@dataclass(frozen=True, eq=False)
class CoilMemory:
    """newest_mA: currents that were written last. proposed_s: when a proposal last came. again: how often the newest were repeated.

    stopped: why the ramp to zero was begun; empty while it was not. It is never left.
    """

    t_s: float
    newest_mA: TickArray
    thermal: CoilThermalState
    proposed_s: float
    again: int = 0
    stopped: str = ""


@dataclass(frozen=True, eq=False)
class CoilDecision:
    """certified: what to write. memory: what the next cycle begins with. blind_s: age of the newest image beyond what B2 allows, else 0.

    hold: the bead is to be held where it is (no image, no proposal) or, `retreat`, led to the middle of the vessel, in the next cycle.
    """

    certified: CertifiedCommand
    memory: CoilMemory
    blind_s: float
    hold: bool
    retreat: bool
    observed: Mapping[str, float] = field(default_factory=dict)


class Walls(Protocol):
    """What the robot must not touch: a vessel, a chamber."""

    def depth_m(self, p_m: FloatArray, /) -> float:
        """From p, (3,), to the wall: never more than it is; negative outside."""


class CoilLayer:
    """The rules, in order. Each current that is written passed every row of its verdict:

        PASS     the proposal: |i|, slew, heat, temperature, dose, |B|, gradient, dB/dt, distance to the wall
        BACKUP   the hold, or the newest currents again: all but the distance to the wall
        STOP     the same currents made smaller, all by one factor: heat, |B| and gradient only fall; slew and dB/dt are checked

    Distance to the wall: d - a - errors - 4 sigma - across (age of the image + period + settling). When it is used up while
    images come, the bead is led back to the middle; when it is used up without images, T_blind is over and currents go to zero: the
    procedure accepted that by name.
    """

    def __init__(self, limits: CoilLayerLimits, walls: Walls, fields: FieldBound, thermal: CoilThermal) -> None:
        self.limits, self._walls, self.fields, self.thermal = limits, walls, fields, thermal

    def begin(self, sample: BeadSample) -> CoilMemory:
        """At zero current, with the temperatures that the sensors say."""
        zero = np.zeros(self.limits.R20_ohm.size, dtype=np.int64)
        return CoilMemory(sample.t_s, zero, self.thermal.begin(sample.temperature_c), sample.t_s)

    def wall_margin_m(self, sample: BeadSample) -> float:
        """How much nearer the bead could be to the wall than it is thought to be, and still not touch it, at the end of the next period."""
        o = self.limits
        # The estimate may be wrong, the image is old: the nearer of the two counts, and then what B3 allows since the image.
        distance = min(self._walls.depth_m(p) for p in (sample.p_m, sample.seen_m))
        drift = o.across_m_s * (sample.t_s - sample.image_s + o.period_s + o.settle_s)
        return distance - o.bead_radius_m - o.wall_error_m - SIGMAS * o.noise_m - drift

    def ball_m(self, sample: BeadSample) -> float:
        """How far from the estimate the bead may be at the end of the period: by the filter, but no further than it can have come."""
        o = self.limits
        age = sample.t_s - sample.image_s + o.period_s
        reach = SIGMAS * o.noise_m + o.speed_m_s * age + float(np.linalg.norm(sample.p_m - sample.seen_m))
        return min(SIGMAS * sample.p_std_m + o.speed_m_s * o.period_s, reach)

    def decide(self, memory: CoilMemory, sample: BeadSample, proposal_mA: TickArray | None, hold_mA: TickArray | None) -> CoilDecision:
        """What to write now.

        Raises:
            InvalidInput: time that does not advance; currents of another number of coils.
        """
        o = self.limits
        if not sample.t_s > memory.t_s:
            raise InvalidInput(f"t_s: {sample.t_s} is not after {memory.t_s}")
        thermal = self.thermal.step(memory.thermal, _ampere(memory.newest_mA), sample.temperature_c, sample.t_s - memory.t_s)
        memory = replace(memory, t_s=sample.t_s, thermal=thermal, proposed_s=memory.proposed_s if proposal_mA is None else sample.t_s)
        wall = self.wall_margin_m(sample)
        age = sample.t_s - sample.image_s
        blind_s = age if not age <= o.image_age_s else 0.0
        stop = memory.stopped or self._must_stop(memory, sample, wall, blind_s)
        if stop:
            return self._ramp(replace(memory, stopped=stop), sample, wall, blind_s)
        refused, active = list[str](), list[str]()
        if blind_s:
            refused.append(f"no image for {age * 1e3:.0f} ms, at most {o.image_age_s * 1e3:.0f}")
        elif proposal_mA is None:
            refused.append("no proposal")
        else:
            margins = self.margins(memory, sample, proposal_mA, wall)
            bad = [name for name, margin in margins.items() if not margin.value >= 0.0]
            if not bad:
                return self._decided(memory, sample, proposal_mA, Verdict.PASS, margins, (), "", blind_s, wall)
            active += bad
            refused.append("the proposal exceeds " + ", ".join(bad))
        return self._back_up(memory, sample, hold_mA, wall, blind_s, refused, active)

    def margins(self, memory: CoilMemory, sample: BeadSample, current_mA: TickArray, wall_m: float) -> dict[str, Margin]:
        """Every row of these currents, SI: room that is left; negative or NaN is none."""
        o = self.limits
        if current_mA.shape != o.R20_ohm.shape:
            raise InvalidInput(f"{current_mA.size} currents for {o.R20_ohm.size} coils")
        i, di = _ampere(current_mA), _ampere(current_mA - memory.newest_mA)
        B, gradient, change = self._bound(sample, i, di)
        hottest = self.thermal.after(memory.thermal, i, o.period_s)
        heat = float(self.thermal.resistance_ohm(memory.thermal) @ i**2)
        return {
            "current": Margin(o.current_A - float(np.abs(i).max()), "A"),
            "slew": Margin(o.step_A - float(np.abs(di).max()), "A"),
            "heat": Margin(o.heat_W - heat, "W"),
            "coil_temperature": Margin(o.coil_temperature_C - float(np.max(hottest)), "K"),
            "thermal_dose": Margin(o.cem43_min - memory.thermal.dose_min, "min"),
            "field": Margin(o.field_T - B, "T"),
            "gradient": Margin(o.gradient_T_m - gradient, "T/m"),
            "field_rate": Margin(o.field_rate_T_s - change / o.period_s, "T/s"),
            "wall": Margin(wall_m, "m"),
        }

    def _bound(self, sample: BeadSample, i_A: FloatArray, di_A: FloatArray) -> tuple[float, float, float]:
        """|B|, gradient, |dB|. Where the bead may be outside the calibrated workspace nothing is known: twice the limits, so refused.

        The change by a ramp to zero is no more than the field, which was within its limit when these currents were certified.
        """
        o = self.limits
        try:
            return self.fields.bound(sample.p_m, i_A, di_A, self.ball_m(sample))
        except InvalidInput:
            return 2.0 * o.field_T, 2.0 * o.gradient_T_m, o.field_T

    def _must_stop(self, memory: CoilMemory, sample: BeadSample, wall_m: float, blind_s: float) -> str:
        o = self.limits
        if blind_s and not wall_m >= 0.0:
            return f"B2: no image for {blind_s * 1e3:.0f} ms, and nearer than that to the wall: T_blind is over"
        if not sample.t_s - memory.proposed_s <= NO_PROPOSAL_S and not blind_s:
            return f"no proposal for {sample.t_s - memory.proposed_s:.3f} s"
        if not memory.thermal.dose_min <= o.cem43_min:
            return f"thermal dose of {memory.thermal.dose_min:.3g} min CEM43, at most {o.cem43_min:g}"
        if not float(np.max(memory.thermal.temperature_c)) < o.coil_temperature_C:  # a sensor that says nothing counts as the limit
            hot = int(np.argmax(memory.thermal.temperature_c))
            return f"coil {hot + 1} is taken for {memory.thermal.temperature_c[hot]:.1f} °C, at most {o.coil_temperature_C:g}"
        return ""

    def _back_up(
        self,
        memory: CoilMemory,
        sample: BeadSample,
        hold_mA: TickArray | None,
        wall_m: float,
        blind_s: float,
        refused: list[str],
        active: list[str],
    ) -> CoilDecision:
        for again, current in ((False, hold_mA), (True, memory.newest_mA)):
            if current is None or (again and memory.again >= AGAIN_MAX):
                continue
            margins = self.margins(memory, sample, current, wall_m)
            bad = [name for name, margin in margins.items() if name != "wall" and not margin.value >= 0.0]
            if not bad:
                kept = replace(memory, again=memory.again + 1 if again else 0)
                reason = "; ".join([*refused, "the newest currents again" if again else "held"])
                return self._decided(kept, sample, current, Verdict.BACKUP, margins, tuple(active), reason, blind_s, wall_m)
            refused.append(f"{'the newest' if again else 'the hold'} exceeds {', '.join(bad)}")
        return self._ramp(replace(memory, stopped="; ".join(refused)), sample, wall_m, blind_s)

    def _ramp(self, memory: CoilMemory, sample: BeadSample, wall_m: float, blind_s: float) -> CoilDecision:
        """From the newest currents to zero, straight, in as few steps as slew and field rate allow; the first of them now."""
        o, newest = self.limits, memory.newest_mA
        _, _, change = self._bound(sample, _ampere(0 * newest), _ampere(newest))
        most = max(1e-3 * float(np.abs(newest).max()) / o.step_A, change / (o.field_rate_T_s * o.period_s))
        steps = max(1, int(np.ceil(most * 1.001)))
        plan = np.rint(newest[None] * (1.0 - np.arange(1, steps + 1) / steps)[:, None]).astype(np.int64)
        margins = self.margins(memory, sample, plan[0], wall_m)
        active = tuple(name for name, margin in margins.items() if not margin.value >= 0.0)
        certified = CertifiedCommand(plan[0], plan, Verdict.STOP, margins, active, memory.stopped)
        after = replace(memory, newest_mA=certified.plan[0], again=0)
        return CoilDecision(certified, after, blind_s, False, False, _observed(sample, wall_m))

    def _decided(
        self, memory: CoilMemory, sample: BeadSample, current: TickArray, verdict: Verdict, margins: dict[str, Margin],
        active: tuple[str, ...], reason: str, blind_s: float, wall_m: float,
    ) -> CoilDecision:  # fmt: skip
        certified = CertifiedCommand(current, current[None], verdict, margins, active, reason)
        after = replace(memory, newest_mA=certified.plan[0], again=memory.again if verdict is Verdict.BACKUP else 0)
        passed = verdict is Verdict.PASS
        return CoilDecision(certified, after, blind_s, not passed, not passed and not wall_m >= 0.0, _observed(sample, wall_m))


def _ampere(current_mA: TickArray) -> FloatArray:
    return np.asarray(1e-3 * current_mA, dtype=np.float64)


def _observed(sample: BeadSample, wall_m: float) -> dict[str, float]:
    return {"wall_m": wall_m, "age_s": sample.t_s - sample.image_s}
