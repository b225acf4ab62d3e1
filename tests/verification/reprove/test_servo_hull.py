"""Windows in whole ticks and exact rationals: against the shield's own windows, and against what servos may do."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.window import windows_touching
from tests.verification.reprove.worlds import example, inputs
from verification.checker.exact import exactly
from verification.checker.problem import problem_of
from verification.checker.strict_json import RejectedError
from verification.reprove.servo_hull import ServoMap, hulls_of

pytestmark = pytest.mark.requirement("AUD-036")
TICKS = st.lists(st.integers(-2000, 2000), min_size=7, max_size=7)


@pytest.fixture(scope="module")
def servos() -> ServoMap:
    return ServoMap.of(problem_of(inputs()))


@given(rows=st.lists(TICKS, min_size=12, max_size=16))
@settings(max_examples=50, deadline=None)
def test_boxes_are_those_of_the_shield_without_its_rounding(servos: ServoMap, rows: list[list[int]]) -> None:
    w, tube = servos.window, example().tube
    assert w == tube.window
    history, plan = rows[: w + 1], rows[w + 1 :]
    hulls = hulls_of([tuple(y) for y in history], [tuple(y) for y in plan], w)
    floats = windows_touching(np.array(history), np.array(plan), example().profile.tick_map, tube)
    assert len(hulls) == len(plan) == len(floats.c)
    for hull, c, r in zip(hulls, floats.c, floats.r, strict=True):
        box = servos.joint_box(hull, servos.e)
        for low, high, middle, half in zip(box.low, box.high, c.tolist(), r.tolist(), strict=True):
            assert abs(exactly(middle - half) - low) < fmpq(1, 10**14) and abs(exactly(middle + half) - high) < fmpq(1, 10**14)


@given(rows=st.lists(TICKS, min_size=10, max_size=10), picks=st.lists(st.integers(0, 9), min_size=7, max_size=7))
@settings(max_examples=50, deadline=None)
def test_servos_out_of_step_stay_in_the_box_exactly(servos: ServoMap, rows: list[list[int]], picks: list[int]) -> None:
    (hull,) = hulls_of([tuple(y) for y in rows[:-1]], [tuple(rows[-1])], servos.window)
    box = servos.joint_box(hull, [fmpq(0)] * 7)
    mixed = servos.joints(tuple(rows[pick][servo] for servo, pick in enumerate(picks)))
    assert all(low <= q <= high for low, q, high in zip(box.low, mixed, box.high, strict=True))


@given(rows=st.lists(TICKS, min_size=10, max_size=10))
@settings(max_examples=30, deadline=None)
def test_centre_and_half_range_cover_the_box(servos: ServoMap, rows: list[list[int]]) -> None:
    (hull,) = hulls_of([tuple(y) for y in rows[:-1]], [tuple(rows[-1])], servos.window)
    box = servos.joint_box(hull, servos.e)
    for low, high, c, r, (below, above) in zip(box.low, box.high, box.c, box.r, box.outward, strict=True):
        reach = fmpq(*float(r.lower()).as_integer_ratio())
        assert max(high - exactly(c), exactly(c) - low) - reach < fmpq(1, 10**15)
        assert exactly(below) < low <= exactly(c) <= high < exactly(above)


def test_a_tick_map_that_the_profile_does_not_lead_to_is_refused() -> None:
    shield = inputs()["shield"]
    first = example().profile.tick_map.M[0, 0].hex().encode()
    assert first in shield
    changed = inputs() | {"shield": shield.replace(first, (example().profile.tick_map.M[0, 0] * 1.001).hex().encode(), 1)}
    with pytest.raises(RejectedError, match="M"):
        ServoMap.of(problem_of(changed))
