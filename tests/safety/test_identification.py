"""Identification is checked against joint limits and nothing else, and says so."""

import numpy as np
import pytest

from safety import identification_command
from tests.safety.parts import arm, at, tick_map
from toolkit import InvalidInput, NoSafeCommand

pytestmark = pytest.mark.requirement("SAF-047")

LOWER, UPPER = arm().limits.lower, arm().limits.upper


def test_a_setpoint_inside_the_limits_is_labelled_as_identification() -> None:
    command = identification_command(at(), tick_map(), LOWER, UPPER)
    assert command.ticks is not None and command.ticks.tolist() == at().tolist() == command.plan[0].tolist()
    assert "identification" in command.reason and command.margins["joint_limits"].value > 0.0


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("side", [-1, 1])
def test_any_joint_outside_its_limits_is_refused_by_name(joint: int, side: int) -> None:
    q = 0.5 * (LOWER + UPPER)
    q[joint] = (UPPER if side > 0 else LOWER)[joint] + side * 2e-3
    with pytest.raises(NoSafeCommand, match=f"joint {arm().joint_names[joint]} "):
        identification_command(tick_map().to_ticks(q), tick_map(), LOWER, UPPER)


@pytest.mark.parametrize("limits", [(np.full(7, np.nan), UPPER), (LOWER, np.full(7, np.nan))])
def test_limits_that_are_nan_refuse_everything(limits: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(NoSafeCommand):
        identification_command(at(), tick_map(), *limits)


def test_setpoints_that_are_not_whole_ticks_are_refused() -> None:
    with pytest.raises(InvalidInput):
        identification_command(at() + 0.5, tick_map(), LOWER, UPPER)
