"""The profile: what it derives, and what it refuses, with file, line and field."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import ArmProfile, load_profile
from toolkit import SpecificationError

TEXT = (Path(__file__).parents[2] / "examples" / "profiles" / "psm_classic_sim" / "profile.yaml").read_text()


def changed(tmp_path: Path, pattern: str, replacement: str) -> Path:
    text, count = re.subn(pattern, replacement, TEXT, count=1)
    assert count == 1, pattern
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    return path


@pytest.mark.requirement("WSP-021")
@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_one_tick_moves_the_tip_by_at_most_ten_micrometres(profile: ArmProfile, where: list[float]) -> None:
    lower, upper = profile.joint_lower, profile.joint_upper
    q = lower + np.array(where) * (upper - lower)
    names = list(profile.arm_model.point_names)
    before = profile.arm_model.points(q)[names.index("tip")]
    for column in profile.tick_map.M.T:
        after = profile.arm_model.points(q + column)[names.index("tip")]
        assert np.linalg.norm(after - before) <= 10e-6


def test_the_wrist_is_coupled_as_the_instrument_file_says(profile: ArmProfile) -> None:
    disk = 2 * np.pi / 4096 / 11.71
    wrist = profile.tick_map.M[3:, 3:] / disk
    stated = [[-1.5632, 0, 0, 0], [0, 1.0186, 0, 0], [0, -0.8306, 0.6089, 0.6089], [0, 0, -1.2177, 1.2177]]
    assert np.allclose(wrist, stated, atol=1e-12)


def test_insertion_is_4_56_micrometres_a_tick(profile: ArmProfile) -> None:
    assert profile.tick_map.M[2, 2] == pytest.approx(4.557e-6, rel=1e-3)


def test_every_servo_range_holds_the_joint_ranges(profile: ArmProfile) -> None:
    inverse = np.linalg.inv(profile.tick_map.M)
    low = np.where(inverse > 0, inverse * profile.joint_lower, inverse * profile.joint_upper).sum(axis=1) + profile.tick_map.ticks_zero
    high = np.where(inverse > 0, inverse * profile.joint_upper, inverse * profile.joint_lower).sum(axis=1) + profile.tick_map.ticks_zero
    assert np.all(profile.servo_lower <= low)
    assert np.all(profile.servo_upper >= high)


@pytest.mark.requirement("WSP-002")
def test_hard_limits_are_the_stricter_of_profile_and_arm(profile: ArmProfile) -> None:
    assert np.all(profile.joint_lower >= profile.arm_model.limits.lower)
    assert np.all(profile.joint_upper <= profile.arm_model.limits.upper)
    assert profile.joint_lower[6] == pytest.approx(-0.349066)  # dVRK says -0.698, the instrument's own xacro -0.349


def test_the_class_allows_each_joint_its_stated_rate(profile: ArmProfile) -> None:
    rates = np.array([joint.si[2] for joint in profile.joints])
    for joint in range(profile.n):
        alone = np.zeros(profile.n)
        alone[joint] = rates[joint] * profile.period_s
        needed = np.abs(profile.tick_map.rate_to_ticks(alone))
        assert np.all(np.floor(needed) <= profile.command_class.v_ticks)


def test_the_class_reaches_60_mm_per_s_and_1_2_m_per_s2_along_insertion(profile: ArmProfile) -> None:
    metres = profile.tick_map.M[2, 2]
    assert profile.command_class.v_ticks[2] * metres / profile.period_s >= 0.06
    assert profile.command_class.a_ticks[2] * metres / profile.period_s**2 >= 1.2


@pytest.mark.parametrize(
    ("pattern", "replacement", "field", "problem"),
    [
        ("watchdog_ms: 300", "watchdog_ms: 310", "connection.watchdog_ms", "multiple of 20"),
        ("watchdog_ms: 300", "watchdog_ms: 0", "connection.watchdog_ms", "20"),
        ("upper_m: 0.24", "upper_m: 240", "joints", "-2 <= lower_m < upper_m <= 2"),
        ("upper_m: 0.24", "upper_m: .nan", "joints", "finite"),
        ("upper_rad: 1.588", "upper_rad: -1.6", "joints", "lower_rad < upper_rad"),
        ("id: 2,", "id: 1,", "servos", "must differ"),
        ("gear_rad_per_m: 336.6", "gear_rad_per_rad: 336.6", "servos", "gear unit"),
        ("direction: -1", "direction: 0", "servos", "-1 or 1"),
        ("period_ms", "period_s", "timing", "required"),
        ("losses_max: 2", "losses_max: '2'", "timing.losses_max", "integer"),
        ("operating_mode: extended_position", "operating_mode: velocity", "operating_mode", "extended_position"),
        ("url: simulated", "url: /dev/ttyUSB0", "", "simulator"),
        ("primum_device_profile: 1", "primum_device_profile: 2", "primum_device_profile", "1"),
        ("name: psm_classic_sim", "name: psm_classic_sim\nnmae: x", "nmae", "not permitted"),
        ("name: psm_classic_sim", "name: a\nname: psm_classic_sim", "name", "twice"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_field_and_reason(
    tmp_path: Path, pattern: str, replacement: str, field: str, problem: str
) -> None:
    path = changed(tmp_path, pattern, replacement)
    with pytest.raises(SpecificationError) as caught:
        load_profile(path)
    assert caught.value.file == str(path)
    assert caught.value.line is not None
    assert field in caught.value.field
    assert problem in caught.value.problem


def test_the_line_of_an_error_is_the_line_of_its_field(tmp_path: Path) -> None:
    path = changed(tmp_path, "upper_m: 0.24", "upper_m: .inf")
    with pytest.raises(SpecificationError) as caught:
        load_profile(path)
    assert caught.value.line is not None
    assert "insertion" in path.read_text().splitlines()[caught.value.line - 1]


@pytest.mark.parametrize("text", ["", "{", "a: [1", "- 1", "\x00", "? [a, b]\n: 1"])
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(SpecificationError, match=r"profile\.yaml"):
        load_profile(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot read"):
        load_profile(tmp_path / "none.yaml")


@pytest.mark.requirement("WSP-018")
def test_another_instrument_with_other_joints_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, "LARGE_NEEDLE_DRIVER:400006", "NEEDLE_DRIVER:400117")
    with pytest.raises(SpecificationError):
        _ = load_profile(path).tick_map
