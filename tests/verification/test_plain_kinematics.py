"""The second kinematics agrees with the models' graphs on every arm, and a wrong constant would show."""

from dataclasses import replace

import numpy as np
import pytest

from toolkit.models import ARM_NAMES, load_arm, psm_classic
from verification.plain_kinematics import body_points


@pytest.mark.requirement("SAF-036")
@pytest.mark.parametrize("name", ARM_NAMES)
def test_body_points_agree_with_the_graph_over_the_whole_range(name: str) -> None:
    arm = load_arm(name)
    q = np.random.default_rng(1).uniform(arm.limits.lower, arm.limits.upper, (200, arm.n))
    np.testing.assert_allclose(body_points(arm, q), [arm.points(x) for x in q], atol=1e-13)


def test_one_configuration_is_computed_as_in_a_batch() -> None:
    arm = psm_classic()
    q = np.random.default_rng(2).uniform(arm.limits.lower, arm.limits.upper, (5, arm.n))
    np.testing.assert_array_equal(body_points(arm, q)[3], body_points(arm, q[3:4])[0])


def test_a_moved_joint_moves_the_points_it_should() -> None:
    arm = psm_classic()
    q = np.array([[0.1, 0.2, 0.12, 0.3, 0.1, -0.2, 0.4]])
    home = dict(zip(arm.point_names, body_points(arm, q)[0], strict=True))
    opened = dict(zip(arm.point_names, body_points(arm, q + 0.1 * np.eye(7)[6])[0], strict=True))
    moved = {name for name in home if np.linalg.norm(home[name] - opened[name]) > 1e-12}
    assert moved == {"jaw_1", "jaw_2"}


@pytest.mark.requirement("SAF-036")
@pytest.mark.parametrize("index", range(6))
def test_a_wrong_offset_in_the_chain_shows(index: int) -> None:
    arm = psm_classic()
    joints = list(arm.joints)
    joints[index] = replace(joints[index], offset=joints[index].offset + 1e-3)
    q = np.array([[0.1, 0.2, 0.12, 0.3, 0.1, -0.2, 0.4]])
    wrong = body_points(replace(arm, joints=tuple(joints)), q)
    assert np.abs(wrong - body_points(arm, q)).max() > 1e-7
