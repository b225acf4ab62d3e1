"""Coordinates that drop out of a distance: only such along which it does not change."""

import numpy as np
import pytest

from toolkit.models import SerialArm, panda, psm_classic, versius_like
from verification.prover.symmetry import independent_coordinates


@pytest.mark.parametrize("arm", [psm_classic(), panda(), versius_like()], ids=lambda arm: arm.name)
@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (0.0, 0.0, 0.333), (0.1, 0.0, 0.0)])
def test_what_drops_out_does_not_change_the_distance(arm: SerialArm, centre: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(0)
    for i, point in enumerate(arm.body_points):
        joints = (*arm.joints[: point.frame], *point.branch)
        free = independent_coordinates(joints, point.p_m, centre)
        for j in {joint.coordinate for joint in joints}:
            q = rng.uniform(arm.limits.lower, arm.limits.upper, (6, arm.n))
            moved = q.copy()
            moved[:, j] = rng.uniform(arm.limits.lower[j], arm.limits.upper[j], 6)
            before, after = ([float(np.linalg.norm(arm.points(x)[i] - centre)) for x in rows] for rows in (q, moved))
            assert np.abs(np.subtract(before, after)).max() < 1e-12 or j not in free, (point.name, j)


def test_the_base_turns_of_a_psm_and_its_roll_drop_out_for_the_wrist() -> None:
    arm = psm_classic()
    wrist = arm.body_points[arm.point_names.index("wrist")]
    assert independent_coordinates(arm.joints[: wrist.frame], wrist.p_m, (0.0, 0.0, 0.0)) == {0, 1, 3}
