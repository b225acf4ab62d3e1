"""Before a swimmer's run: can these coils turn this field everywhere on its path, in step, and can it swim off every wall?

The currents of a field B at p without a gradient are i = M B, M the first three columns of the inverse of the actuation matrix.

R2  T = tau + tau_c + tau_p passes until a current that is decided on an image has taken hold. The wall is at least
    reach + eps + across T away from each point of the path.
R1  |i_k| <= |M_k| b (row k) and sum R i^2 <= lambda_max(M^T R M) b^2 for every direction of a field of strength b; in a period of T_c it
    turns by w T_c, so that no current moves by more than |M_k| b w T_c. Field, gradient and these are within the limits.
    True strength: >= b (1 - max over gains s in {-gamma, gamma}^n of |A diag(s) M|_2) - D sup|grad B|. The robot keeps in step with it:
    w <= step_out_share w_so (true strength)/b. Its speed k w is above sinking and flow by the stated margin.
R3  A field at rest in the worst direction for a coil ends below that coil's temperature limit, or the hold ends before.

Assumes: what is between the path's points is covered by their spacing; sup|grad B| and |B| are tried in 13 directions of the field:
sampled. That a controller finds such a field, and that the robot's axis follows it, is not shown.
"""

import math
from dataclasses import dataclass, fields
from itertools import product

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models.magnetics import FieldModel

from .authority import AuthorityLimits
from .coil_layer import Walls
from .coil_selftest import COPPER_PER_KELVIN, REFERENCE_CELSIUS
from .coil_thermal import CoilThermal
from .field_bound import FieldBound

_DIRECTIONS = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=3) if d > (0.0, 0.0, 0.0)])
_DIRECTIONS = _DIRECTIONS / np.linalg.norm(_DIRECTIONS, axis=1)[:, None]


@dataclass(frozen=True)
class SwimmerMotion:
    """What the procedure states, and its robot's model.

    image_s: age of the newest image and a period. current_s: until new currents flow. response_s: of the robot. error_m: of a place seen,
    and of the wall. across_m_s: towards a wall. along_m_s: in any direction. field_T: b. rate_rad_s: fastest turning, w. step_out_rad_s:
    w_so at b, by the model; step_out_share: of it, what is relied on. advance_m_rad: k. sinking_m_s: without field. reach_m: of the robot
    from where it is seen. period_s: T_c. step_A: by which a current may move in it. hold_s: how long a hold may last.
    """

    image_s: float
    current_s: float
    response_s: float
    error_m: float
    across_m_s: float
    along_m_s: float
    flow_m_s: float
    field_T: float
    rate_rad_s: float
    step_out_rad_s: float
    step_out_share: float
    advance_m_rad: float
    sinking_m_s: float
    speed_margin_m_s: float
    reach_m: float
    period_s: float
    step_A: float
    hold_s: float

    def __post_init__(self) -> None:
        for field in fields(self):
            finite_number(getattr(self, field.name), field.name, 0.0, 1e6)

    @property
    def delay_s(self) -> float:
        """T of R2."""
        return self.image_s + self.current_s + self.response_s


@dataclass(frozen=True, eq=False)
class SwimmerAuthority:
    """room_m: least distance to the wall over what R2 needs. field_T: least true strength. rate_rad_s: up to which it keeps in step.

    speed_m_s: by which it swims off any wall beyond sinking and flow. steady_C: hottest coil of a hold. reasons: empty where granted.
    """

    room_m: float
    field_T: float
    rate_rad_s: float
    speed_m_s: float
    steady_C: float
    reasons: tuple[str, ...]

    @property
    def grants(self) -> bool:
        """Nothing speaks against the path."""
        return not self.reasons


def check_swimmer_authority(
    model: FieldModel, walls: Walls, path_m: FloatArray, limits: AuthorityLimits, bounds: FieldBound, thermal: CoilThermal,
    motion: SwimmerMotion,
) -> SwimmerAuthority:  # fmt: skip
    """R1 to R3 for the points of a path, (k, 3).

    Raises:
        InvalidInput: contradictory numbers; a path where the actuation matrix has no inverse, or outside the workspace.
    """
    path = finite_array(path_m, "path_m", (None, 3))
    reasons = list[str]()
    room = np.array([walls.depth_m(p) for p in path]) - (motion.reach_m + motion.error_m + motion.across_m_s * motion.delay_s)
    narrow = int(np.argmin(room))
    if not room[narrow] >= 0.0:
        reasons.append(
            f"R2: {-room[narrow] * 1e3:.3g} mm too near to a wall at {_mm(path[narrow])}: the robot reaches {motion.reach_m * 1e3:.3g} mm,"
            f" errors {motion.error_m * 1e3:.3g} mm, {motion.across_m_s * 1e3:.3g} mm/s for {motion.delay_s * 1e3:.0f} ms"
        )
    R = thermal.R20_ohm * (1.0 + COPPER_PER_KELVIN * (thermal.limit_C - REFERENCE_CELSIUS))
    strength, steady = math.inf, -math.inf
    for p in path:
        found, why = _turning(model, bounds, p, R, limits, motion)
        strength = min(strength, found[0])
        hottest = float(thermal.steady_C(found[1]).max())
        steady = max(steady, hottest)
        ambient = thermal.begin((thermal.ambient_C,) * model.n)
        if not hottest <= thermal.limit_C and not motion.hold_s <= thermal.until_limit_s(ambient, found[1]):
            why.append(f"R3: held at {_mm(p)} a coil ends at {hottest:.0f} C, at most {thermal.limit_C:g}, before {motion.hold_s:g} s")
        if why:
            reasons += why
            break
    in_step = motion.step_out_share * motion.step_out_rad_s * max(strength, 0.0) / motion.field_T
    if not motion.rate_rad_s <= in_step:
        reasons.append(
            f"R1: in step up to {in_step:.3g} rad/s only: the true field may be {strength * 1e3:.3g} mT; {motion.rate_rad_s:.3g} are wanted"
        )
    speed = motion.advance_m_rad * motion.rate_rad_s - motion.sinking_m_s - motion.flow_m_s
    if not speed >= motion.speed_margin_m_s:
        least = f"{motion.speed_margin_m_s * 1e6:.3g} um/s"
        reasons.append(f"R1: it swims off a wall with {speed * 1e6:.3g} um/s beyond sinking and flow, {least} are needed")
    return SwimmerAuthority(float(room[narrow]), strength, in_step, speed, steady, tuple(reasons))


def _turning(
    model: FieldModel, bounds: FieldBound, p: FloatArray, R_ohm: FloatArray, limits: AuthorityLimits, motion: SwimmerMotion
) -> tuple[tuple[float, FloatArray], list[str]]:
    """Least true strength, largest |i_k| (n,), and what is over a limit, of all fields of strength b at p."""
    A, b, why = model.actuation(p), motion.field_T, list[str]()
    if not np.linalg.cond(A / np.linalg.norm(A, axis=1)[:, None]) < 1e6:
        raise InvalidInput(f"{_mm(p)}: no currents make a field without gradient there")
    M = np.linalg.pinv(A)[:, :3]
    most = np.linalg.norm(M, axis=1) * b
    heat = float(np.linalg.eigvalsh(M.T @ (R_ohm[:, None] * M))[-1]) * b**2
    moved = float(most.max()) * motion.rate_rad_s * motion.period_s
    for name, value, limit, unit in (
        ("current", float(most.max()), limits.current_A, "A"),
        ("heat", heat, limits.heat_W, "W"),
        ("a period's step", moved, motion.step_A, "A"),
    ):
        if not value <= limit:
            why.append(f"R1: a field of {b * 1e3:.3g} mT at {_mm(p)} needs {value:.3g} {unit} of {name}, at most {limit:.3g}")
    radius = motion.error_m + motion.along_m_s * motion.delay_s
    tried = [bounds.bound(p, M @ (b * d), np.zeros(model.n), radius) for d in _DIRECTIONS]
    field, gradient = max(t[0] for t in tried), max(t[1] for t in tried)
    for name, value, limit, unit in (("field", field, limits.field_T, "T"), ("gradient", gradient, limits.gradient_T_m, "T/m")):
        if not value <= limit:
            why.append(f"R1: at {_mm(p)} the {name} may be {value:.3g} {unit}, at most {limit:.3g}")
    gains = bounds.error.gain * np.array(list(product((-1.0, 1.0), repeat=model.n)))
    weaker = float(np.linalg.norm(np.einsum("rk,sk,kc->src", A[:3], gains, M), ord=2, axis=(1, 2)).max())
    least = b * (1.0 - weaker) - bounds.error.displacement_m(p, radius) * gradient
    return (least, most), why


def _mm(p_m: FloatArray) -> str:
    return "(" + ", ".join(f"{x * 1e3:.2f}" for x in p_m) + ") mm"
