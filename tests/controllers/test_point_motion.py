import casadi as ca
import numpy as np
import pytest

from controllers.point_motion import point_motion
from toolkit.models import SerialArm


@pytest.mark.parametrize("point", ["tip", "wrist", "jaw_1"])
def test_motion_from_the_axes_equals_automatic_differentiation(arm: SerialArm, point: str) -> None:
    q, v, u = (ca.SX.sym(name, 6) for name in "qvu")
    q_all = ca.vertcat(q, 0.3)
    position = arm.points_sx(q_all)[:, arm.point_names.index(point)]
    motion = point_motion(arm, position, q_all, q, v, u)
    w = ca.mtimes(ca.jacobian(position, q), v)
    a = ca.mtimes(ca.jacobian(position, q), u) + ca.jtimes(w, q, v)
    whole = ca.jacobian(ca.vertcat(w, a), ca.vertcat(q, v, u))
    both = ca.Function("both", [q, v, u], [motion.w - w, motion.a - a, motion.jacobian() - whole, whole])
    generator = np.random.default_rng(1)
    for _ in range(20):
        *differences, size = both(*(generator.uniform(-1.0, 1.0, 6) for _ in range(3)))
        assert max(np.abs(np.array(d)).max() for d in differences) < 1e-13 * max(1.0, float(np.abs(np.array(size)).max()))


def test_the_acceleration_is_the_second_difference_of_the_position(arm: SerialArm) -> None:
    q, v, u = (ca.SX.sym(name, 6) for name in "qvu")
    q_all = ca.vertcat(q, 0.3)
    motion = point_motion(arm, arm.tip_sx(q_all)[1], q_all, q, v, u)
    generator = np.random.default_rng(2)
    q0, v0, u0 = (generator.uniform(-0.5, 0.5, 6) for _ in range(3))
    h = 1e-4
    before, now, after = (arm.tip_pose(np.append(q0 + t * v0 + 0.5 * t**2 * u0, 0.3)).p_m for t in (-h, 0.0, h))
    a = np.array(ca.Function("a", [q, v, u], [motion.a])(q0, v0, u0)).ravel()
    assert np.abs((after - 2.0 * now + before) / h**2 - a).max() < 1e-6
