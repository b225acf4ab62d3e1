"""What a micro-robot's procedure may not say: each mistake is refused with file, line, field, value and what is allowed."""

from pathlib import Path

import pytest

from toolkit import SpecificationError
from toolkit.app.coil_parts import coil_layer, stereo_tracker
from toolkit.app.robot_kind import assemble, authority_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "procedures" / "microrobot_vessel.yaml"
TEXT = EXAMPLE.read_text().replace("../", f"{EXAMPLE.parents[1]}/")
MISTAKES = [
    ("radius_m: 250.0e-6", "radius_m: 250", r"bead\.radius_m: 250: implausible: did you mean 250 um"),
    ("radius_m: 250.0e-6", "radius_m: 0.25", r"bead\.radius_m: 0\.25: implausible: did you mean 0\.25 mm"),
    ("core_share: 0.4", "core_share: 40", r"bead\.core_share: 40: outside the range"),
    ("kind: microrobot_vessel", "kind: microrobot_vesel", r"kind: 'microrobot_vesel': did you mean 'microrobot_vessel'"),
    ("current_A: 12", "current_A: 40", r"limits\.current_A: 40 A: the device allows 12 A"),
    ("slew_A_s: 400", "slew_A_s: 900", r"limits\.slew_A_s: 900 A/s: allowed: at most 400 A/s"),
    ("coil_temperature_C: 80", "coil_temperature_C: 140", r"coil_temperature_C: 140 °C: the device trips at 80 °C"),
    ("period_s: 0.01", "period_s: 0.04", r"at most 100 A/s, the driver's largest step in a period"),
    ("line: main, inset_m: 2.0e-3", "line: mian, inset_m: 2.0e-3", r"path\.line: 'mian': no such centre line: allowed: main, side"),
    ("inset_m: 2.0e-3", "inset_m: 9.0e-3", r"path\.inset_m: .*leave nothing of a line"),
    ("duration_s: 60", "duration_s: 0.1", r"path: 0\.\d+ m/s along the path: allowed: at most B3\.speed_m_s, 0\.024 m/s"),
    ("parent: inlet", "parent: inlett", r"vessel\[left\]\.parent: 'inlett': allowed: one of inlet"),
    ("to_point: 2, radius_m: 1.5e-3", "to_point: 9, radius_m: 1.5e-3", r"to_point: 9: points 0 to 9 of main, which has 0 to 4"),
    ("radius_m: 1.5e-3, flow", "radius_m: 0.2e-3, flow", r"path: the robot does not fit between the walls at"),
    ("[1, 1, 1, 1, 1, 1, 1, 1]", "[1, 1, 1, 1]", r"current_signs: \[1, 1, 1, 1\]: 4 signs for 8 calibrated coils"),
    ("end: currents_to_zero_robot_sinks", "end: hold", r"outcomes\.end: 'hold': Input should be"),
    ("  camera: currents_to_zero_robot_sinks\n", "", r"outcomes\.camera: missing"),
    ("age_s_max: 0.065", "age_s_max: .nan", r"B2\.age_s_max: nan: not finite"),
    ("across_m_s: 3.0e-3", "across_m_s: -1", r"B3\.across_m_s: -1: outside the range"),
    ("gain: 0.05", "gain: 0.6", r"assumptions: gain: 0\.6 is outside \[0\.0, 0\.5\]"),
    ("octomag_coils_sim", "nope", r"nope/profile\.yaml: cannot read"),
    ("OctoMag_Calibration", "none", r"none\.yaml: cannot be read"),
    ("[[-5.5e-3", "[[-55e-3", r"path: .*outside the calibrated workspace"),
    ("column_axis: y", "column_axis: x", r"cameras\.views\[1\]\.column_axis: .*allowed: x for the first view, y for the second"),
    ("scale_m_px: 25.0e-6", "scale_m_px: 250.0e-6", r"cameras: radius_px: 1\.0 is outside|not whole in this picture"),
    ("rows: 192", "rows: 100", r"cameras\.views\[0\]: the robot at .* is not whole in this picture"),
    ("columns: 320", "columns: 200", r"cameras\.views\[1\]: the robot at .* is not whole in this picture"),
    ("rate_Hz: 1.2, harmonics", "rate_Hz: 72, harmonics", r"pulse\.rate_Hz: 72: outside the range"),
]  # fmt: skip


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TEXT
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    return path


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_a_mistake_is_refused_where_it_stands(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SpecificationError, match=says) as refused:
        assembly = assemble(edited(tmp_path, old, new))
        coil_layer(assembly)
        stereo_tracker(assembly)
    if "cannot" not in says:
        assert str(refused.value).startswith(f"{tmp_path / 'mine.yaml'}:")
        assert 1 <= int(str(refused.value).split(":")[1]) <= len(TEXT.splitlines())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("across_m_s: 3.0e-3", "across_m_s: 3.0e-2", r"path: R2: a vessel too narrow: .*3\.2 mm are needed"),
        ("age_s_max: 0.065", "age_s_max: 0.5", r"path: R2"),
        ("gain: 0.05", "gain: 0.2", r"path: R1: .*no currents within the limits pull the bead off the wall"),
        ("heat_W: 700", "heat_W: 70", r"path: R1"),
    ],
)
@pytest.mark.requirement("MAG-005")
def test_coils_without_authority_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SpecificationError, match=says):
        authority_of(assemble(edited(tmp_path, old, new)))


def test_a_simulated_device_needs_its_world(tmp_path: Path) -> None:
    path = edited(tmp_path, TEXT[TEXT.index("simulator:") :], "")
    with pytest.raises(SpecificationError, match="simulator: missing: the device is simulated"):
        assemble(path)
