import gzip
from pathlib import Path

import numpy as np
import pytest

from toolkit import InvalidInput, SpecificationError
from toolkit.models.microrobots import CellbotRecord, load_cellbot_record

FILE = Path(__file__).parents[4] / "examples/data/cellbots/cellbot_openloop_robot1.csv.gz"
TEXT = "\n".join(gzip.decompress(FILE.read_bytes()).decode().splitlines()[:40])


def test_the_recording_is_what_its_provenance_says() -> None:
    record = load_cellbot_record(FILE)
    assert record.frame.size == 11867 and record.dt_s.sum() == pytest.approx(507.37, abs=0.01)
    assert record.frame.size - record.without_repeats().frame.size == 111
    assert record.dt_s.max() == pytest.approx(0.1326, abs=1e-4)
    assert record.time_s[-1] == pytest.approx(502.24, abs=0.01) and np.all(np.diff(record.time_s) >= 0.0)


def test_pairing_by_count_is_wrong_where_a_frame_is_lost_or_repeated() -> None:
    offset = load_cellbot_record(FILE).pairing_offset
    assert int(np.flatnonzero(offset)[0]) + 2 == 192, "the line of the file"
    assert offset[-1] == -38 == offset.min()


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("1467.1968", "nan", r"record\.csv:3: x_px: 'nan'"),
        ("1467.1968", "", r"record\.csv:3: x_px: ''"),
        ("1467.1968", "inf", r"record\.csv:3: x_px: 'inf'"),
        ("0.04157", "-0.04157", r"record\.csv:3: dt_s: '-0\.04157'"),
        ("11503", "11503.5", r"record\.csv:3: frame: '11503\.5': a whole number"),
        ("11503", "11501", r"record\.csv:3: frame: 11501: frame numbers do not go backwards"),
        ("1467.1968,", "1467.1968,7,", r"record\.csv:3: expected 11 cells, got 12"),
        ("x_px", "x_um", r"record\.csv:1: expected the columns"),
        ("y_px", "x_px", r"record\.csv:1: expected the columns"),
    ],
)
def test_a_wrong_cell_is_named_by_file_line_column_and_value(tmp_path: Path, before: str, after: str, problem: str) -> None:
    path = tmp_path / "record.csv"
    assert before in TEXT
    path.write_text(TEXT.replace(before, after, 1))
    with pytest.raises(SpecificationError, match=problem):
        load_cellbot_record(path)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_cellbot_record(tmp_path / "missing.csv")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(FILE.read_bytes()[:1000])
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_cellbot_record(cut)
    empty = tmp_path / "empty.csv"
    empty.write_text(TEXT.splitlines()[0] + "\n")
    with pytest.raises(SpecificationError, match="at least two rows"):
        load_cellbot_record(empty)


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    rows = [line.split(",") for line in TEXT.splitlines()]
    path = tmp_path / "turned.csv"
    path.write_text("\n".join(",".join(reversed(row)) for row in rows))
    straight = tmp_path / "straight.csv"
    straight.write_text(TEXT)
    assert np.array_equal(load_cellbot_record(path).position_px, load_cellbot_record(straight).position_px)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InvalidInput, match="position_px"):
        CellbotRecord(np.arange(3), np.ones(3), np.ones((2, 2)), np.ones(3), np.ones(3), np.ones(3))
