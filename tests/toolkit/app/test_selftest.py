"""`primum selftest` as a user meets it: refuses, arms, and says what is wrong with a file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolkit import InvalidInput, SpecificationError
from toolkit.app.cli import app
from toolkit.app.selftest import run_selftest

ROOT = Path(__file__).parents[3]
PROCEDURES = ROOT / "examples" / "procedures"
PUBLISHED, CORRECTED = PROCEDURES / "navion_selftest.yaml", PROCEDURES / "navion_selftest_corrected.yaml"
COILS = """
resistance:
  coils:
    - {name: Coil_0, R20_ohm: 1.0, temperature_celsius: 30.0, V: [-2.08, 2.08], i_ampere: [-2.0, 2.0]}
    - {name: Coil_1, R20_ohm: 1.0, temperature_celsius: 30.0, V: [-2.08, 2.08], i_ampere: [-2.0, 2.0]}
    - {name: Coil_2, R20_ohm: 1.0, temperature_celsius: 30.0, V: [-2.08, 2.08], i_ampere: [-2.0, 2.0]}
  accepted: {tolerance: 0.05, short_below: 0.5, current_min_ampere: 1.0, temperature_celsius: [5.0, 60.0]}
"""


def changed(tmp_path: Path, *changes: tuple[str, str], base: Path = CORRECTED) -> Path:
    text = base.read_text().replace("../data", str(ROOT / "examples" / "data"))
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "test.yaml").write_text(text)
    return tmp_path / "test.yaml"


def with_coils(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = CORRECTED.read_text()
    return changed(tmp_path, (text[text.index("\nresistance:") :], COILS), *changes)


def test_the_published_navion_is_refused_with_every_reason_and_exit_code_3(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["selftest", str(PUBLISHED), "--out", str(tmp_path)])
    assert result.exit_code == 3, result.output
    assert "refused: polarity reversed: overall gain -0.979" in result.output and "DOES NOT ARM" in result.output
    assert all(f"refused: Coil_{k}: polarity reversed: gain" in result.output for k in range(3))
    assert "not shown: resistance of the coils" in result.output
    summary = json.loads((tmp_path / "selftest.json").read_text())
    assert summary["arms"] is False and len(summary["reasons"]) == 4
    assert summary["field"]["rows_left_out_outside_workspace"] == 1464
    assert set(summary["sha256"]) == {"selftest", "calibration", "measurement"}
    assert (tmp_path / "selftest.png").stat().st_size > 20_000


def test_results_that_cannot_be_written_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["selftest", str(CORRECTED), "--out", str(tmp_path / "file")])
    assert isinstance(result.exception, InvalidInput) and "ARMS" not in result.output


def test_with_its_sign_corrected_it_arms_and_exits_with_0() -> None:
    result = CliRunner().invoke(app, ["selftest", str(CORRECTED)])
    assert result.exit_code == 0, result.output
    assert "ARMS" in result.output and "refused" not in result.output
    assert run_selftest(CORRECTED).field.residual == pytest.approx(0.098, abs=1e-3)


def test_one_sign_left_wrong_is_named(tmp_path: Path) -> None:
    result = run_selftest(changed(tmp_path, ("[-1, -1, -1]", "[-1, 1, -1]")))
    assert not result.arms and any(reason.startswith("Coil_1: polarity reversed") for reason in result.reasons)


def test_positions_outside_are_refused_or_used_only_when_the_file_says_so(tmp_path: Path) -> None:
    used = run_selftest(changed(tmp_path, ("leave_out ", "use ")))
    assert used.left_out == 0 and used.field.rows == 2904 and used.arms
    with pytest.raises(SpecificationError, match="1464 of 2904 rows lie outside"):
        run_selftest(changed(tmp_path, ("leave_out ", "refuse ")))


def test_resistances_are_judged_too(tmp_path: Path) -> None:
    assert run_selftest(with_coils(tmp_path)).arms
    shorted = with_coils(tmp_path, ("Coil_1, R20_ohm: 1.0, temperature_celsius: 30.0, V: [-2.08, 2.08]", "Coil_1, R20_ohm: 1.0, "
                         "temperature_celsius: 30.0, V: [-0.1, 0.1]"))  # fmt: skip
    result = CliRunner().invoke(app, ["selftest", str(shorted)])
    assert result.exit_code == 3 and "refused: Coil_1: 0.05 ohm, 1.039 ohm expected at 30 °C: shorted" in result.output
    assert "resistance of Coil_1" in result.output


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  residual_max: 0.12", "  residual: 0.12", "test.yaml:16: field.residual: 0.12: unknown field"),
        ("  positions_min: 50\n", "", "positions_min: missing"),
        ("gain: [0.9, 1.1]", "gain: [1.1, 0.9]", "field.gain"),
        ("0.12", ".nan", "not finite"),
        ("[-1, -1, -1]", "[-1, -1]", "current_signs: [-1, -1]: one sign for each of Coil_0, Coil_1, Coil_2"),
        ("[-1, -1, -1]", "[-1, -1, 0]", "current_signs"),
        ("kind: selftest", "kind: self", "kind"),
        ("primum: 1", "primum: 2", "primum"),
        ("not_measured: the published record has no voltages", "{}", "either `not_measured: reason`, or `coils`"),
        ("measured_field.csv", "nothing.csv", "nothing.csv: cannot be read"),
        ("Navion_2_Calibration_24-02-2020.yaml\n  current_signs: [-1, -1, -1]", "OctoMag_Calibration.yaml\n  current_signs: "
         "[1, 1, 1, 1, 1, 1, 1, 1]", "currents of 3 coils measured, 8 calibrated"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_bad_input_with_its_place(old: str, new: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        run_selftest(changed(tmp_path, (old, new)))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: Coil_1", "name: Coil_7", "the calibration has ['Coil_0', 'Coil_1', 'Coil_2'], in this order"),
        ("V: [-2.08, 2.08], i_ampere: [-2.0, 2.0]}\n  acc", "V: [-2.08, 0.0, 2.08], i_ampere: [-2.0, 2.0]}\n  acc", "3 voltages for 2"),
        ("  accepted: {", "  not_measured: both\n  accepted: {", "either `not_measured"),
        ("tolerance: 0.05, ", "", "tolerance: missing"),
    ],
)
def test_wrong_resistances_are_bad_input(old: str, new: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        run_selftest(with_coils(tmp_path, (old, new)))
    assert says in str(caught.value)
