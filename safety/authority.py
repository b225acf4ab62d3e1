"""Before a run: can these coils keep this bead off the wall, wherever on its path it is, with images this old and coils this wrong?

R2  Until a current that is decided on an image has taken hold, T = tau + tau_c + tau_p passes: age of the image, frame and period;
    currents; inertia, tau_p = m_eff / lowest drag. In T the flow carries the bead along the vessel, and it comes nearer to a wall by
    across T at most. Wherever the flow carries it from a point of the path, the wall is at least m = a + eps + across T away.
R1  For each point of the path and each normal n about it there is a *witness*: currents within all limits with

        n . (F + W) - drag across >= margin

    at the vertices of a prism about everything the true coils may see the bead at, for all gains. F is quadratic in the gains; n . F is
    1^T Q 1 for nominal ones, at least 1^T Q 1 - gamma sum|(Q + Q^T) 1| - gamma^2 sum|Q| for all; a turn by R takes 2 sin(axis/2) |F|.
R3  Holding currents end below the temperature limit, or the hold ends before it is reached.

Assumes: what is between the path's points, the normals and the vertices is covered by the caller's spacing and by half the largest second
difference across the prism: sampled, not proved. Carried: along streamlines of a steady flow that start at the path, at the highest speed;
that a bead is off its path is in `error_m`. Witnesses exist: that a controller finds one is not shown. Only a soft bead.
"""

import math
from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models.fluids import PulseWaveform, Vessel, wall_factor_perpendicular
from toolkit.models.magnetics import FieldModel
from toolkit.models.microrobots import MU_0, Bead, SoftMoment

from .coil_selftest import COPPER_PER_KELVIN, REFERENCE_CELSIUS
from .coil_thermal import CoilThermal
from .field_bound import CoilError, FieldBound

NORMALS, FACETS, CARRIED_STEPS = 12, 8, 20
WITNESS_FORCES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
WITNESS_FIELDS = (1.0, 1.17)
"""Outward forces that are tried for a witness, in multiples of what is asked, and fields, in multiples of what the controller wants."""


@dataclass(frozen=True)
class BeadMotion:
    """What the procedure states. image_s: age of the newest image and a period, tau. current_s: until new currents flow, tau_c.

    error_m: of a place seen, and of the wall. across_m_s: towards a wall, flow and own speed together; along_m_s: in any direction;
    flow_m_s: the fastest flow. force_margin_N: by which the pull off the wall exceeds drag. hold_s: how long a hold may last.
    """

    image_s: float
    current_s: float
    error_m: float
    across_m_s: float
    along_m_s: float
    flow_m_s: float
    force_margin_N: float
    hold_s: float

    def __post_init__(self) -> None:
        for name, most in (("image_s", 10.0), ("current_s", 10.0), ("error_m", 0.1), ("across_m_s", 1.0), ("along_m_s", 1.0)):
            finite_number(getattr(self, name), name, 0.0, most)
        finite_number(self.flow_m_s, "flow_m_s", 0.0, self.along_m_s)
        finite_number(self.force_margin_N, "force_margin_N", 0.0, 1.0)
        finite_number(self.hold_s, "hold_s", 0.0, 1e6)


@dataclass(frozen=True)
class AuthorityLimits:
    """current_A: of each coil. heat_W: of all, copper at its temperature limit. field_T: |B|, gradient_T_m: Frobenius norm, at the bead."""

    current_A: float
    heat_W: float
    field_T: float
    gradient_T_m: float

    def __post_init__(self) -> None:
        for name in ("current_A", "heat_W", "field_T", "gradient_T_m"):
            finite_number(getattr(self, name), name, 1e-9, 1e9)


@dataclass(frozen=True, eq=False)
class AuthorityFindings:
    """delay_s: T. required_m: m. room_m: least distance to the wall over m, for each point of the path; negative: too narrow there.

    force_N: for each point, the least force off the wall over drag and margin, of the best witness of the worst normal; -inf: not tried,
    or no current makes it within the limits. steady_C: where the hottest holding currents end. reasons: empty where the path is granted.
    """

    delay_s: float
    required_m: float
    room_m: FloatArray
    force_N: FloatArray
    steady_C: float
    reasons: tuple[str, ...]

    @property
    def grants(self) -> bool:
        """Nothing speaks against the path."""
        return not self.reasons


def t_blind_s(distance_m: float, bead: Bead, error_m: float, force_N: float, flow_m_s: float) -> float:
    """(d - a - eps) / (sup F / drag + w): so long after its last image a bead at d is off the wall, whatever the coils do.

    The lowest drag counts: Stokes', no wall. 0 where it could be at the wall already.
    """
    speed = finite_number(force_N, "force_N", 0.0, 1.0) / bead.drag.stokes_kg_s + finite_number(flow_m_s, "flow_m_s", 0.0, 10.0)
    room = finite_number(distance_m, "distance_m", -1.0, 1.0) - bead.radius_m - finite_number(error_m, "error_m", 0.0, 1.0)
    return max(0.0, room) / speed if speed > 0.0 else math.inf


def check_authority(
    model: FieldModel, bead: Bead, vessel: Vessel, path_m: FloatArray, field_T: FloatArray,
    limits: AuthorityLimits, error: CoilError, thermal: CoilThermal, motion: BeadMotion,
) -> AuthorityFindings:  # fmt: skip
    """R1 to R3 for the points of a path, (k, 3); field_T, (3,), is the field that the controller wants at the bead.

    Raises:
        InvalidInput: contradictory numbers; a bead that is not soft; coils that `FieldBound` does not cover; a path outside the vessel.
    """
    path, field = finite_array(path_m, "path_m", (None, 3)), finite_array(field_T, "field_T", (3,))
    if not (len(path) >= 2 and (np.linalg.norm(np.diff(path, axis=0), axis=1) > 0.0).all()):
        raise InvalidInput("path_m: two or more points, no two neighbours the same")
    delay = motion.image_s + motion.current_s + bead.time_constant_s
    required = bead.radius_m + motion.error_m + motion.across_m_s * delay
    room = np.array([_carried_m(vessel, bead, p, motion.flow_m_s * delay) for p in path]) - required
    witnesses = Witnesses(model, bead, field, limits, error, thermal, motion, delay)
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1)[:, None]
    forces, steady = np.full(len(path), -math.inf), -math.inf
    reasons = list[str]()
    narrow = int(np.argmin(room))
    if not room[narrow] >= 0.0:
        parts = f"radius {bead.radius_m * 1e3:.3g}, errors {motion.error_m * 1e3:.3g}, {motion.across_m_s * 1e3:.3g} mm/s"
        reasons.append(
            f"R2: a vessel too narrow: {(room[narrow] + required) * 1e3:.3g} mm to the wall, or to where it is no longer described, where"
            f" the flow may carry the bead from {_mm(path[narrow])}; {required * 1e3:.3g} mm are needed:"
            f" {parts} for {delay * 1e3:.0f} ms"
        )
    for k, (p, tangent) in enumerate(zip(path, tangents, strict=True)):
        if room[k] > 0.0:
            forces[k] = witnesses.least_N(p, tangent, float(room[k]))
        held = witnesses.currents(p, np.zeros(3))
        hottest = math.inf if held is None else float(thermal.steady_C(held).max())
        steady = max(steady, hottest)
        ambient = thermal.begin((thermal.ambient_C,) * model.n)
        if not hottest <= thermal.limit_C and not (held is not None and motion.hold_s <= thermal.until_limit_s(ambient, held)):
            reasons.append(f"R3: held at {_mm(p)} a coil ends at {hottest:.0f} C, at most {thermal.limit_C:g}, before {motion.hold_s:g} s")
            break
    weak = int(np.argmin(forces))
    if not forces[weak] >= 0.0 and room[weak] > 0.0:
        reasons.append(
            f"R1: at {_mm(path[weak])} no currents within the limits pull the bead off the wall: {forces[weak] * 1e6:.3g} uN left"
        )
    return AuthorityFindings(delay, required, room, forces, steady, tuple(reasons))


def _carried_m(vessel: Vessel, bead: Bead, p_m: FloatArray, length_m: float) -> float:
    """Least distance to the wall on the streamline from p, length_m long; 0 where it leaves the vessel."""
    still, p, least = PulseWaveform(1.0, 1e-3, np.empty(0, dtype=np.complex128)), np.array(p_m), vessel.wall_distance_m(p_m)
    for _ in range(CARRIED_STEPS):
        flow = vessel.flow_m_s(p, bead.fluid, still, 0.0)
        size = float(np.linalg.norm(flow))
        if not size > 0.0:
            break
        p = p + length_m / CARRIED_STEPS * flow / size
        if not vessel.is_inside(p):
            return 0.0
        least = min(least, vessel.wall_distance_m(p))
    return least


class Witnesses:
    """Currents that pull off the wall, and what they are worth at least."""

    def __init__(
        self, model: FieldModel, bead: Bead, field_T: FloatArray, limits: AuthorityLimits, error: CoilError, thermal: CoilThermal,
        motion: BeadMotion, delay_s: float,
    ) -> None:  # fmt: skip
        self._model, self._bead, self._field_T, self._limits, self._error, self._motion = model, bead, field_T, limits, error, motion
        self._bounds = FieldBound(model, error)
        self._R_ohm = thermal.R20_ohm * (1.0 + COPPER_PER_KELVIN * (thermal.limit_C - REFERENCE_CELSIUS))
        self._across_m, self._along_m = (motion.error_m + speed * delay_s for speed in (motion.across_m_s, motion.along_m_s))
        if not isinstance(bead.moment, SoftMoment):
            raise InvalidInput("bead.moment: R1 is for a soft bead, whose force is quadratic in the currents")
        self._slope = 3.0 * bead.moment.volume_m3 / MU_0
        self._least_share = (1.0 + (3.0 * limits.field_T / (MU_0 * bead.moment.saturation_a_m)) ** 8) ** -0.125

    def least_N(self, p: FloatArray, tangent: FloatArray, room_m: float) -> float:
        """Over all normals, the best witness' least force off the wall, drag and margin taken off."""
        bead, motion, least = self._bead, self._motion, math.inf
        drag = bead.drag.drag_kg_s(motion.along_m_s) * wall_factor_perpendicular(bead.radius_m / (bead.radius_m + room_m))
        asked = drag * motion.across_m_s + motion.force_margin_N
        first = np.cross(tangent, np.eye(3)[int(np.argmin(np.abs(tangent)))])
        first /= np.linalg.norm(first)
        second = np.cross(tangent, first)
        A = self._model.actuation(self.places(p, tangent, first, second))
        for angle in 2.0 * np.pi * np.arange(NORMALS) / NORMALS:
            worth, _ = self.witness(A, p, math.cos(angle) * first + math.sin(angle) * second, asked)
            least = min(least, worth - asked)
        return least

    def witness(self, A: FloatArray, p: FloatArray, n: FloatArray, asked_N: float) -> tuple[float, FloatArray | None]:
        """The least n . (F + W) of the best currents that are tried, and these; -inf and None where none is within the limits."""
        best: tuple[float, FloatArray | None] = (-math.inf, None)
        for field in WITNESS_FIELDS:
            for times in WITNESS_FORCES:
                i = self.currents(p, times * asked_N * n, field)
                worth = self._worth_N(A, p, n, i)
                if worth > best[0]:
                    best = worth, i
        return best

    def currents(self, p: FloatArray, pull_N: FloatArray, times_field: float = 1.0) -> FloatArray | None:
        """The smallest that make the wanted field and hold the weight and pull by pull_N besides; None: the coils cannot make both."""
        field = times_field * self._field_T
        A, (x, y, z) = self._model.actuation(p), self._bead.moment.moment_a_m2(field)
        P = np.array([[x, y, z, 0.0, 0.0], [0.0, x, 0.0, y, z], [-z, 0.0, x, -z, y]])
        force_scale = 1.0 / float(np.linalg.norm(self._bead.net_weight_n) + 1e-12)
        rows = np.vstack([A[:3] / 0.01, force_scale * (P @ A[3:])])
        wanted = np.concatenate([field / 0.01, force_scale * (pull_N - self._bead.net_weight_n)])
        i, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
        return np.asarray(i) if np.abs(rows @ i - wanted).max() <= 1e-6 else None

    def places(self, p: FloatArray, tangent: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
        """p, then the vertices of a prism about all the places the coils may see the bead at; opposite ones are half their number apart."""
        reach = math.hypot(self._along_m, self._across_m)
        wrong = self._error.displacement_m(p, reach) - reach
        angles = 2.0 * np.pi * (np.arange(FACETS) + 0.5) / FACETS
        ring = (self._across_m + wrong) / math.cos(math.pi / FACETS) * (np.outer(np.cos(angles), first) + np.outer(np.sin(angles), second))
        half = ring + (self._along_m + wrong) * tangent
        return np.asarray(p + np.vstack([np.zeros((1, 3)), half, -half]))

    def _worth_N(self, A: FloatArray, p: FloatArray, n: FloatArray, i_A: FloatArray | None) -> float:
        """The least n . (F + W) of these currents over places, gains and turns; -inf where they are not within the limits."""
        limits, gain = self._limits, self._error.gain
        if i_A is None or not (np.abs(i_A).max() <= limits.current_A and self._R_ohm @ i_A**2 <= limits.heat_W):
            return -math.inf
        field, gradient, _ = self._bounds.bound(p, i_A, np.zeros_like(i_A), math.hypot(self._along_m, self._across_m))
        if not (field <= limits.field_T and gradient <= limits.gradient_T_m):
            return -math.inf
        xx, xy, xz, yy, yz = (A[:, 3 + k] for k in range(5))
        rows = n[0] * xx + n[1] * xy + n[2] * xz, n[0] * xy + n[1] * yy + n[2] * yz, n[0] * xz + n[1] * yz - n[2] * (xx + yy)
        along_n = np.stack(rows, axis=1)
        Q = self._slope * np.einsum("vjk,vjl->vkl", A[:, :3] * i_A, along_n * i_A)
        Q = 0.5 * (Q + Q.swapaxes(1, 2))
        least = Q.sum(axis=(1, 2)) - 2.0 * gain * np.abs(Q.sum(axis=1)).sum(axis=1) - gain**2 * np.abs(Q).sum(axis=(1, 2))
        half = len(least) // 2
        inside = 0.5 * np.abs(least[1 : 1 + half] - 2.0 * least[0] + least[1 + half :]).max()
        turned = 2.0 * math.sin(0.5 * self._error.axis_rad) * self._slope * field * gradient
        pull = float(least.min() - inside) - turned
        return float(min(pull, self._least_share * pull) + n @ self._bead.net_weight_n)


def _mm(p_m: FloatArray) -> str:
    return "(" + ", ".join(f"{x * 1e3:.2f}" for x in p_m) + ") mm"
