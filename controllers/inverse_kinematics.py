"""Joint positions for a tip pose, within the joint limits, or the reason why there are none."""

from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray, InvalidInput, Pose, finite_array, finite_number
from toolkit.models import SerialArm

from .reference import Reference


@dataclass(frozen=True)
class InverseKinematicsOptions:
    """tolerance_m, tolerance_rad: a pose nearer than both is reached. length_m: how many metres weigh as much as one radian.

    iterations: cap for each seed. seeds: how many more seeds are tried when the first fails (a fixed sequence within the limits).
    """

    tolerance_m: float = 1e-7
    tolerance_rad: float = 1e-6
    length_m: float = 0.1
    iterations: int = 100
    seeds: int = 12

    def __post_init__(self) -> None:
        finite_number(self.tolerance_m, "tolerance_m", 1e-12, 1e-2)
        finite_number(self.tolerance_rad, "tolerance_rad", 1e-12, 1e-1)
        finite_number(self.length_m, "length_m", 1e-4, 1e2)
        finite_number(self.iterations, "iterations", 1, 10_000)
        finite_number(self.seeds, "seeds", 0, 10_000)


@dataclass(frozen=True, eq=False)
class JointSolution:
    """The nearest the search came.

    reached: within the tolerances. q: shape (n,), always within the limits. position_error_m, orientation_error_rad: what is left.
    blocking: joints that stand at a limit there, as sentences; empty when none does (then the pose is out of the arm's own reach).
    """

    reached: bool
    q: FloatArray
    position_error_m: float
    orientation_error_rad: float
    blocking: tuple[str, ...]

    @property
    def refusal(self) -> str:
        """One sentence for an error message."""
        limits = "; ".join(self.blocking) if self.blocking else "no joint is at a limit: it is beyond the arm's reach"
        return f"{self.position_error_m * 1e3:.3g} mm and {self.orientation_error_rad:.3g} rad short of it: {limits}"


class InverseKinematics:
    """Damped least squares on (p, R) with the joints that press against a limit held there.

        min |W e(q)|^2,  e = (p_goal - p(q), log(R_goal R(q)')^vee),  dq = (J'W^2 J + mu I)^-1 J'W^2 e over the free joints

    mu follows the residual (Levenberg-Marquardt); the jaw keeps the seed's value.
    Source: Nakamura, Hanafusa 1986, "Inverse kinematic solutions with singularity robustness".
    """

    def __init__(self, arm: SerialArm, options: InverseKinematicsOptions | None = None) -> None:
        self.arm = arm
        self.options = options or InverseKinematicsOptions()
        n = arm.n_serial
        self._lower, self._upper = arm.limits.lower[:n], arm.limits.upper[:n]
        length = self.options.length_m
        self._weight = np.array([1.0 / length] * 3 + [1.0] * 3)
        # A unit of a sliding joint moves the tip as far as a radian at 1/length metres: one scale for the damping.
        self._scale = np.where(np.array(arm.prismatic[:n]), length, 1.0)

    def solve(self, goal: Pose, seed: FloatArray) -> JointSolution:
        """Search from `seed`, shape (n,), first, then from other seeds; the best one is returned whether it reaches the goal or not."""
        seed = finite_array(seed, "seed", (self.arm.n,))
        best = self._descend(goal, seed)
        generator = np.random.default_rng(0)
        for _ in range(self.options.seeds):
            if best.reached:
                break
            other = seed.copy()
            other[: self.arm.n_serial] = generator.uniform(self._lower, self._upper)
            candidate = self._descend(goal, other)
            if candidate.reached or self._cost(candidate) < self._cost(best):
                best = candidate
        return best

    def solve_near(self, goal: Pose, seed: FloatArray) -> JointSolution:
        """Search from `seed` only: the same branch as the seed (servo_cp, and samples along a path)."""
        return self._descend(goal, finite_array(seed, "seed", (self.arm.n,)))

    def _cost(self, solution: JointSolution) -> float:
        return float(np.hypot(solution.position_error_m / self.options.length_m, solution.orientation_error_rad))

    def _descend(self, goal: Pose, seed: FloatArray) -> JointSolution:
        n, q = self.arm.n_serial, seed.copy()
        q[:n] = np.minimum(np.maximum(q[:n], self._lower), self._upper)
        error, mu = self._error(goal, q), 1e-4
        for _ in range(int(self.options.iterations)):
            if self._is_reached(error):
                break
            J = self._weight[:, None] * self.arm.jacobian(q)[:, :n] * self._scale
            gradient = J.T @ (self._weight * error)
            pressed = ((q[:n] <= self._lower) & (gradient < 0.0)) | ((q[:n] >= self._upper) & (gradient > 0.0))
            free = np.flatnonzero(~pressed)
            if free.size == 0 or float(np.abs(gradient[free]).max()) < 1e-14:
                break
            step = np.zeros(n)
            step[free] = np.linalg.solve(J[:, free].T @ J[:, free] + mu * np.eye(free.size), gradient[free])
            trial = q.copy()
            trial[:n] = np.minimum(np.maximum(q[:n] + self._scale * step, self._lower), self._upper)
            trial_error = self._error(goal, trial)
            if np.linalg.norm(self._weight * trial_error) < np.linalg.norm(self._weight * error):
                q, error, mu = trial, trial_error, max(mu * 0.2, 1e-12)
            else:
                mu *= 10.0
                if mu > 1e8:
                    break
        return self._solution(q, error)

    def _error(self, goal: Pose, q: FloatArray) -> FloatArray:
        pose = self.arm.tip_pose(q)
        return np.concatenate([goal.p_m - pose.p_m, rotation_vector(goal.R @ pose.R.T)])

    def _is_reached(self, error: FloatArray) -> bool:
        return bool(np.linalg.norm(error[:3]) <= self.options.tolerance_m and np.linalg.norm(error[3:]) <= self.options.tolerance_rad)

    def _solution(self, q: FloatArray, error: FloatArray) -> JointSolution:
        limits, blocking = self.arm.limits, []
        for i in range(self.arm.n_serial):
            for bound, word in ((self._lower[i], "lower"), (self._upper[i], "upper")):
                if abs(q[i] - bound) <= 1e-9 * max(1.0, abs(bound)):
                    blocking.append(f"{limits.names[i]} is at its {word} limit {bound:g} {limits.units[i]}")
        reached = self._is_reached(error)
        return JointSolution(
            reached,
            finite_array(q, "q", (self.arm.n,)),
            float(np.linalg.norm(error[:3])),
            float(np.linalg.norm(error[3:])),
            () if reached else tuple(blocking),
        )


def reachable_path(solver: InverseKinematics, reference: Reference, seed: FloatArray, step_s: float = 0.02) -> FloatArray:
    """Joint positions along a reference, shape (k, n), one every step_s and one at the end.

    The first pose is searched with all seeds, every later one from its neighbour, so the path stays in one branch.

    Raises:
        InvalidInput: a pose out of reach (time, sample, residual and blocking limit named), or a jump between branches.
    """
    finite_number(step_s, "step_s", 1e-4, 10.0)
    t = np.append(np.arange(0.0, reference.duration_s, step_s), reference.duration_s)
    p, R = reference.poses(t)
    path = np.empty((t.size, solver.arm.n))
    for i in range(t.size):
        goal = Pose(R[i], p[i])
        solution = solver.solve(goal, seed) if i == 0 else solver.solve_near(goal, path[i - 1])
        if not solution.reached:
            where = f"at {t[i]:.3f} s (sample {i}) the tip position {p[i].round(4).tolist()} m"
            raise InvalidInput(f"path: {where} is out of reach: {solution.refusal}")
        path[i] = solution.q
    return path


def rotation_vector(R: FloatArray) -> FloatArray:
    """log(R)^vee, shape (3,), [rad]: axis times angle in [0, pi].

    Near half a turn the axis is taken from the symmetric part, whose diagonal does not vanish there.
    """
    v = 0.5 * np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    sine, cosine = float(np.linalg.norm(v)), 0.5 * (float(np.trace(R)) - 1.0)
    angle = float(np.arctan2(sine, cosine))
    if sine > 1e-6:
        return np.asarray(v * (angle / sine), dtype=np.float64)
    if cosine > 0.0:
        return np.asarray(v, dtype=np.float64)
    outer = 0.5 * (R + np.eye(3))
    column = outer[:, int(np.argmax(np.diag(outer)))]
    return np.asarray(column / np.linalg.norm(column) * angle, dtype=np.float64)
