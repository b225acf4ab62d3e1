import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models import JointLimits, ecm, psm_classic, psm_si


def limits(lower, upper, source, names=("yaw", "insertion"), units=("rad", "m"), effort=(np.nan, np.nan)):
    return JointLimits(names, units, np.array(lower), np.array(upper), np.array(effort), (source,))


@pytest.mark.requirement("WSP-002")
def test_the_stricter_limit_holds_and_each_difference_is_a_sentence():
    ours = limits([-1.5, 0.0], [1.5, 0.24], "file A", effort=(3.0, np.nan))
    both = ours.merge(limits([-1.6, 0.01], [1.4, 0.24], "file B", effort=(1000.0, 9.0)))
    assert both.lower.tolist() == [-1.5, 0.01] and both.upper.tolist() == [1.4, 0.24] and both.effort.tolist() == [3.0, 9.0]
    assert both.differences == (
        "yaw: lower limit is -1.5 rad in file A but -1.6 rad in file B; -1.5 rad holds.",
        "yaw: upper limit is 1.5 rad in file A but 1.4 rad in file B; 1.4 rad holds.",
        "yaw: effort is 3 Nm in file A but 1000 Nm in file B; 3 Nm holds.",
        "insertion: lower limit is 0 m in file A but 0.01 m in file B; 0.01 m holds.",
    )
    assert both.sources == ("file A", "file B")
    assert both.origin == (("file A", "file B", "file A"), ("file B", "file A", "file B"))


def test_a_third_source_is_compared_with_the_one_that_holds():
    merged = limits([-1.5, 0], [1.5, 1], "A").merge(limits([-1.4, 0], [1.5, 1], "B"), limits([-1.3, 0], [1.5, 1], "C"))
    assert merged.differences[-1] == "yaw: lower limit is -1.4 rad in B but -1.3 rad in C; -1.3 rad holds."


def test_sources_that_agree_say_nothing():
    assert limits([-1, 0], [1, 1], "A").merge(limits([0], [1], "B", ("insertion",), ("m",), (np.nan,))).differences == ()


def test_ranges_that_do_not_overlap_another_unit_and_unknown_joints_are_refused():
    mine = limits([-1, 0], [1, 1], "A")
    with pytest.raises(InvalidInput, match="yaw"):
        mine.merge(limits([2, 0], [3, 1], "B"))
    with pytest.raises(InvalidInput, match="is in rad for A but in m for B"):
        mine.merge(limits([0, 0], [1, 1], "B", units=("m", "m")))
    with pytest.raises(InvalidInput, match="unknown joint elbow"):
        mine.merge(limits([0], [1], "B", ("elbow",), ("rad",), (np.nan,)))


@pytest.mark.parametrize(("lower", "upper", "effort"), [
    ([1, 0], [-1, 1], (1, 1)), ([0, 0], [0, 1], (1, 1)), ([np.nan, 0], [1, 1], (1, 1)), ([-np.inf, 0], [1, 1], (1, 1)), ([0], [1], (1,)),
    ([-1, 0], [1, 1], (0.0, 1)), ([-1, 0], [1, 1], (-1, 1)), ([-1, 0], [1, 1], (1,)),
])
def test_limits_that_cannot_be_meant_are_refused(lower, upper, effort):
    with pytest.raises(InvalidInput):
        limits(lower, upper, "A", effort=effort)


def test_violations_name_joint_value_and_range_and_nan_violates():
    found = limits([-1, 0], [1, 1], "A").violations(np.array([1.5, np.nan]))
    assert found == ("yaw: 1.5 rad is outside [-1, 1] rad", "insertion: nan m is outside [0, 1] m")
    assert limits([-1, 0], [1, 1], "A").violations(np.array([1.0, 0.0])) == ()


@pytest.mark.requirement("WSP-002")
def test_the_known_disagreement_about_the_psm_is_reported_and_the_stricter_holds():
    arm = psm_classic()
    assert arm.limits.upper[:3].tolist() == [1.5707, 0.7854, 0.24]
    text = " ".join(arm.limits.differences)
    for sentence in (
        "yaw: upper limit is 1.588 rad in PSM.json", "but 1.5707 rad in dvrk_model", "pitch: upper limit is 0.925025 rad", "but 0.7854 rad",
        "jaw: lower limit is -0.698132 rad in LARGE_NEEDLE_DRIVER_400006.json",
    ):
        assert sentence in text
    assert not any(d.startswith("insertion") for d in arm.limits.differences)


def test_looser_limits_of_the_second_source_are_reported_and_do_not_hold():
    si, camera = psm_si(), ecm()
    assert si.limits.upper[:3].tolist() == [2.964, 1.301, 0.29]
    assert any("3.14 rad" in d and d.endswith("-1.265 rad holds.") for d in si.limits.differences)
    assert camera.limits.upper[2] == 0.254193


def test_selection_keeps_values_and_origin_of_the_named_joints():
    part = psm_classic().limits.select(["insertion", "yaw"])
    assert part.names == ("insertion", "yaw") and part.lower.tolist() == [0.0, -1.5707]
    assert "PSM.json" in part.origin[0][0] and "dvrk_model" in part.origin[1][0]
    assert part.digest != psm_classic().limits.digest
