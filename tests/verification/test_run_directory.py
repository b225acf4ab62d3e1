import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from toolkit import InvalidInput, SpecificationError
from verification.run_directory import RunSummary, read_truth

HASH = "0123456789abcdef" * 4
SUMMARY: dict[str, Any] = {
    "status": "completed",
    "exit_code": 0,
    "reason": "",
    "started_utc": "2026-01-02T03:04:05Z",
    "version": "0.1.0",
    "git_commit": "abc",
    "hashes": {"procedure": HASH, "model": HASH, "limits": HASH, "tick_map": HASH, "tube": None},
    "cycles": 4060,
    "period_s": 0.005,
    "verdicts": {"PASS": 4000, "MODIFIED": 40, "BACKUP": 10, "STOP": 0},
    "deadline_misses": 3,
    "overruns": 4,
    "cycle_ms": {"median": 1.0, "p99": 2.0, "max": 3.0},
    "mpc_ms": {"median": 1.0, "p99": 2.0, "max": 3.0},
    "certify_us": {"median": 1.0, "p99": 2.0, "max": 3.0},
    "tip_error_m": {"rms": 1e-4, "p99": 2e-4, "max": 3e-4},
    "pass_fraction_settled": 0.8,
    "margin_min": {"vessel": 1e-4},
    "truth": {"margin_min": {"vessel": 5e-4}, "rate_hz": 1000},
    "approach": {"vessel": {"standoff_at_rest_m": 1e-3, "speed_at_3mm_m_s": 0.045}},
    "assumptions": [{"id": "A1", "statement": "tube", "bound": 0.001, "measured_max": 0.0005, "unit": "rad", "monitored": True}],
    "proved": False,
    "unproved": ["second-derivative bounds"],
}


def test_a_summary_comes_back_as_it_was_written(tmp_path: Path) -> None:
    summary = RunSummary.model_validate(SUMMARY)
    path = summary.write(tmp_path)
    assert RunSummary.read(tmp_path) == summary
    assert json.loads(path.read_text())["verdicts"]["PASS"] == 4000
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "fine"}, "status"),
        ({"exit_code": 3}, "exit_code 3"),
        ({"reason": "why"}, "reason"),
        ({"status": "stopped", "exit_code": 3}, "reason"),
        ({"proved": True}, "unproved"),
        ({"unproved": []}, "unproved"),
        ({"cycles": 4049}, "verdicts: 4050 in 4049"),
        ({"period_s": float("nan")}, "period_s"),
        ({"margin_min": {"vessel": float("inf")}}, "margin_min"),
        ({"pass_fraction_settled": 1.01}, "pass_fraction_settled"),
        ({"started_utc": "2026-01-02T03:04:05"}, "started_utc"),
        ({"surprise": 1}, "surprise"),
        ({"hashes": SUMMARY["hashes"] | {"model": "abc"}}, "hashes.model"),
    ],
)
def test_a_summary_that_contradicts_itself_is_refused(change: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError, match=where):
        RunSummary.model_validate(SUMMARY | change)


@pytest.mark.parametrize("field", sorted(SUMMARY))
def test_no_field_has_a_default(field: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({name: value for name, value in SUMMARY.items() if name != field}))
    with pytest.raises(SpecificationError, match=rf"run\.json: {field}: "):
        RunSummary.read(tmp_path)


def test_a_run_without_a_summary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match=r"run\.json: cannot be read"):
        RunSummary.read(tmp_path)


COLUMNS = ["t_s", "q_yaw", "q_jaw", "tip_x_m", "tip_y_m", "tip_z_m"]
ROWS = np.arange(30, dtype="<f8").reshape(5, 6)


def truth_file(directory: Path, header: object = None, body: bytes = ROWS.tobytes()) -> Path:
    path = directory / "truth.bin"
    head = header if isinstance(header, bytes) else json.dumps(header or {"primum_truth": 1, "columns": COLUMNS, "rate_hz": 1000}).encode()
    path.write_bytes(head + b"\n" + body)
    return path


def test_the_true_motion_is_read_by_name(tmp_path: Path) -> None:
    truth = read_truth(truth_file(tmp_path))
    assert truth.rate_hz == 1000.0 and truth.torn_bytes == 0
    assert np.array_equal(truth.t_s, ROWS[:, 0])
    assert np.array_equal(truth.q, ROWS[:, 1:3])
    assert np.array_equal(truth.point("tip"), ROWS[:, 3:])
    with pytest.raises(InvalidInput, match="no point 'wrist'"):
        truth.point("wrist")


@pytest.mark.parametrize("lost", range(1, 48))
def test_a_torn_last_row_is_left_out_and_counted(tmp_path: Path, lost: int) -> None:
    truth = read_truth(truth_file(tmp_path, body=ROWS.tobytes()[:-lost]))
    assert truth.rows.shape == (4, 6) and truth.torn_bytes == 48 - lost


def test_a_file_without_rows_has_no_rows(tmp_path: Path) -> None:
    assert read_truth(truth_file(tmp_path, body=b"")).rows.shape == (0, 6)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (b"", "not JSON"),
        (b"\x00\x01\xff", "not JSON"),
        (b"[1]", "primum_truth"),
        ({"primum_truth": 2, "columns": COLUMNS, "rate_hz": 1000}, "primum_truth"),
        ({"primum_truth": 1, "columns": COLUMNS[1:], "rate_hz": 1000}, "columns"),
        ({"primum_truth": 1, "columns": [*COLUMNS, "q_yaw"], "rate_hz": 1000}, "columns"),
        ({"primum_truth": 1, "columns": "t_s", "rate_hz": 1000}, "columns"),
        ({"primum_truth": 1, "columns": ["t_s", 1], "rate_hz": 1000}, "columns"),
        ({"primum_truth": 1, "columns": COLUMNS}, "rate_hz"),
        ({"primum_truth": 1, "columns": COLUMNS, "rate_hz": 0}, "rate_hz"),
        ({"primum_truth": 1, "columns": COLUMNS, "rate_hz": True}, "rate_hz"),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: object, field: str) -> None:
    with pytest.raises(SpecificationError, match=rf"truth\.bin:1: .*{field}"):
        read_truth(truth_file(tmp_path, header if header else b" "))


def test_a_value_that_is_not_finite_and_a_time_that_stands_still_are_refused(tmp_path: Path) -> None:
    for row, column, value, where in ((2, 4, np.nan, "tip_y_m: row 2"), (3, 0, ROWS[2, 0], "t_s: row 3")):
        rows = ROWS.copy()
        rows[row, column] = value
        with pytest.raises(SpecificationError, match=where):
            read_truth(truth_file(tmp_path, body=rows.tobytes()))


def test_a_missing_truth_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        read_truth(tmp_path / "truth.bin")
