"""The electrical self-test against a rig with each fault; and its judgement alone, against measurements made by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.coil_driver import CoilDriver
from devices.coil_profile import CoilProfile, load_coil_profile
from devices.coil_protocol import State
from devices.coil_selftest import CoilDefect, CoilMeasurement, judge_coils, run_coil_selftest
from devices.simulated_coils import CoilFaults, SimulatedCoils, launch_simulated_coils
from devices.simulated_coils.firmware import compiler
from toolkit import DeviceFault

needs_rig = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
PROFILE = Path(__file__).parents[2] / "examples" / "profiles" / "octomag_coils_sim" / "profile.yaml"


@pytest.fixture(scope="module")
def profile() -> CoilProfile:
    """The example's, with more patience: a busy host must not be taken for a coil that cannot be measured."""
    profile = load_coil_profile(PROFILE)
    assert profile.watchdog is not None
    connection = profile.connection.model_copy(update={"reply_timeout_ms": 200.0})
    return profile.model_copy(update={"connection": connection, "watchdog": profile.watchdog.model_copy(update={"time_ms": 1000})})


@pytest.fixture(scope="module")
def rig(profile: CoilProfile) -> Iterator[SimulatedCoils]:
    with launch_simulated_coils(profile) as rig:
        yield rig


@needs_rig
@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (CoilFaults(), {}),
        (CoilFaults(open=frozenset({2})), {"coil_3": CoilDefect.OPEN}),
        (CoilFaults(short={3: 0.1}), {"coil_4": CoilDefect.SHORT}),
        # Here the regulator cycles: what its samples tell depends on where in the cycle they fall.
        (CoilFaults(short={3: 0.4}), {"coil_4": (CoilDefect.UNSTEADY, CoilDefect.SHORT, CoilDefect.OUT_OF_TOLERANCE)}),
        (CoilFaults(short={3: 0.9}), {"coil_4": CoilDefect.OUT_OF_TOLERANCE}),
        (CoilFaults(swapped=(1, 4)), {"coil_2": CoilDefect.SWAPPED, "coil_5": CoilDefect.SWAPPED}),
        (CoilFaults(swapped_leads=(1, 4)), {"coil_2": CoilDefect.SWAPPED_LEADS, "coil_5": CoilDefect.SWAPPED_LEADS}),
        (CoilFaults(reversed=frozenset({5})), {"coil_6": CoilDefect.REVERSED}),
        (CoilFaults(no_temperature=frozenset({0})), {"coil_1": CoilDefect.NO_TEMPERATURE}),
        (CoilFaults(stuck_temperature_c={1: 60.0}), {"coil_2": CoilDefect.OUT_OF_TOLERANCE}),
        (CoilFaults(turned=frozenset({5})), {}),
    ],
    ids=lambda value: "-".join(value.model_dump(exclude_defaults=True)) if isinstance(value, CoilFaults) else "",
)
def test_each_fault_is_found_in_its_coil_and_in_no_other(
    rig: SimulatedCoils, profile: CoilProfile, faults: CoilFaults, expected: dict[str, CoilDefect | tuple[CoilDefect, ...]],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    rig.inject(faults)
    with CoilDriver(profile, rig.port) as driver:
        driver.connect()
        result = run_coil_selftest(driver)
        assert driver.read().state is State.OFF and not driver.may_carry_current
    found, said = {finding.coil: finding.defect for finding in result.findings}, [str(finding) for finding in result.findings]
    assert found.keys() == expected.keys(), said
    assert all(found[coil] in (names if isinstance(names, tuple) else (names,)) for coil, names in expected.items()), said
    for finding in result.findings:
        record_property(f"seconds_to_find_{finding.coil}", finding.time_s)
        with pytest.raises(DeviceFault, match=finding.coil):
            result.require()
    if not expected:
        result.require()
        assert result.resistance_ohm == pytest.approx([c.resistance_ohm(22.0) for c in profile.coils], rel=0.025)
    assert "turned over" in result.not_shown[0], "what no voltage can tell is said, never passed over"


@needs_rig
def test_coils_in_use_are_not_tested_and_keep_their_currents(rig: SimulatedCoils, profile: CoilProfile) -> None:
    rig.inject(CoilFaults())
    with CoilDriver(profile, rig.port) as driver:
        driver.connect()
        driver.arm()
        with pytest.raises(DeviceFault, match="in use"):
            run_coil_selftest(driver)
        assert driver.is_armed


@needs_rig
def test_a_device_that_is_gone_is_a_fault_not_a_finding(profile: CoilProfile) -> None:
    with launch_simulated_coils(profile) as rig:
        driver = CoilDriver(profile, rig.port)
        driver.connect()
        rig.kill()
        with pytest.raises(DeviceFault):
            run_coil_selftest(driver)
        driver.close()


def measured(profile: CoilProfile, **changes: object) -> list[CoilMeasurement]:
    """What perfect coils at 30 degrees would give, coil 0 changed."""
    good = []
    for k, coil in enumerate(profile.coils):
        voltage = np.zeros(profile.n)
        voltage[k] = coil.resistance_ohm(30.0)
        good.append(CoilMeasurement(k, 1.0, 1.0, voltage, 30.0, 0.01, "", 0.2))
    good[0] = CoilMeasurement(**{**vars(good[0]), **changes})  # type: ignore[arg-type]
    return good


@pytest.mark.parametrize(("factor", "passes"), [(1.0249, True), (1.0251, False), (0.9751, True), (0.9749, False), (float("nan"), False)])
def test_the_tolerance_is_kept_at_its_edge(profile: CoilProfile, factor: float, passes: bool) -> None:
    voltage = np.zeros(8)
    voltage[0] = factor * profile.coils[0].resistance_ohm(30.0)
    assert (judge_coils(profile, measured(profile, voltage_v=voltage)).findings == ()) == passes


def test_half_the_resistance_at_a_steady_current_is_a_short(profile: CoilProfile) -> None:
    voltage = np.zeros(8)
    voltage[0] = 0.45 * profile.coils[0].resistance_ohm(30.0)
    [finding] = judge_coils(profile, measured(profile, voltage_v=voltage)).findings
    assert finding.defect is CoilDefect.SHORT


@pytest.mark.parametrize(("swing_a", "passes"), [(0.09, True), (0.11, False), (float("nan"), False)])
def test_a_current_that_does_not_settle_is_no_measurement(profile: CoilProfile, swing_a: float, passes: bool) -> None:
    findings = judge_coils(profile, measured(profile, swing_a=swing_a)).findings
    assert passes == (findings == ()) and all(f.defect is CoilDefect.UNSTEADY for f in findings)


def test_the_temperature_model_is_used(profile: CoilProfile) -> None:
    """The same ohms at another temperature are another coil's."""
    assert judge_coils(profile, measured(profile)).findings == ()
    [finding] = judge_coils(profile, measured(profile, temperature_c=45.0)).findings
    assert finding.defect is CoilDefect.OUT_OF_TOLERANCE and "45.0 C" in finding.detail


def test_one_coil_with_anothers_resistance_is_not_called_an_exchange(profile: CoilProfile) -> None:
    """The other one has its own: this is not two connectors, but one wrong coil."""
    voltage = np.zeros(8)
    voltage[0] = profile.coils[7].resistance_ohm(30.0)
    [finding] = judge_coils(profile, measured(profile, voltage_v=voltage)).findings
    assert finding.defect is CoilDefect.OUT_OF_TOLERANCE


def test_coils_too_alike_to_be_told_apart_are_named(profile: CoilProfile) -> None:
    twins = profile.model_copy(update={"coils": [profile.coils[0], profile.coils[0].model_copy(update={"name": "twin"})]})
    assert "coil_1 and twin: too alike for an exchange of their connectors to show" in judge_coils(twins, []).not_shown
