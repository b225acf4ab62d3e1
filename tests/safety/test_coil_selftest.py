"""The resistance self-test: sound coils arm, each fault is named, what cannot be read does not arm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import CoilResistance, ResistanceLimits, check_resistance
from toolkit import InvalidInput

LIMITS = ResistanceLimits(
    tolerance=0.05, short_below=0.5, current_min_ampere=0.5, temperature_low_celsius=5.0, temperature_high_celsius=60.0
)
CURRENTS = np.array([-2.0, 0.0, 2.0])


def coil(name: str, R20: float, T: float = 20.0, true: float | None = None, offset_V: float = 0.0) -> CoilResistance:
    """A coil of R20 whose circuit has the resistance `true`; by default what copper has at T."""
    ohm = R20 * (1.0 + 0.00393 * (T - 20.0)) if true is None else true
    return CoilResistance(name, R20, T, ohm * CURRENTS + offset_V, CURRENTS)


def test_sound_coils_arm_warm_or_cold_and_whatever_the_offset() -> None:
    found = check_resistance([coil("a", 1.0), coil("b", 2.0, T=55.0), coil("c", 0.8, T=8.0, offset_V=0.4)], LIMITS)
    assert found.arms
    np.testing.assert_allclose(found.measured_ohm, [1.0, 2.0 * 1.13755, 0.8 * 0.95284])
    np.testing.assert_allclose(found.measured_ohm, found.expected_ohm)


@given(st.floats(0.1, 10.0), st.floats(6.0, 59.0), st.floats(-0.2, 0.2))
def test_the_tolerance_decides_on_both_sides(R20: float, T: float, error: float) -> None:
    expected = R20 * (1.0 + 0.00393 * (T - 20.0))
    found = check_resistance([coil("a", R20, T, expected * (1.0 + error))], LIMITS)
    if abs(abs(error) - 0.05) > 1e-9:
        assert found.arms == (abs(error) < 0.05)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (CoilResistance("b", 2.0, 20.0, np.array([-24.0, 0.0, 24.0]), np.zeros(3)), "b: open, or not measured: the currents span"),
        (CoilResistance("b", 2.0, 20.0, np.array([-4.0, np.nan, 4.0]), CURRENTS), "b: open, or not measured"),
        (coil("b", 2.0, true=0.1), "b: 0.1 ohm, 2 ohm expected at 20 °C: shorted"),
        (coil("b", 2.0, true=-2.0), "counted in opposite directions"),
        (coil("b", 2.0, true=2.4), "out of tolerance (copper would have it at 71 °C)"),
        (coil("b", 2.0, T=61.0), "temperature 61 °C, allowed [5, 60] °C; unreadable counts as hot"),
        (coil("b", 2.0, T=float("nan"), true=2.0), "temperature nan °C"),
        (coil("b", 2.0, T=-30.0), "temperature -30 °C"),
    ],
)
def test_a_faulty_coil_is_named_with_its_fault(bad: CoilResistance, says: str) -> None:
    found = check_resistance([coil("a", 1.0), bad], LIMITS)
    assert not found.arms and any(says in reason for reason in found.reasons), found.reasons
    assert not any(reason.startswith("a:") for reason in found.reasons), "and the sound one is not blamed"


def test_swapped_coils_are_seen_where_their_resistances_differ() -> None:
    found = check_resistance([coil("a", 1.0, true=2.0), coil("b", 2.0, true=1.0), coil("c", 3.0)], LIMITS)
    assert [reason.rpartition(": ")[0].split(": ")[0] for reason in found.reasons] == ["a", "b"]
    assert "swapped with b" in found.reasons[0] and "swapped with a" in found.reasons[1]


def test_what_is_no_measurement_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two or more"):
        CoilResistance("a", 1.0, 20.0, np.ones(1), np.ones(1))
    with pytest.raises(InvalidInput, match="R20_ohm"):
        CoilResistance("a", float("nan"), 20.0, np.ones(2), np.ones(2))
    for coils in ([], [coil("a", 1.0), coil("a", 1.0)]):
        with pytest.raises(InvalidInput, match="each named once"):
            check_resistance(coils, LIMITS)


@pytest.mark.parametrize("k", range(5))
def test_limits_that_are_not_numbers_are_refused(k: int) -> None:
    values = [0.05, 0.5, 0.5, 5.0, 60.0]
    values[k] = float("nan")
    with pytest.raises(InvalidInput):
        ResistanceLimits(*values)
