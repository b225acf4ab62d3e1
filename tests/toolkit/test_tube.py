"""A tube whose monitor could not fire in time, or whose window is no window, is refused."""

import numpy as np
import pytest

from toolkit import InvalidInput, Tube

E = np.array([1e-3, 2e-3])


def test_the_window_holds_the_newest_setpoint_and_those_it_may_be_behind() -> None:
    assert Tube(E, 0.5 * E, 6, 2, "").window == 7


@pytest.mark.parametrize("e_monitor", [E, 1.1 * E, 0.0 * E, -0.5 * E, np.array([0.5e-3, 2e-3]), np.full(2, np.nan)])
def test_a_monitor_threshold_not_strictly_inside_the_tube_is_refused(e_monitor: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        Tube(E, e_monitor, 6, 2, "")


@pytest.mark.parametrize(("behind", "losses"), [(0, 0), (51, 2), (6, 6), (6, -1), (1, 1)])
def test_a_window_outside_its_range_is_refused(behind: int, losses: int) -> None:
    with pytest.raises(InvalidInput):
        Tube(E, 0.5 * E, behind, losses, "")


@pytest.mark.parametrize(("behind", "losses"), [(1, 0), (50, 49), (6, 5)])
def test_a_window_at_its_limits_is_accepted(behind: int, losses: int) -> None:
    assert Tube(E, 0.5 * E, behind, losses, "").losses_max == losses


def test_a_tube_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Tube(np.array([np.inf, 1.0]), 0.5 * E, 6, 2, "")
