"""A constraint that could mean nothing, or not what it says, cannot be made."""

from typing import Any

import numpy as np
import pytest

from safety import CommandedRate, InsertionRule, JointBox, KeepInFaces, KeepInTube, RemoteCentre
from toolkit import InvalidInput

X, ORIGIN = np.array([1.0, 0.0, 0.0]), np.zeros(3)


def test_normals_are_made_unit_and_offsets_with_them() -> None:
    faces = KeepInFaces("f", np.array([[0.0, 0.0, 2.0], [0.0, -0.5, 0.0]]), np.array([1.0, 0.1]), ("a",))
    np.testing.assert_allclose(faces.normals_B, [[0, 0, 1], [0, -1, 0]])
    np.testing.assert_allclose(faces.offsets_m, [0.5, 0.2])


@pytest.mark.parametrize(
    ("normals", "offsets"),
    [
        (np.zeros((1, 3)), [1.0]),
        (np.full((1, 3), np.nan), [1.0]),
        (np.eye(3), [1.0]),
        (np.eye(3), [1.0, np.inf, 1.0]),
        (np.zeros((0, 3)), []),
    ],
)
def test_faces_without_direction_offset_or_number_are_refused(normals: Any, offsets: Any) -> None:
    with pytest.raises(InvalidInput):
        KeepInFaces("f", normals, np.array(offsets, dtype=np.float64), ("a",))


@pytest.mark.parametrize("radius", [-1e-9, np.nan, np.inf])
def test_a_tube_of_no_radius_is_refused(radius: float) -> None:
    with pytest.raises(InvalidInput):
        KeepInTube("t", ORIGIN, X, radius, False, ("a",))


def test_a_cylinder_needs_an_axis_and_a_ball_does_not() -> None:
    assert KeepInTube("ball", ORIGIN, ORIGIN, 0.1, False, ("a",)).projector.tolist() == np.eye(3).tolist()
    with pytest.raises(InvalidInput, match="axis"):
        KeepInTube("cylinder", ORIGIN, ORIGIN, 0.1, True, ("a",))


def test_the_projector_of_a_cylinder_removes_what_lies_along_its_axis() -> None:
    Q = KeepInTube("cylinder", ORIGIN, np.array([0.3, -0.2, 0.9]), 0.1, True, ("a",)).projector
    np.testing.assert_allclose(Q @ [0.3, -0.2, 0.9], ORIGIN, atol=1e-16)
    np.testing.assert_allclose(Q @ Q, Q, atol=1e-15)
    assert np.linalg.norm(Q, 2) <= 1.0 + 1e-15


@pytest.mark.requirement("WSP-007")
@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan, 0.2])
def test_a_remote_centre_limit_outside_its_range_is_refused(limit: float) -> None:
    with pytest.raises(InvalidInput):
        RemoteCentre("rcm", limit)


@pytest.mark.requirement("WSP-012")
@pytest.mark.parametrize(
    ("lower", "upper"),
    [([0.0, 0.0], [1.0, 0.0]), ([0.0, 2.0], [1.0, 1.0]), ([0.0, np.nan], [1.0, 1.0]), ([0.0], [1.0, 1.0]), ([-np.inf], [1.0])],
)
def test_joint_limits_that_leave_no_room_are_refused(lower: list[float], upper: list[float]) -> None:
    with pytest.raises(InvalidInput):
        JointBox("joints", np.array(lower), np.array(upper))


@pytest.mark.requirement("WSP-012")
@pytest.mark.parametrize(
    ("insertion", "depth", "wrist", "straight"),
    [
        (2, np.nan, (4, 5), 0.1),
        (2, -0.1, (4, 5), 0.1),
        (2, 0.1, (4, 5), 0.0),
        (2, 0.1, (4, 5), 0.6),
        (2, 0.1, (), 0.1),
        (-1, 0.1, (4, 5), 0.1),
        (2, 0.1, (4, -1), 0.1),
    ],
)
def test_an_insertion_rule_that_would_always_or_never_hold_is_refused(
    insertion: int, depth: float, wrist: tuple[int, ...], straight: float
) -> None:
    with pytest.raises(InvalidInput):
        InsertionRule("rule", insertion, depth, wrist, straight)


@pytest.mark.parametrize(("order", "limit"), [(0, 1.0), (3, 1.0), (1, 0.0), (1, np.nan), (2, np.inf), (2, -1.0)])
def test_a_rate_of_another_order_or_without_limit_is_refused(order: int, limit: float) -> None:
    with pytest.raises(InvalidInput):
        CommandedRate("rate", ("tip",), order, limit)
