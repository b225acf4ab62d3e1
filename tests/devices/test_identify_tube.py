"""Identification: the motion is in the class, the numbers are what the recording implies, and the shipped tube covers the truth."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import ArmProfile, launch_simulated_arm, read_truth
from devices.identification_motion import excitations
from devices.identify_tube import Recording, evaluate, excess, identification_range, identify_tube, record
from devices.tube_file import growth_periods, load_tube, write_tube
from toolkit import CertifiedCommand, DeviceFault, InvalidInput, SpecificationError, TickArray

Certify = Callable[[TickArray], CertifiedCommand]


@pytest.mark.requirement("SAF-038")
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_the_excitation_stays_in_the_class_but_for_holds_and_in_its_range(profile: ArmProfile, seed: int, losses: int) -> None:
    start = profile.tick_map.to_ticks(np.array(profile.simulator.start_rad_or_m))  # type: ignore[union-attr]
    low, high = identification_range(profile, start, 0.6)
    c = profile.command_class
    items = list(excitations(start, low, high, c, losses, 1500, np.random.default_rng(seed)))
    y = np.vstack([start, *(e.ticks for e in items)])
    dy = np.diff(y, axis=0)
    assert np.all(y >= low)
    assert np.all(y <= high)
    assert np.all(np.abs(dy) <= c.v_ticks)
    ddy = np.abs(np.diff(np.vstack([np.zeros_like(start), dy]), axis=0))
    hold = (dy == 0).all(axis=1)
    assert np.all(ddy[~hold] <= c.a_ticks)
    # Worth anything only if it really reaches full speed, really holds from there, and really loses that many in a row.
    abrupt = hold[1:, None] & (np.abs(dy[:-1]) == c.v_ticks)
    assert np.all(abrupt.any(axis=0))  # by every servo
    lost = "".join("x" if e.lost else "." for e in items)
    assert ("x" * losses in lost) and ("x" * (losses + 1) not in lost)


def _without_encoder_error(fields: dict[str, Any]) -> None:
    """As tubes once were: a sample just inside e_monitor was taken for the joint itself."""
    fields["e"] = [e - error for e, error in zip(fields["e"], fields["encoder_error"], strict=True)]


def synthetic(profile: ArmProfile, behind: float, cycles: int = 2500) -> Recording:
    """A servo that is exactly `behind` periods late, read without error."""
    start = profile.tick_map.to_ticks(np.array(profile.simulator.start_rad_or_m))  # type: ignore[union-attr]
    low, high = identification_range(profile, start, 0.5)
    items = list(excitations(start, low, high, profile.command_class, 0, cycles, np.random.default_rng(3)))
    y = np.array([e.ticks for e in items])
    k = np.arange(len(y))
    ticks = np.column_stack([np.rint(np.interp(k - behind, k, column)).astype(np.int64) for column in y.T])
    t = k * profile.period_s
    return Recording(y, ticks, t - profile.timing.sample_age_ms * 1e-3, t, np.array([e.phase for e in items]), np.zeros(len(y), dtype=bool))


@pytest.mark.parametrize("behind", [3, 5])
def test_a_pure_delay_is_covered_by_its_window_and_not_by_a_shorter_one(profile: ArmProfile, behind: int) -> None:
    recording = synthetic(profile, behind)
    # The window of m = behind - 1 begins at setpoint k - behind: the position that a pure delay shows.
    assert excess(profile, recording.setpoints, recording.ticks, behind - 1).max() <= 1e-12
    assert excess(profile, recording.setpoints, recording.ticks, behind - 2).max() > 1e-4


def test_the_lag_and_window_of_a_known_delay_are_found(profile: ArmProfile) -> None:
    fields = evaluate(profile, synthetic(profile, 4.0), 3, 1.0)
    assert fields["behind_max"] - fields["jitter_periods"] == 3  # the least that losses_max = 2 admits
    assert fields["jitter_periods"] * profile.timing.period_ms >= profile.timing.jitter_ms
    assert fields["lag_ms"] == pytest.approx([20.0] * 7, abs=1.5)
    assert fields["encoder_excess"] == pytest.approx([0.0] * 7, abs=1e-12)


def test_an_offset_reading_is_excess_at_rest_and_in_motion(profile: ArmProfile) -> None:
    recording = synthetic(profile, 3.0)
    offset = np.array([0, 0, 50, 0, 0, 0, 0])
    shifted = Recording(
        recording.setpoints, recording.ticks + offset, recording.t_s, recording.sent_s, recording.phases, recording.late
    )
    fields = evaluate(profile, shifted, 3, 2.0)
    assert fields["encoder_excess"][2] == pytest.approx(2.0 * 50 * profile.tick_map.M[2, 2])
    assert fields["encoder_excess"][0] == pytest.approx(0.0, abs=1e-12)


def test_a_device_that_lags_too_much_has_no_tube(profile: ArmProfile) -> None:
    with pytest.raises(DeviceFault, match="do not cover the lag"):
        evaluate(profile, synthetic(profile, 30.0), 3, 1.0)


def test_a_recording_that_was_mostly_late_is_refused(profile: ArmProfile) -> None:
    recording = synthetic(profile, 3.0)
    late = Recording(recording.setpoints, recording.ticks, recording.t_s, recording.sent_s, recording.phases, np.ones_like(recording.late))
    with pytest.raises(DeviceFault, match="were late"):
        evaluate(profile, late, 3, 1.0)


@pytest.mark.parametrize("arguments", [{"safety_factor": 0.9}, {"safety_factor": float("nan")}, {"span": 0.0}, {"cycles": 10}])
def test_arguments_that_weaken_the_tube_are_refused(profile: ArmProfile, certify: Certify, arguments: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        identify_tube(profile, certify, **arguments)  # type: ignore[arg-type]


def test_the_shipped_tube_belongs_to_the_shipped_profile_and_fits_the_budget(profile: ArmProfile) -> None:
    tube = profile.load_tube()
    assert tube.losses_max == profile.timing.losses_max
    J = profile.arm_model.jacobian(np.array([0.1, 0.1, 0.12, 0.0, 0.0, 0.0, 0.2]))[:3]
    at_the_tip = (np.linalg.norm(J, axis=0) * tube.e).sum()
    assert at_the_tip <= 1.05e-3
    tick = profile.tick_map.abs_M.sum(axis=1)
    between = profile.encoder_error_ticks * tick + profile.joint_error + growth_periods(profile) * tick
    assert np.all(tube.e - tube.e_monitor >= between)


def test_the_stated_latency_is_the_identified_lag(profile: ArmProfile) -> None:
    import yaml

    lag_ms = yaml.safe_load(profile.tube_path.read_text())["lag_ms"]
    assert np.abs(np.array(lag_ms) - profile.latency_s * 1e3).max() <= 1.0


@pytest.mark.requirement("SAF-037")
def test_an_edited_tube_is_refused(profile: ArmProfile, tmp_path: Path) -> None:
    text = profile.tube_path.read_text()
    path = tmp_path / "tube.yaml"
    path.write_text(text.replace("losses_max: 2", "losses_max: 1"))
    with pytest.raises(SpecificationError, match="edited"):
        load_tube(path, profile)


@pytest.mark.requirement("SAF-037")
def test_a_tube_of_another_device_is_refused(profile: ArmProfile) -> None:
    timing = profile.timing.model_copy(update={"period_ms": 4.0})
    other = profile.model_copy(update={"timing": timing})
    other.__dict__.pop("command_class", None)
    with pytest.raises(SpecificationError, match="identified for another state"):
        load_tube(profile.tube_path, other)


@pytest.mark.requirement("SAF-037")
@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda f: f["e"].__setitem__(2, 0.5 * f["e"][2]), "joint insertion: less than e_monitor"),
        (_without_encoder_error, r"less than e_monitor \+ encoder_error \+ joint_error \+ growth"),
        (lambda f: f["e_monitor"].__setitem__(0, 1e-6), "joint yaw: less than encoder_excess"),
        (lambda f: f["encoder_error"].__setitem__(3, 0.0), "joint roll: less than the profile's encoder_error_ticks"),
        (lambda f: f["joint_error"].__setitem__(6, 0.0), "joint jaw: less than the profile states"),
        (lambda f: f["growth"].__setitem__(1, 1e-6), "joint pitch: less than one tick of each servo"),
        (lambda f: f.update(growth_periods=6.0), "6 periods between samples, 11 are possible"),
    ],
)
def test_a_tube_that_is_less_than_its_monitor_needs_is_refused(
    profile: ArmProfile, tmp_path: Path, edit: Callable[[dict[str, Any]], object], told: str
) -> None:
    fields = evaluate(profile, synthetic(profile, 3.0), 3, 1.0)
    path = tmp_path / "tube.yaml"
    write_tube(path, fields)
    assert np.array_equal(load_tube(path, profile).e, fields["e"])
    edit(fields)
    write_tube(path, fields)
    with pytest.raises(SpecificationError, match=told):
        load_tube(path, profile)


@pytest.mark.requirement("SAF-038")
def test_the_true_joints_stay_in_the_shipped_tube_at_every_millisecond(profile: ArmProfile, certify: Certify, tmp_path: Path) -> None:
    """Other seed than the identification's, and the plant's truth instead of the encoders: assumption A1 itself."""
    tube = profile.load_tube()
    truth = tmp_path / "truth.bin"
    with launch_simulated_arm(profile, truth=truth) as simulator:
        recording = record(profile, simulator.port, certify, 1200, 99, 0.5)
        time.sleep(0.1)
    _, rows = read_truth(truth)
    windows = np.lib.stride_tricks.sliding_window_view(recording.setpoints, tube.window + 1, axis=0)
    low, high = windows.min(axis=-1), windows.max(axis=-1)
    centre = profile.tick_map.to_joints((low + high) / 2)
    radius = (high - low) / 2 @ np.abs(profile.tick_map.M).T
    # The setpoint being written counts as in force from the moment its sample was asked for: earlier than it can be.
    newest = np.searchsorted(recording.t_s, rows[:, 0]) - 1
    disturbed = np.convolve(recording.late, np.ones(40))[: len(recording.late)] > 0
    usable = (newest >= tube.window) & (newest < len(recording.t_s) - 1) & ~disturbed[newest]
    assert usable.sum() > 2000
    window = newest[usable] - tube.window
    outside = np.abs(rows[usable, 1:8] - centre[window]) - radius[window]
    assert np.all(outside.max(axis=0) <= tube.e)
    assert np.all(outside.max(axis=0) >= 0.2 * tube.e)  # a tube that is never nearly reached was not tested
