"""The driver on the simulated arm: what it promises, and what it does when something breaks."""

import termios
import time
from collections.abc import Callable

import numpy as np
import pytest

from devices import ArmProfile, DynamixelArm, Faults, SimulatedArm, launch_simulated_arm, servo_setup
from devices.control_table import BUS_WATCHDOG, GOAL_POSITION, OPERATING_MODE, TORQUE_ENABLE, Register
from devices.serial_bus import SerialBus
from devices.servo_setup import read_register
from toolkit import (
    CertifiedCommand,
    DeviceFault,
    InvalidInput,
    JointProposal,
    SolveReport,
    StaleMeasurement,
    TickArray,
    ToolkitError,
    Verdict,
)

Certify = Callable[[TickArray], CertifiedCommand]
ONE_MM = np.array([0, 0, 219, 0, 0, 0, 0])  # ticks of the insertion axis


def drive(arm: DynamixelArm, certify: Certify, periods: int, step: TickArray) -> TickArray:
    """Read and write once a period; the last setpoint."""
    assert arm.last_written is not None
    y = arm.last_written
    for _ in range(periods):
        arm.read()
        y = y + step
        arm.write(certify(y))
        time.sleep(arm.profile.period_s)
    return y


def register_of_all(port: str, profile: ArmProfile, register: Register) -> list[int]:
    bus = SerialBus(port, profile.connection.baud_bits_per_s, 0.2, 2)
    try:
        return [read_register(bus, i, register) for i in profile.servo_ids]
    finally:
        bus.close()


def test_the_arm_follows_certified_setpoints_and_echoes_them(enabled: DynamixelArm, certify: Certify) -> None:
    goal = drive(enabled, certify, 40, ONE_MM // 8)
    time.sleep(0.1)
    state = enabled.read()
    assert state.healthy
    assert np.array_equal(state.goal_ticks, goal)
    assert np.abs(state.ticks - goal).max() <= 8  # droop, rounding, noise
    assert np.allclose(state.q, enabled.profile.tick_map.to_joints(state.ticks))


@pytest.mark.requirement("SAF-016")
def test_connect_writes_mode_watchdog_and_delay_and_leaves_torque_off(simulator: SimulatedArm, profile: ArmProfile) -> None:
    with DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        assert not arm.is_enabled
    assert register_of_all(simulator.port, profile, OPERATING_MODE) == [4] * 7
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0] * 7


def test_a_sample_is_stamped_before_it_was_asked_for_on_the_monotonic_clock(enabled: DynamixelArm) -> None:
    before = time.monotonic()
    state = enabled.read()
    assert before - 0.0011 <= state.t_s <= time.monotonic() - 0.0009


@pytest.mark.requirement("SAF-001")
@pytest.mark.parametrize("command", [np.zeros(7, dtype=np.int64), JointProposal(np.zeros(7), SolveReport(True, "", 0, 0.0, 0.0)), None])
def test_nothing_but_a_certified_command_is_written(enabled: DynamixelArm, command: object) -> None:
    with pytest.raises(InvalidInput, match="only a CertifiedCommand"):
        enabled.write(command)  # type: ignore[arg-type]  # the wrong type is the test
    with pytest.raises(InvalidInput, match="only a CertifiedCommand"):
        enabled.enable(command)  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.requirement("SAF-001")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.5])
def test_a_setpoint_that_is_not_whole_ticks_cannot_be_certified(value: float) -> None:
    with pytest.raises(InvalidInput, match="integers"):
        CertifiedCommand(np.full(7, value), np.zeros((1, 7), dtype=np.int64), Verdict.PASS)  # type: ignore[arg-type]


def test_a_hold_sends_nothing(enabled: DynamixelArm) -> None:
    before = enabled.last_written
    assert before is not None
    enabled.write(CertifiedCommand(None, before[None], Verdict.STOP))
    assert enabled.last_written is before


@pytest.mark.requirement("SAF-032")
def test_a_step_over_the_class_is_refused_and_one_at_it_is_not(enabled: DynamixelArm, certify: Certify) -> None:
    """At it: the class's speed over as many periods as setpoints may be lost, and the one that is written."""
    assert enabled.last_written is not None
    v = enabled.profile.command_class.v_ticks * (1 + enabled.profile.timing.losses_max) * ONE_MM.clip(0, 1)
    enabled.write(certify(enabled.last_written + v))
    with pytest.raises(DeviceFault, match="step"):
        enabled.write(certify(enabled.last_written + v + ONE_MM.clip(0, 1)))


@pytest.mark.requirement("SAF-032")
def test_hard_joint_limits_are_checked_on_the_last_line(profile: ArmProfile, simulator: SimulatedArm, certify: Certify) -> None:
    arm = DynamixelArm(profile, simulator.port)
    arm.connect()
    y = arm.read().ticks.copy()
    y[6] = profile.tick_map.to_ticks(profile.joint_upper + np.array([0, 0, 0, 0, 0, 0, 0.01]))[6]
    with pytest.raises(DeviceFault, match="hard limits"):
        arm.enable(certify(y))
    arm.close()


@pytest.mark.requirement("SAF-024")
def test_enable_refuses_a_first_setpoint_away_from_the_arm(profile: ArmProfile, simulator: SimulatedArm, certify: Certify) -> None:
    with DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        with pytest.raises(DeviceFault, match="would move the arm"):
            arm.enable(certify(arm.read().ticks + ONE_MM))
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0] * 7


@pytest.mark.requirement("SAF-016")
def test_connecting_to_an_arm_under_torque_is_refused_and_changes_nothing(
    enabled: DynamixelArm, profile: ArmProfile, simulator: SimulatedArm
) -> None:
    enabled.close()
    with pytest.raises(DeviceFault, match="torque is already on"):
        DynamixelArm(profile, simulator.port).connect()
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [1] * 7


@pytest.mark.requirement("CYB-003")
def test_a_port_has_one_owner(enabled: DynamixelArm, profile: ArmProfile, simulator: SimulatedArm) -> None:
    with pytest.raises(DeviceFault, match="cannot open"):
        DynamixelArm(profile, simulator.port).connect()


@pytest.mark.requirement("SAF-016")
def test_another_model_number_is_refused(profile: ArmProfile, simulator: SimulatedArm) -> None:
    servos = [s.model_copy(update={"model_number": 1060}) if s.id == 4 else s for s in profile.servos]
    other = profile.model_copy(update={"servos": servos})
    with pytest.raises(DeviceFault, match="id 4: model number 1020, the profile says 1060"):
        DynamixelArm(other, simulator.port).connect()


@pytest.mark.requirement("SAF-016")
def test_a_mode_that_cannot_be_written_is_refused(profile: ArmProfile) -> None:
    with (
        launch_simulated_arm(profile, faults=Faults(mode_locked=frozenset({3}))) as simulator,
        pytest.raises(DeviceFault, match=r"id 3: write 11 .* ACCESS_ERROR"),
    ):
        DynamixelArm(profile, simulator.port).connect()


@pytest.mark.requirement("SAF-017")
@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        (Faults(silent=True), DeviceFault, "no answer from id"),
        (Faults(mute=frozenset({5})), DeviceFault, r"no answer from id \[5\]"),
        (Faults(bad_crc=1), DeviceFault, "no answer from id"),
        (Faults(hardware_error={2: 32}), DeviceFault, "id 2: hardware error: OVERLOAD"),
        (Faults(frozen=frozenset({6})), StaleMeasurement, "id 6"),
        (Faults(torque_lost=frozenset({1}), foreign_goal_ticks={1: 1}), DeviceFault, "id 1: torque is off"),
        (Faults(extra_latency_ms=500.0), DeviceFault, "no answer from id"),
    ],
    ids=["silent", "mute", "bad_crc", "hardware_error", "frozen", "torque_lost", "slow"],
)
def test_a_fault_ends_motion_with_its_name(
    enabled: DynamixelArm, simulator: SimulatedArm, certify: Certify, faults: Faults, error: type[ToolkitError], message: str
) -> None:
    drive(enabled, certify, 5, ONE_MM // 8)
    simulator.inject(faults)
    with pytest.raises(error, match=message):
        drive(enabled, certify, 5, ONE_MM // 8)
    assert enabled.last_written is not None
    with pytest.raises(DeviceFault, match="not trusted"):
        enabled.write(certify(enabled.last_written))
    simulator.inject(Faults())
    time.sleep(0.6)  # late replies, if any, pass


@pytest.mark.requirement("SAF-033")
def test_a_single_damaged_reply_is_read_again(enabled: DynamixelArm, simulator: SimulatedArm, certify: Certify) -> None:
    simulator.inject(Faults(bad_crc=50))
    drive(enabled, certify, 20, ONE_MM // 8)
    assert enabled.bus.retries >= 1
    assert enabled.bus.crc_errors >= 1


@pytest.mark.requirement("SAF-015")
def test_a_lost_setpoint_shows_in_the_echo_and_is_not_a_fault(enabled: DynamixelArm, simulator: SimulatedArm, certify: Certify) -> None:
    simulator.inject(Faults(drop_every=1))
    before = enabled.last_written
    assert before is not None
    enabled.write(certify(before + ONE_MM // 8))
    assert np.array_equal(enabled.read().goal_ticks, before)
    simulator.inject(Faults())
    enabled.write(certify(before + ONE_MM // 4))
    assert np.array_equal(enabled.read().goal_ticks, before + ONE_MM // 4)


def test_a_sample_from_before_enable_is_never_used_again(
    simulator: SimulatedArm, profile: ArmProfile, certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the line is late in the first cycle, the sample before serves once more; the one before that was of an arm without torque."""
    with DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        monkeypatch.setattr(arm, "_is_fresh", lambda state: True)
        arm.enable(certify(arm.read().ticks))
        arm.prepare()
        monkeypatch.setattr(arm._sampler, "timely", lambda: None)
        assert arm.read().healthy


@pytest.mark.requirement("SAF-014")
def test_a_foreign_goal_shows_in_the_echo(enabled: DynamixelArm, simulator: SimulatedArm) -> None:
    simulator.inject(Faults(foreign_goal_ticks={3: 17}))
    state = enabled.read()
    assert enabled.last_written is not None
    assert (state.goal_ticks - enabled.last_written).tolist() == [0, 0, 17, 0, 0, 0, 0]


@pytest.mark.requirement("SAF-025", "SAF-016")
def test_silence_of_the_controller_makes_the_watchdog_hold_and_the_driver_say_so(
    enabled: DynamixelArm, simulator: SimulatedArm, profile: ArmProfile, certify: Certify
) -> None:
    goal = drive(enabled, certify, 10, ONE_MM // 4)
    time.sleep(profile.connection.watchdog_ms * 1e-3 + 0.2)
    with pytest.raises(DeviceFault, match="bus watchdog expired"):
        enabled.read()
    enabled.disable()  # at rest: allowed, and it clears the watchdog
    enabled.close()
    bus = SerialBus(simulator.port, profile.connection.baud_bits_per_s, 0.2, 2)
    position = read_register(bus, 3, GOAL_POSITION)
    bus.close()
    assert position == goal[2]
    assert register_of_all(simulator.port, profile, BUS_WATCHDOG) == [0] * 7


@pytest.mark.requirement("SAF-016")
def test_an_expired_watchdog_refuses_goals_until_it_is_cleared(enabled: DynamixelArm, simulator: SimulatedArm, profile: ArmProfile) -> None:
    enabled.close()
    time.sleep(profile.connection.watchdog_ms * 1e-3 + 0.2)
    bus = SerialBus(simulator.port, profile.connection.baud_bits_per_s, 0.2, 2)
    assert read_register(bus, 1, BUS_WATCHDOG) == -1
    with pytest.raises(DeviceFault, match="DATA_RANGE_ERROR"):
        bus.write(1, GOAL_POSITION.address, GOAL_POSITION.pack(2048))
    bus.write(1, BUS_WATCHDOG.address, b"\0")
    bus.write(1, GOAL_POSITION.address, GOAL_POSITION.pack(2048))
    bus.close()


def test_stop_sends_nothing_more_and_the_arm_holds(enabled: DynamixelArm, certify: Certify) -> None:
    goal = drive(enabled, certify, 20, ONE_MM // 4)
    enabled.stop()
    with pytest.raises(DeviceFault, match="cannot write: stopped"):
        enabled.write(certify(goal))
    time.sleep(0.1)
    assert np.abs(enabled.read().ticks - goal).max() <= 8


@pytest.mark.requirement("SAF-029")
def test_disable_in_motion_is_refused_and_torque_stays_on(
    enabled: DynamixelArm, simulator: SimulatedArm, certify: Certify, profile: ArmProfile
) -> None:
    drive(enabled, certify, 10, ONE_MM // 3)
    with pytest.raises(DeviceFault, match="still moving"):
        enabled.disable()
    enabled.close()
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [1] * 7


@pytest.mark.requirement("SAF-029")
def test_one_servo_that_fails_to_disable_does_not_keep_the_others_on(
    enabled: DynamixelArm, simulator: SimulatedArm, profile: ArmProfile
) -> None:
    simulator.inject(Faults(torque_stuck=frozenset({2}), mute=frozenset({4})))
    with pytest.raises(DeviceFault, match=r"id 4.*id 2|id 2.*id 4"):
        enabled.disable(trusted=False)
    simulator.inject(Faults())
    enabled.close()
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0, 1, 0, 1, 0, 0, 0]


@pytest.mark.requirement("SAF-035")
def test_a_killed_simulator_is_a_device_fault_and_nothing_hangs(profile: ArmProfile, certify: Certify) -> None:
    with launch_simulated_arm(profile) as simulator:
        arm = DynamixelArm(profile, simulator.port)
        arm.connect()
        arm.enable(certify(arm.read().ticks))
        drive(arm, certify, 5, ONE_MM // 8)
        simulator.kill()
        with pytest.raises(DeviceFault, match="port"):
            drive(arm, certify, 5, ONE_MM // 8)
        with pytest.raises(DeviceFault, match="torque off not confirmed"):
            arm.disable(trusted=False)
        arm.close()


@pytest.mark.requirement("SAF-030")
def test_leaving_the_context_disables_at_rest_even_after_an_error(simulator: SimulatedArm, profile: ArmProfile, certify: Certify) -> None:
    with pytest.raises(RuntimeError, match="of the user"), DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        arm.enable(certify(arm.read().ticks))
        raise RuntimeError("of the user")
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0] * 7


@pytest.mark.requirement("SAF-029")
def test_leaving_the_context_in_motion_waits_for_rest(simulator: SimulatedArm, profile: ArmProfile, certify: Certify) -> None:
    with DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        arm.enable(certify(arm.read().ticks))
        drive(arm, certify, 10, ONE_MM // 3)
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0] * 7


@pytest.mark.requirement("SAF-029")
def test_leaving_with_a_servo_that_does_not_answer_leaves_the_arm_under_torque_and_says_so(
    simulator: SimulatedArm, profile: ArmProfile, certify: Certify
) -> None:
    """Nobody sees whether such an arm rests; its servos hold what they were told, watchdogs armed."""
    with pytest.raises(DeviceFault, match="no answer") as caught, DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        arm.enable(certify(arm.read().ticks))
        simulator.inject(Faults(mute=frozenset({4})))
        arm.read()
    assert any("torque stays on: the arm cannot be watched" in note and "[4]" in note for note in caught.value.__notes__)
    simulator.inject(Faults())
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [1] * 7


@pytest.mark.requirement("SAF-013", "SAF-029")
def test_leaving_an_arm_that_runs_away_cuts_its_power(simulator: SimulatedArm, profile: ArmProfile, certify: Certify) -> None:
    with pytest.raises(DeviceFault, match=r"power was cut.*id 1"), DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        arm.enable(certify(arm.read().ticks))
        simulator.inject(Faults(runaway=frozenset({1})))
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0] * 7


def failing_torque_on(monkeypatch: pytest.MonkeyPatch, at: int, fail: Callable[[], None]) -> None:
    """Servo `at` gets its torque and then something fails, once."""
    honest, calls = servo_setup.write_checked, list[int]()

    def write_checked(bus: SerialBus, device_id: int, register: Register, value: int) -> None:
        honest(bus, device_id, register, value)
        if register is TORQUE_ENABLE and value == 1 and device_id == at and not calls:
            calls.append(device_id)
            fail()

    monkeypatch.setattr(servo_setup, "write_checked", write_checked)


@pytest.mark.requirement("SAF-030")
@pytest.mark.parametrize("error", [DeviceFault("refused"), termios.error(5, "the port"), ZeroDivisionError(), KeyboardInterrupt()])
def test_whatever_ends_enable_torque_is_off_again(
    error: BaseException, simulator: SimulatedArm, profile: ArmProfile, certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    failing_torque_on(monkeypatch, 5, fail)
    arm = DynamixelArm(profile, simulator.port)
    arm.connect()
    with pytest.raises(type(error)):
        arm.enable(certify(arm.read().ticks))
    assert not arm.may_have_torque and not arm.is_enabled
    arm.enable(certify(arm.read().ticks))
    assert arm.is_enabled, "it was as if nothing had been done"
    arm.disable()
    arm.close()
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == register_of_all(simulator.port, profile, BUS_WATCHDOG) == [0] * 7


@pytest.mark.requirement("SAF-030")
def test_an_enable_that_cannot_take_torque_off_again_says_so_and_is_retried_on_leaving(
    simulator: SimulatedArm, profile: ArmProfile, certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_torque_on(monkeypatch, 4, lambda: simulator.inject(Faults(mute=frozenset({4}))))
    with pytest.raises(DeviceFault, match=r"id 4|\[4\]") as caught, DynamixelArm(profile, simulator.port) as arm:
        arm.connect()
        try:
            arm.enable(certify(arm.read().ticks))
        finally:
            assert arm.may_have_torque and not arm.is_enabled
    notes = caught.value.__notes__
    assert "while taking torque off again" in notes[0] and "id 4" in notes[0]
    assert "power was cut at once; torque may be on" in notes[-1] and "id 4" in notes[-1]
    simulator.inject(Faults())
    assert register_of_all(simulator.port, profile, TORQUE_ENABLE) == [0, 0, 0, 1, 0, 0, 0]


def test_a_simulated_profile_without_its_process_is_refused(profile: ArmProfile) -> None:
    with pytest.raises(DeviceFault, match="launch_simulated_arm"):
        DynamixelArm(profile)


def test_a_port_that_does_not_exist_is_a_device_fault(profile: ArmProfile) -> None:
    with pytest.raises(DeviceFault, match="cannot open"):
        DynamixelArm(profile, "/nonexistent/port").connect()
