"""Problems and the arm that the controller tests share."""

import casadi as ca
import numpy as np
import pytest

from controllers import OptimalControlProblem, Rows, SetpointLimits, SlackPenalty
from toolkit.models import SerialArm, load_arm

Q_HOME = np.array([0.0, 0.0, 0.14, 0.0, 0.0, 0.0, 0.2])


@pytest.fixture(scope="session")
def arm() -> SerialArm:
    return load_arm("psm_classic", "LARGE_NEEDLE_DRIVER:400006")


@pytest.fixture(scope="session")
def limits() -> SetpointLimits:
    return SetpointLimits(
        velocity=[1.0, 1.0, 0.08, 4.0, 4.0, 4.0, 4.0],
        acceleration=[12.0, 12.0, 1.2, 60.0, 60.0, 60.0, 60.0],
        tip_speed_m_s=0.0485,
        tip_acceleration_m_s2=0.75,
    )


def double_integrator(**changes: object) -> OptimalControlProblem:
    """x = (position, speed), u = acceleration, p = target: linear, so that one iteration is exact."""
    x, u, p, T = ca.SX.sym("x", 2), ca.SX.sym("u"), ca.SX.sym("p"), 0.1
    fields: dict[str, object] = {
        "name": "double_integrator",
        "x": x,
        "u": u,
        "p": p,
        "x_next": ca.vertcat(x[0] + T * x[1], x[1] + T * u),
        "stage_residual": ca.vertcat(x[0] - p, x[1], u),
        "stage_weight": [10.0, 1.0, 0.1],
        "terminal_residual": ca.vertcat(x[0] - p, x[1]),
        "terminal_weight": [100.0, 10.0],
        "x_lower": [-2.0, -1.0],
        "x_upper": [2.0, 1.0],
        "u_lower": [-3.0],
        "u_upper": [3.0],
        "horizon": 15,
        "stage_s": T,
    }
    fields.update(changes)
    return OptimalControlProblem(**fields)  # type: ignore[arg-type]  # fields by name: a wrong one fails at once


def pendulum() -> OptimalControlProblem:
    """Swing with nonlinear dynamics, a nonlinear soft row that binds, a hard one, a terminal row and move limits."""
    x, u, p, T = ca.SX.sym("x", 2), ca.SX.sym("u"), ca.SX.sym("p"), 0.05
    return OptimalControlProblem(
        name="pendulum",
        x=x,
        u=u,
        p=p,
        x_next=ca.vertcat(x[0] + T * x[1], x[1] + T * (u - 9.81 * ca.sin(x[0]))),
        stage_residual=ca.vertcat(x[0] - p, x[1], u),
        stage_weight=[10.0, 0.1, 0.01],
        terminal_residual=ca.vertcat(x[0] - p, x[1]),
        terminal_weight=[100.0, 10.0],
        x_lower=[-4.0, -3.0],
        x_upper=[4.0, 3.0],
        u_lower=[-15.0],
        u_upper=[15.0],
        horizon=30,
        stage_s=T,
        rows=Rows(ca.vertcat(ca.cos(x[0]) * x[1], u * x[1]), [-2.0, -np.inf], [2.0, 20.0], [0.0, 1.0]),
        terminal_rows=Rows(ca.vertcat(x[1] ** 2), [-np.inf], [0.5], [1.0]),
        slack=SlackPenalty(50.0, 10.0),
        move_limit=[6.0],
    )


def circle() -> OptimalControlProblem:
    """A point whose acceleration has a bounded norm: convex rows with an inner function, active and turning."""
    x, u, p, T = ca.SX.sym("x", 4), ca.SX.sym("u", 2), ca.SX.sym("p", 2), 0.1
    y = ca.SX.sym("y", 2)
    return OptimalControlProblem(
        name="circle",
        x=x,
        u=u,
        p=p,
        x_next=ca.vertcat(x[:2] + T * x[2:], x[2:] + T * u),
        stage_residual=ca.vertcat(x[:2] - p, 0.1 * u),
        stage_weight=np.ones(4),
        terminal_residual=ca.vertcat(x[:2] - p, x[2:]),
        terminal_weight=np.ones(4),
        x_lower=-10.0 * np.ones(4),
        x_upper=10.0 * np.ones(4),
        u_lower=-5.0 * np.ones(2),
        u_upper=5.0 * np.ones(2),
        horizon=20,
        stage_s=T,
        rows=Rows(ca.sqrt(ca.sumsqr(y) + 1e-4), [-np.inf], [1.0], [1.0], y, ca.vertcat(u[0] + 0.1 * x[2] * x[3], u[1])),
        slack=SlackPenalty(1e3, 1e3),
    )
