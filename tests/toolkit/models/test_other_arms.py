from math import pi, radians

import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models import VersiusLikeParameters, panda, raven2_left, raven2_right, versius_like


def test_raven2_left_and_right_mirror_each_other():
    left, right, rng = raven2_left(), raven2_right(), np.random.default_rng(0)
    mirror = np.diag([1.0, -1.0, 1.0])
    for _ in range(10):
        q = rng.uniform(left.limits.lower, left.limits.upper)
        other = q.copy()
        other[[3, 5]] *= -1  # roll and yaw turn the other way, and the fingers change places
        a, b = left.points(q), right.points(other)
        assert np.abs(a @ mirror - b[[0, 1, 2, 4, 3]]).max() < 1e-12


def test_raven2_tip_is_where_its_own_formulas_put_it():
    # Spherical mechanism: the shaft's direction follows from rotations about axes 75 and 52 degrees apart, by scipy.
    from scipy.spatial.transform import Rotation

    arm, rng = raven2_left(), np.random.default_rng(1)
    for _ in range(10):
        q = rng.uniform(arm.limits.lower, arm.limits.upper)
        turn = Rotation.from_euler("Z", q[0] + radians(205)) * Rotation.from_euler("X", radians(75)) * Rotation.from_euler("Z", q[1] + pi)
        axis = (turn * Rotation.from_euler("X", pi - radians(52))).apply([0, 0, 1])
        assert np.abs(arm.points(q)[1] - axis * (q[2] - 0.47)).max() < 1e-12


def test_raven2_fingers_stay_inside_their_own_limit_over_the_whole_box():
    limits = raven2_left().limits
    assert limits.upper[5] + limits.upper[6] / 2 <= radians(89) + 1e-12
    assert -limits.lower[5] + limits.upper[6] / 2 <= radians(89) + 1e-12
    assert limits.lower[6] == 0.0 and np.isnan(limits.effort).all()


def test_panda_stands_where_its_maker_draws_it():
    arm = panda()
    assert np.abs(arm.tip_pose(np.zeros(7)).p_m - [0.088, 0.0, 0.926]).max() < 1e-12
    # The ready pose of the maker's examples: flange straight down at (0.3069, 0, 0.5903) m.
    ready = arm.tip_pose(np.array([0, -pi / 4, 0, -3 * pi / 4, 0, pi / 2, pi / 4]))
    assert np.abs(ready.p_m - [0.306891, 0.0, 0.590282]).max() < 1e-6
    assert np.abs(ready.R[:, 2] - [0, 0, -1]).max() < 1e-12


def test_versius_like_says_that_its_numbers_are_invented():
    arm = versius_like()
    assert "invented" in arm.name and "invented" in arm.sources[0] and any("invented" in note for note in arm.notes)
    assert [name.split("_")[0] for name in arm.joint_names] == ["roll", "pitch", "roll", "pitch", "roll", "pitch", "yaw", "roll"]
    assert not arm.shaft.is_mechanical


def test_versius_like_wrist_has_two_rolls_with_pitch_and_yaw_crossing_between_them():
    arm = versius_like()
    straight = np.zeros(8)
    bent = straight.copy()
    bent[5], bent[6] = 0.4, -0.3
    # The wrist centre does not move with pitch, yaw or either roll, and the flange stays on a sphere about it.
    centre = arm.points(bent)[2]
    for change in (np.eye(8)[4], np.eye(8)[5], np.eye(8)[6], np.eye(8)[7]):
        moved = arm.points(bent + 0.3 * change)
        assert np.abs(moved[2] - centre).max() < 1e-12
        assert abs(np.linalg.norm(moved[3] - centre) - 0.10) < 1e-12
    turned = straight.copy()
    turned[7] = 1.0
    assert np.abs(arm.points(turned) - arm.points(straight)).max() < 1e-12
    J = arm.jacobian(straight)[3:, 4:]
    assert abs(J[:, 1] @ J[:, 2]) < 1e-12 and np.abs(J[:, 0] - J[:, 3]).max() < 1e-12


def test_versius_like_parameters_change_the_arm_and_bad_ones_are_refused():
    assert np.allclose(versius_like(VersiusLikeParameters(shaft_m=0.4)).points(np.zeros(8))[4], [0, 0, 1.43])
    for bad in ({"shaft_m": 400.0}, {"base_m": float("nan")}, {"wrist_limit_rad": 90.0}, {"shaft_radius_m": 0.0}):
        with pytest.raises(InvalidInput):
            versius_like(VersiusLikeParameters(**bad))
