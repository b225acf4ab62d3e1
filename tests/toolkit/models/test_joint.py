import math

import pytest

from toolkit import InvalidInput
from toolkit.models import Body, BodyPoint, Frame, Joint, JointKind


@pytest.mark.parametrize("rows", [
    ((1, 0, 0), (0, 1, 0), (0, 0, -1)),  # mirrored
    ((1, 0, 0), (0, 1.01, 0), (0, 0, 1)),  # stretched
    ((0.7071, 0.7071, 0), (-0.7071, 0.7071, 0), (0, 0, 1)),  # four digits are not enough
    ((math.nan, 0, 0), (0, 1, 0), (0, 0, 1)),
])
def test_a_frame_that_is_not_a_rotation_is_refused(rows):
    with pytest.raises(InvalidInput):
        Frame(rows)


@pytest.mark.parametrize("change", [
    {"axis": (0, 0, 1.0001)}, {"axis": (0, 0, 0)}, {"offset": math.nan}, {"gain": 0.0}, {"gain": math.inf}, {"coordinate": -1},
    {"X_PJ": Frame(((0.70710678, -0.70710678, 0), (0.70710678, 0.70710678, 0), (0, 0, 1)))},
])
def test_a_joint_whose_bound_would_not_hold_is_refused(change):
    parts = {"name": "a", "kind": JointKind.REVOLUTE, "X_PJ": Frame(), "coordinate": 0}
    assert Joint(**parts).gain == 1.0
    with pytest.raises(InvalidInput):
        Joint(**{**parts, **change})


@pytest.mark.parametrize("radius", [0.0, -0.001, 1.0, math.nan, 4.2])
def test_a_body_without_a_plausible_radius_is_refused(radius):
    with pytest.raises(InvalidInput, match="radius"):
        Body("shaft", ("a",), radius)


def test_a_body_without_points_or_with_a_point_at_infinity_is_refused():
    with pytest.raises(InvalidInput):
        Body("shaft", (), 0.01)
    with pytest.raises(InvalidInput):
        BodyPoint("a", 0, (0.0, 0.0, math.inf))
