"""A magnetic bead on its path in a pulsating flow: observer, predicted flow, currents by model-predictive control."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from toolkit import FloatArray, InvalidInput, SolveReport, finite_array, finite_number
from toolkit.models.magnetics import FieldModel
from toolkit.models.microrobots import Bead

from .bead_observer import BeadEstimate, BeadObserver, BeadObserverOptions
from .bead_problem import DRAG, FLOW_MM_S, P_MM, PARAMETERS, V_MM_S, BeadLimits, BeadOptions, bead_problem
from .real_time_iteration import RealTimeIteration, RealTimeIterationOptions

HEAT_EXCESS = 0.02
"""A row of the last linearisation is kept to so much of the limit; what exceeds it more is no proposal."""
Path = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
"""times (k,) [s] -> position (k, 3) [m], velocity (k, 3) [m/s], direction of the vessel there, unit vectors (k, 3); frame B."""


@dataclass(frozen=True)
class BeadMpcOptions:
    """return_s: an error is to shrink by e in this time: asking for all at once makes a force that the model knows badly.

    damping: of the increments (Levenberg); without it full Gauss-Newton steps diverge, because a force is quadratic in the currents.
    """

    problem: BeadOptions = field(default_factory=BeadOptions)
    observer: BeadObserverOptions = field(default_factory=BeadObserverOptions)
    solver: RealTimeIterationOptions = field(
        default_factory=lambda: RealTimeIterationOptions(
            qp_tolerance=1e-5, scaling_iterations=3, iterations_cold=10, iterations_extra=2, damping=10.0
        )
    )
    return_s: float = 0.05

    def __post_init__(self) -> None:
        finite_number(self.return_s, "return_s", 1e-3, 10.0)


@dataclass(frozen=True, eq=False)
class CurrentProposal:
    """Currents to be reached at the end of the period, (n,) [A]; None when there is no solution, with the reason in the report."""

    i_A: FloatArray | None
    report: SolveReport
    estimate: BeadEstimate


class BeadMpc:
    """Proposes currents, period after period. Not thread-safe.

    Drag is Schiller and Naumann's at the predicted speed through the fluid, times `wall_factor`, that of the walls on the path. What else
    is wrong, the field model first, the observer finds as if it were flow. seen_m: where the bead is at t_s; None: where its path begins.

    Raises:
        InvalidInput: a bead that the coils cannot hold where it starts, within `limits`; a start outside the calibrated workspace.
    """

    def __init__(
        self,
        coils: FieldModel,
        bead: Bead,
        limits: BeadLimits,
        path: Path,
        pulse_Hz: float,
        t_s: float = 0.0,
        wall_factor: float = 1.0,
        options: BeadMpcOptions | None = None,
        seen_m: FloatArray | None = None,
    ) -> None:
        self.options = options or BeadMpcOptions()
        self.coils, self.bead, self.limits = coils, bead, limits
        problem = self.options.problem
        self._i_max, self._move = limits.coils.i_max_ampere, limits.slew_A_s * problem.period_s
        self._solver = RealTimeIteration(bead_problem(coils, bead, limits, problem), self.options.solver)
        self._pulse_Hz, self._wall_factor = pulse_Hz, finite_number(wall_factor, "wall_factor", 1.0, 10.0)
        self._stages: FloatArray = np.arange(problem.stages + 1, dtype=np.float64) * problem.period_s
        self._p = np.zeros((problem.stages + 1, PARAMETERS))
        self.begin(path, t_s, path(np.array([t_s]))[0][0] if seen_m is None else seen_m)

    def begin(self, path: Path, t_s: float, seen_m: FloatArray) -> None:
        """Forget everything, and follow this path from t_s on with the bead at seen_m, (3,). What was compiled stays.

        Raises:
            InvalidInput: as the constructor, of the start.
        """
        start = finite_array(seen_m, "seen_m", (3,))
        hold_A = holding_currents(self.coils, self.bead, start, np.asarray(self.options.problem.field_T))
        if not (np.abs(hold_A) <= self._i_max).all():
            raise InvalidInput(f"hold: {np.abs(hold_A).max():.3g} A would be needed to hold the bead where it is at the start")
        self.hold_A, self._path = hold_A, path
        self.observer = BeadObserver(t_s, start, self._pulse_Hz, self.options.observer)
        self._begin_at(start, hold_A)

    def frame(self, taken_s: float, p_m: FloatArray) -> bool:
        """A camera has seen the bead at p_m, at taken_s. Whether that was believed."""
        return self.observer.frame(taken_s, p_m)

    def compute(self, t_s: float, i_A: FloatArray) -> CurrentProposal:
        """The currents to reach by the end of the period that begins at t_s, with i_A flowing now, (n,).

        After a failed solve the next one starts anew from the currents that hold the bead.
        Raises:
            InvalidInput: shapes, NaN, time that runs backwards.
        """
        i_now = finite_array(i_A, "i_A", (self.coils.n,))
        estimate = self.observer.estimate(t_s)
        self._fill_parameters(t_s, estimate)
        x = np.concatenate([estimate.p_m * 1e3, estimate.v_m_s * 1e3, i_now / self._i_max])
        if not self._solver.is_warm:
            self._begin_at(estimate.p_m, i_now)
        solution = self._solver.solve(x, self._p)
        if solution.u is None:
            self._push(t_s, estimate, i_now)
            return CurrentProposal(None, solution.report, estimate)
        i_next = np.clip(i_now + solution.u[0] * self._move, -self._i_max, self._i_max)  # the solver keeps the box to its tolerance
        heat_watt = self.limits.coils.heat(i_next)
        if not heat_watt <= self.limits.coils.heat_max_watt * (1.0 + HEAT_EXCESS):
            self._push(t_s, estimate, i_now)
            excess = f"the solution would heat with {heat_watt:.4g} W, {self.limits.coils.heat_max_watt:.4g} W are allowed"
            return CurrentProposal(None, replace(solution.report, ok=False, status=excess), estimate)
        self._push(t_s, estimate, 0.5 * (i_now + i_next))
        return CurrentProposal(i_next, solution.report, estimate)

    def _fill_parameters(self, t_s: float, estimate: BeadEstimate) -> None:
        times: FloatArray = t_s + self._stages
        position, velocity, _ = self._path(times)
        error = estimate.p_m - position[0]
        left = np.exp(-self._stages / self.options.return_s)[:, None]
        middle: FloatArray = times + 0.5 * self.options.problem.period_s
        self._p[:, P_MM] = (position + error * left) * 1e3
        self._p[:, V_MM_S] = (velocity - error * left / self.options.return_s) * 1e3
        along = self._path(middle)[2]
        flow, in_vessel = self.observer.flow(middle, along)
        self._p[:, FLOW_MM_S] = flow * 1e3
        relative = np.linalg.norm(velocity - in_vessel[:, None] * along, axis=1)
        self._p[:, DRAG] = [self._drag_kg_s(float(speed)) * 1e3 for speed in relative]

    def _drag_kg_s(self, relative_m_s: float) -> float:
        drag = self.bead.drag
        return self._wall_factor * drag.drag_kg_s(min(relative_m_s, drag.speed_max_m_s))

    def _push(self, t_s: float, estimate: BeadEstimate, i_A: FloatArray) -> None:
        """Tell the observer what the currents of this period do, as far as the model knows; outside its workspace, at the edge of it."""
        sample = self.coils.field(np.clip(estimate.p_m, self.coils.lower_m, self.coils.upper_m), i_A)
        force = self.bead.magnetic_force_n(sample.B_tesla, sample.g5_tesla_per_m) + self.bead.net_weight_n
        drag = float(self._p[0, DRAG]) * 1e-3
        self.observer.push(t_s, force / drag, self._path(np.array([t_s]))[2][0], self.bead.effective_mass_kg / drag)

    def _begin_at(self, p_m: FloatArray, i_A: FloatArray) -> None:
        x = np.concatenate([p_m * 1e3, np.zeros(3), i_A / self._i_max])
        self._solver.start_from(np.tile(x, (len(self._stages), 1)), np.zeros((len(self._stages) - 1, self.coils.n)))


def holding_currents(coils: FieldModel, bead: Bead, p_m: FloatArray, field_T: FloatArray, force_N: FloatArray | None = None) -> FloatArray:
    """The smallest currents, (n,) [A], that make this field at p and pull the bead with this force; None: hold it in a fluid at rest.

        min |i|^2  subject to  B(p, i) = field,  P(m(field)) g5(p, i) = force      (-W)

    Raises:
        InvalidInput: the coils cannot make field and force together; saturation is not covered; p outside the workspace.
    """
    if coils.saturation is not None:
        raise InvalidInput(f"{coils.name}: coils with saturation: their currents do not follow from a linear equation")
    A = coils.actuation(p_m)
    offset = coils.field(p_m, np.zeros(coils.n))
    m = bead.moment.moment_a_m2(field_T)
    P = np.array([[m[0], m[1], m[2], 0.0, 0.0], [0.0, m[0], 0.0, m[1], m[2]], [-m[2], 0.0, m[0], -m[2], m[1]]])
    force = -bead.net_weight_n if force_N is None else finite_array(force_N, "force_N", (3,))
    force_scale = 1.0 / float(np.linalg.norm(bead.net_weight_n) + 1e-12)
    rows = np.vstack([A[:3] / 0.01, force_scale * (P @ A[3:])])
    wanted = np.concatenate([(field_T - offset.B_tesla) / 0.01, force_scale * (force - P @ offset.g5_tesla_per_m)])
    i, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
    if not np.abs(rows @ i - wanted).max() <= 1e-6:
        raise InvalidInput(f"{coils.name}: no currents make a field of {field_T.tolist()} T and hold the bead at {p_m.tolist()} m")
    return np.asarray(i)
