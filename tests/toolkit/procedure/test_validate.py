"""A file is checked as a whole: schema, paths, regions, arm; problems of all of them are reported together."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from toolkit import InvalidInput, SpecificationError
from toolkit.models import load_arm
from toolkit.procedure import FileReport, Procedure, load_procedure, read_servo_paths, validate_file

EXAMPLES = Path(__file__).parents[3] / "examples" / "procedures"
VALID = (Path(__file__).parent / "valid.yaml").read_text()


def folder_with(tmp_path: Path, text: str = VALID, rows: int = 1001) -> Path:
    content = ["x,y,z", *(f"{30 * i},0,{-10 * i}" for i in range(rows))]
    (tmp_path / "hand.csv").write_text("\n".join(content) + "\n")
    (tmp_path / "procedure.yaml").write_text(text)
    return tmp_path / "procedure.yaml"


PROCEDURES = sorted(path for path in EXAMPLES.glob("*.yaml") if "\nkind:" not in path.read_text())


@pytest.mark.parametrize("path", PROCEDURES, ids=lambda path: path.name)
def test_an_example_procedure_is_valid_for_its_arm(path: Path) -> None:
    report = validate_file(path, lambda procedure: load_arm(procedure.arm.model, procedure.arm.instrument))
    assert report.is_valid, report.problems


def test_a_valid_file_is_summarised(tmp_path: Path) -> None:
    report = validate_file(folder_with(tmp_path))
    assert report.is_valid, report.problems
    text = "\n".join(report.summary)
    assert "hidden from the controller: vessel" in text
    assert "step 4: servo_path: 0.800 s, 801 samples, up to 0.0105 m/s" in text


def test_problems_of_the_path_and_of_the_regions_are_reported_together(tmp_path: Path) -> None:
    text = VALID.replace("[-1.0, 0.0, 0.0], offset_m: 0.05", "[-1.0, 0.0, 0.0], offset_m: -0.06")
    path = folder_with(tmp_path, text, rows=900)
    problems = validate_file(path).problems
    assert problems[0] == f"{tmp_path / 'hand.csv'}:901: truncated: the file ends after 900 rows, to_s = 0.9 at 1000 Hz needs 901"
    assert problems[1].startswith(f"{path}:50: steps[3].servo_path.recording: the recording named here is refused")
    assert "empty: no point of shaft" in problems[2]


def test_a_missing_path_file_names_both_files(tmp_path: Path) -> None:
    path = folder_with(tmp_path)
    (tmp_path / "hand.csv").unlink()
    with pytest.raises(SpecificationError, match=r"hand.csv: cannot be read: No such file(.|\n)*procedure.yaml:50: ") as caught:
        read_servo_paths(load_procedure(path))
    assert caught.value.file == str(tmp_path / "hand.csv")


def test_a_path_that_starts_elsewhere_needs_an_approach(tmp_path: Path) -> None:
    without = VALID.replace("      approach_speed_m_s: 0.02\n", "")
    assert "0.001" in "\n".join(validate_file(folder_with(tmp_path, without)).problems)
    there = without.replace("position_B_m: [0.0, 0.0, -0.11]", "position_B_m: [0.001, 0.0, -0.1108]")
    assert validate_file(folder_with(tmp_path, there)).is_valid


def test_a_syntax_error_is_a_problem_not_an_exception(tmp_path: Path) -> None:
    report = validate_file(folder_with(tmp_path, "primum: [1"))
    assert len(report.problems) == 1
    assert report.procedure is None


def test_an_arm_that_cannot_be_loaded_is_a_problem(tmp_path: Path) -> None:
    def no_arm(procedure: Procedure) -> SimpleNamespace:
        raise InvalidInput(f"no arm {procedure.arm.model}")

    report: FileReport = validate_file(folder_with(tmp_path), no_arm)
    assert report.problems == ("no arm psm_classic",)
