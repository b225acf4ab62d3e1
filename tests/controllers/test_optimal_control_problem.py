import casadi as ca
import numpy as np
import pytest

from controllers import Rows, SlackPenalty
from tests.controllers.conftest import double_integrator
from toolkit import InvalidInput


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("x_lower", [-2.0], "x_lower"),
        ("x_lower", [-2.0, np.nan], "x_lower"),
        ("x_upper", [2.0, np.inf], "x_upper"),
        ("x_lower", [-2.0, 1.5], "x_lower"),
        ("u_upper", [-4.0], "u_lower"),
        ("stage_weight", [1.0, 1.0], "stage_weight"),
        ("stage_weight", [1.0, 1.0, -1.0], "stage_weight"),
        ("terminal_weight", [1.0, np.nan], "terminal_weight"),
        ("horizon", 0, "horizon"),
        ("horizon", 2.5, "horizon"),
        ("stage_s", np.nan, "stage_s"),
        ("move_limit", [0.0], "move_limit"),
        ("x_next", ca.SX.sym("z", 3), "x_next"),
        ("x_next", ca.SX.sym("z", 2), "x_next: depends on z_0, z_1"),
        ("name", "not a name", "name"),
    ],
)
def test_a_bad_field_is_refused_by_name(field: str, value: object, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        double_integrator(**{field: value})


def test_a_terminal_residual_of_the_input_is_refused() -> None:
    u = ca.SX.sym("u")
    with pytest.raises(InvalidInput, match="terminal_residual: depends on u"):
        double_integrator(u=u, stage_residual=u, stage_weight=[1.0], terminal_residual=u, terminal_weight=[1.0], x_next=ca.SX(2, 1) + u)


@pytest.mark.parametrize(
    ("lower", "upper", "softness"),
    [([-np.inf], [np.inf], [0.0]), ([1.0], [0.0], [0.0]), ([np.nan], [0.0], [0.0]), ([0.0], [1.0], [-1.0]), ([0.0, 0.0], [1.0], [0.0])],
)
def test_bad_rows_are_refused(lower: list[float], upper: list[float], softness: list[float]) -> None:
    with pytest.raises(InvalidInput, match="rows"):
        Rows(ca.SX.sym("x"), lower, upper, softness)


def test_convex_rows_with_a_lower_bound_are_refused() -> None:
    y = ca.SX.sym("y")
    with pytest.raises(InvalidInput, match="bounded from above"):
        Rows(y**2, [-1.0], [1.0], [0.0], y, ca.SX.sym("x"))


def test_a_negative_slack_price_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"slack\.linear"):
        SlackPenalty(-1.0, 1.0)


def test_the_chain_rule_equals_the_derivative_of_the_substituted_rows() -> None:
    x, y = ca.SX.sym("x", 3), ca.SX.sym("y", 2)
    rows = Rows(ca.vertcat(ca.sumsqr(y), x[0] + y[1]), [-np.inf] * 2, [1.0] * 2, None, y, ca.vertcat(ca.sin(x[1]), x[0] * x[2]))
    both = ca.Function("both", [x], [rows.jacobian(x), ca.jacobian(rows.expression, x)])
    ours, direct = both(np.array([0.3, -0.7, 1.1]))
    assert np.abs(np.array(ours) - np.array(direct)).max() < 1e-14


def test_moves_become_states_with_a_row_each() -> None:
    problem = double_integrator(move_limit=[0.5]).with_moves_as_states()
    assert (problem.nx, problem.nu, problem.move_limit) == (3, 1, None)
    assert np.asarray(problem.rows.upper).tolist() == [0.5, 0.5]
