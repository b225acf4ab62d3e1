"""The optimal control problem of a magnetic bead in a flow: coil currents in, position out, every limit of coils and field a row."""

from dataclasses import dataclass, field

import casadi as ca
import numpy as np

from toolkit import InvalidInput, finite_array, finite_number
from toolkit.models.magnetics import FieldModel
from toolkit.models.microrobots import Bead, gradient_matrix

from .current_allocation import CoilLimits
from .optimal_control_problem import OptimalControlProblem, Rows, SlackPenalty


@dataclass(frozen=True)
class BeadLimits:
    """What coils and patient bear; the controller keeps to all of it where it believes the bead to be.

    coils: |i_k| and sum R_k i_k^2. slew_A_s: |di_k/dt|. field_T: |B| at the bead. gradient_T_m: Frobenius norm of the gradient there.
    field_rate_T_s: |dB/dt| there by the change of currents.
    """

    coils: CoilLimits
    slew_A_s: float
    field_T: float
    gradient_T_m: float
    field_rate_T_s: float

    def __post_init__(self) -> None:
        for name, most in (("slew_A_s", 1e6), ("field_T", 10.0), ("gradient_T_m", 1e3), ("field_rate_T_s", 1e4)):
            finite_number(getattr(self, name), name, 1e-6, most)


@dataclass(frozen=True)
class BeadOptions:
    """Shape of the problem. Errors are divided by their scale, squared and weighted 1/2 in every stage.

    stages: N. period_s: of control, and a stage. position_scale_m: an error of this size costs 1/2. velocity_scale_m_s: of v against
    the reference's. terminal_weight: factor on the errors of the last node. field_T, field_scale_T: the field that is wanted at the bead
    and how closely: a soft bead feels the field and its gradient, so that of the many currents that pull alike, and of their negatives,
    one set is singled out, near which the force is almost linear in the currents. current_weight, move_weight: on currents and on their
    increments, relative to their limits.
    """

    stages: int = 12
    period_s: float = 0.01
    position_scale_m: float = 5e-5
    velocity_scale_m_s: float = 1e-2
    terminal_weight: float = 5.0
    field_T: tuple[float, float, float] = (0.0, 0.0, 0.02)
    field_scale_T: float = 2e-3
    current_weight: float = 1e-2
    move_weight: float = 1e-1
    slack: SlackPenalty = field(default_factory=lambda: SlackPenalty(1e6, 1e6))

    def __post_init__(self) -> None:
        finite_number(self.stages, "stages", 2, 200)
        finite_number(self.period_s, "period_s", 1e-4, 1.0)
        finite_array(self.field_T, "field_T", (3,))
        for name in ("position_scale_m", "velocity_scale_m_s", "field_scale_T"):
            finite_number(getattr(self, name), name, 1e-9, 1e3)
        for name in ("terminal_weight", "current_weight", "move_weight"):
            finite_number(getattr(self, name), name, 0.0, 1e6)


P_MM, V_MM_S, FLOW_MM_S, DRAG = slice(0, 3), slice(3, 6), slice(6, 9), 9
PARAMETERS = 10
"""p_k: where the bead should be [mm] and how fast [mm/s], the flow it will meet [mm/s], its drag coefficient [mN s/m]."""


def bead_problem(coils: FieldModel, bead: Bead, limits: BeadLimits, options: BeadOptions) -> OptimalControlProblem:
    """x = (p [mm], v [mm/s], i / i_max), u = increment of the currents over what the slew limit allows in a period, each in [-1, 1].

        f = (F(p, (i + i+)/2) + W) / c + flow,   v+ = f + e^(-T/tau) (v - f),   p+ = p + T f + tau (1 - e^(-T/tau)) (v - f),

    tau = m_eff / c: exact for a force that stays as it is over a period T. Residuals: p - p_ref, v - v_ref, i, u.
    Rows, soft: heat, |B|, |gradient|, |dB/dt|, each over its limit.

    Assumes: currents reach their setpoint within the period. Units are millimetres because all variables of one size spare the solver
    its equilibration.
    """
    n, T = coils.n, options.period_s
    if limits.coils.n != n:
        raise InvalidInput(f"limits.coils: of {limits.coils.n} coils; {coils.name} has {n}")
    i_max, du = limits.coils.i_max_ampere, limits.slew_A_s * T
    p, v, i = ca.SX.sym("p", 3), ca.SX.sym("v", 3), ca.SX.sym("i", n)
    u, given = ca.SX.sym("u", n), ca.SX.sym("given", PARAMETERS)
    move = du / i_max
    i_next = i + u * move
    A, offset = coils.column_graph(p * 1e-3)

    def wrench(current: ca.SX) -> ca.SX:
        return A @ (current if coils.saturation is None else coils.saturation.graph(current)) + offset

    middle, end = wrench((i + 0.5 * u * move) * i_max), wrench(i_next * i_max)
    drag = given[DRAG] * 1e-3
    force = gradient_matrix(bead.moment.graph(middle[:3])) @ middle[3:] + bead.net_weight_n
    flow = force / drag * 1e3 + given[FLOW_MM_S]
    tau = bead.effective_mass_kg / drag
    decay = ca.exp(-T / tau)
    v_next = flow + decay * (v - flow)
    p_next = p + T * flow + tau * (1.0 - decay) * (v - flow)
    errors, error_weight = (
        ca.vertcat(p - given[P_MM], v - given[V_MM_S]),
        np.repeat([options.position_scale_m, options.velocity_scale_m_s], 3),
    )
    error_weight = 1.0 / (1e3 * error_weight) ** 2
    return OptimalControlProblem(
        name="bead",
        x=ca.vertcat(p, v, i),
        u=u,
        p=given,
        x_next=ca.vertcat(p_next, v_next, i_next),
        stage_residual=ca.vertcat(errors, (end[:3] - np.array(options.field_T)) / options.field_scale_T, i, u),
        stage_weight=np.concatenate([error_weight, np.ones(3), np.full(n, options.current_weight), np.full(n, options.move_weight)]),
        terminal_residual=ca.vertcat(errors, i),
        terminal_weight=np.concatenate([options.terminal_weight * error_weight, np.full(n, options.current_weight)]),
        x_lower=np.concatenate([coils.lower_m * 1e3, np.full(3, -1e3), np.full(n, -1.0)]),
        x_upper=np.concatenate([coils.upper_m * 1e3, np.full(3, 1e3), np.full(n, 1.0)]),
        u_lower=np.full(n, -1.0),
        u_upper=np.full(n, 1.0),
        horizon=int(options.stages),
        stage_s=T,
        rows=_rows(limits, i_next * i_max, end, (end - wrench(i * i_max))[:3] / T),
        slack=options.slack,
    )


def _rows(limits: BeadLimits, current: ca.SX, wrench: ca.SX, field_rate: ca.SX) -> Rows:
    """Squares over their limits, convex in what they are squares of: currents at the stage's end, field, gradient, change of field."""
    scale = np.sqrt(limits.coils.R_ohm / limits.coils.heat_max_watt)
    inner = [current * scale, wrench[:3] / limits.field_T, _nine(wrench[3:]) / limits.gradient_T_m, field_rate / limits.field_rate_T_s]
    y = [ca.SX.sym("y", part.numel()) for part in inner]
    value = ca.vertcat(*[ca.sumsqr(part) for part in y])
    return Rows(value, np.full(4, -np.inf), np.ones(4), np.ones(4), ca.vertcat(*y), ca.vertcat(*inner))


def _nine(g5: ca.SX) -> ca.SX:
    """All nine components of the symmetric traceless gradient."""
    xx, xy, xz, yy, yz = (g5[k] for k in range(5))
    return ca.vertcat(xx, xy, xz, xy, yy, yz, xz, yz, -(xx + yy))
