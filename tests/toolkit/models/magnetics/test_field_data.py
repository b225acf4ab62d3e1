"""Measured fields from a CSV file: columns by name and unit, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.models.magnetics.second_opinion import MEASURED
from toolkit import InvalidInput, SpecificationError
from toolkit.models.magnetics import FieldData, load_field_data


def test_the_measured_field_of_a_navion_is_read_whole() -> None:
    data = load_field_data(MEASURED)
    assert data.p_m.shape == (2904, 3) and data.i_ampere.shape == (2904, 3) and data.B_tesla.shape == (2904, 3)
    assert set(data.labels) == {"plane", "grid_index", "sensor_id"} and set(data.labels["plane"]) == {"m1", "0", "1"}
    assert set(np.abs(data.i_ampere).ravel()) == {35.0}
    first = data.only([0])
    assert first.p_m.tolist() == [[-0.12, -0.21, -0.0288]] and first.B_tesla[0, 1] == -0.0041 and first.labels["sensor_id"] == ("11",)


GOOD = "px,py,pz,i1,i0,bx,by,bz\n0,0,0.1,2,1,1e-3,2e-3,3e-3\n0,0,0.2,4,3,1e-3,2e-3,3e-3\n"


def test_columns_may_come_in_any_order_and_without_units(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    assert load_field_data(tmp_path / "a.csv").i_ampere.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("bz", "bz_mT", r"bad.csv:1: bz_mT: unit 'mT': allowed is T"),
        ("px", "px_mm", "unit 'mm': allowed is m"),
        ("bz", "spare", "no column bz"),
        ("i1", "i2", "no column i1"),
        ("by", "bx_T", "stated twice"),
        ("0.1,2", "0.1,two", r"bad.csv:2: i1: 'two': not a finite number"),
        ("0.2,4", "0.2,nan", r"bad.csv:3: i1: 'nan': not a finite number"),
        ("0.2,4,", "0.2,", r"bad.csv:3: 7 values for 8 columns"),
        (GOOD[GOOD.index("\n") :], "\n", "no rows"),
        (GOOD, "", "no column px"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(old: str, new: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(GOOD.replace(old, new))
    with pytest.raises(SpecificationError, match=says):
        load_field_data(tmp_path / "bad.csv")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("nothing.csv", "bytes.csv"):
        with pytest.raises(SpecificationError, match="cannot be read"):
            load_field_data(tmp_path / name)


def test_a_field_without_end_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text(GOOD + "0" * 200_000 + "\n")
    with pytest.raises(SpecificationError, match="not CSV"):
        load_field_data(tmp_path / "long.csv")


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    for p, i, B in ((np.zeros((2, 3)), np.zeros((1, 1)), np.zeros((2, 3))), (np.zeros((0, 3)), np.zeros((0, 1)), np.zeros((0, 3)))):
        with pytest.raises(InvalidInput):
            FieldData(p, i, B)
    with pytest.raises(InvalidInput, match="label"):
        FieldData(np.zeros((2, 3)), np.zeros((2, 1)), np.zeros((2, 3)), {"plane": ("a",)})
