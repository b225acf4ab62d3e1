"""A smooth line through its points, and a way along it that begins and ends at rest."""

import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models.fluids import AlongLine, CentreLine

POINTS = np.array([[0.0, 0.0, 0.0], [2e-3, 1e-3, 0.0], [4e-3, 1e-3, 1e-3]])


def test_it_passes_through_its_points_with_unit_tangents() -> None:
    line = CentreLine(POINTS)
    places, along = line.at(line.knots_m)
    assert places == pytest.approx(POINTS) and np.linalg.norm(along, axis=1) == pytest.approx(1.0)
    assert line.length_m == line.knots_m[-1] >= np.linalg.norm(POINTS[2] - POINTS[0])


def test_a_segment_is_a_piece_of_it() -> None:
    tube = CentreLine(POINTS).segment("tube", 0, 1, 5e-4, "", 1.0)
    assert tube.points_m[0] == pytest.approx(POINTS[0]) and tube.points_m[-1] == pytest.approx(POINTS[1])


def test_the_way_begins_and_ends_at_rest_and_its_velocity_is_its_derivative() -> None:
    way = AlongLine(CentreLine(POINTS), 3e-4, 5.0, 10.0)
    position, velocity, _ = way(np.array([9.0, 10.0, 12.0, 15.0, 16.0]))
    assert position[0] == pytest.approx(position[1]) and position[3] == pytest.approx(position[4])
    assert not velocity[0].any() and not velocity[4].any()
    ahead, behind = way(np.array([12.001]))[0][0], way(np.array([11.999]))[0][0]
    assert velocity[2] == pytest.approx((ahead - behind) / 0.002, rel=1e-3)
    assert way.begun_at(0.0)(np.array([2.0]))[0] == pytest.approx(position[2:3])


@pytest.mark.parametrize("points", [POINTS[:2], POINTS[[0, 0, 1]], np.full((3, 3), np.nan)])
def test_points_that_make_no_line_are_refused(points: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="points_m"):
        CentreLine(points)


def test_insets_that_leave_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="inset_m"):
        AlongLine(CentreLine(POINTS), 3e-3, 5.0)
