"""A recorded path is read completely or refused with its line; nothing is clamped, dropped or filled in."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import SpecificationError
from toolkit.procedure import Placement, Recording, TimeColumn, read_path_file

IDENTITY = Placement(rotation_BD=((1, 0, 0), (0, 1, 0), (0, 0, 1)), translation_B_m=(0.0, 0.0, -0.1))
ROWS = 21
STATED = {"file": "hand.csv", "columns": ("x", "y", "z"), "rate_hz": 100.0, "from_s": 0.05, "to_s": 0.2, "unit": "mm"}


def lines() -> list[str]:
    return ["t,x,y,z", *(f"{1000 + 10 * i},{i},{-i},{0.5 * i}" for i in range(ROWS))]


def written(folder: Path, content: list[str], end: str = "\n") -> Path:
    path = folder / "hand.csv"
    path.write_text("\n".join(content) + end)
    return path


def recording(**changes: object) -> Recording:
    return Recording(**{**STATED, **changes})


def refusal(path: Path, stated: Recording | None = None, scale: float = 1.0) -> str:
    with pytest.raises(SpecificationError) as caught:
        read_path_file(path, stated or recording(), scale, IDENTITY)
    return str(caught.value)


def test_rows_are_scaled_placed_and_both_ends_included(tmp_path: Path) -> None:
    turned = Placement(rotation_BD=((0, -1, 0), (1, 0, 0), (0, 0, 1)), translation_B_m=(0.1, 0.0, -0.1))
    path = read_path_file(written(tmp_path, lines()), recording(), 0.5, turned)
    i = np.arange(5, 21)
    expected = np.stack([0.1 + 0.5e-3 * i, 0.5e-3 * i, -0.1 + 0.25e-3 * i], axis=1)
    np.testing.assert_allclose(path.positions_B_m, expected, atol=1e-15)
    assert path.duration_s == pytest.approx(0.15)
    np.testing.assert_allclose(path.t_s, (i - 5) / 100.0)
    np.testing.assert_allclose(path.speeds_m_s, 0.075)
    assert not path.positions_B_m.flags.writeable


def test_a_quaternion_and_its_matrix_place_alike(tmp_path: Path) -> None:
    half = math.sqrt(0.5)
    turned = Placement(rotation_BD=((0, -1, 0), (1, 0, 0), (0, 0, 1)), translation_B_m=(0, 0, 0))
    same = Placement(quaternion_BD_wxyz=(half, 0, 0, half), translation_B_m=(0, 0, 0))
    file = written(tmp_path, lines())
    a, b = (read_path_file(file, recording(), 1.0, to_B).positions_B_m for to_B in (turned, same))
    np.testing.assert_allclose(a, b, atol=1e-15)


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    plain = written(tmp_path, lines())
    packed = tmp_path / "hand.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    a, b = (read_path_file(file, recording(), 1.0, IDENTITY).positions_B_m for file in (plain, packed))
    np.testing.assert_array_equal(a, b)


@pytest.mark.requirement("WSP-016")
@pytest.mark.parametrize(
    ("row", "cells", "problem"),
    [
        (9, "1090,9,-9", "3 cells: the header has 4"),
        (9, "1090,9,-9,4.5,7", "5 cells: the header has 4"),
        (9, "", "0 cells: the header has 4"),
        (9, "1090,9,-9,nan", "z: 'nan': not a finite number"),
        (9, "1090,inf,-9,4.5", "x: 'inf': not a finite number"),
        (9, "1090,1e999,-9,4.5", "x: '1e999': not a finite number"),
        (9, "1090,9,,4.5", "y: '': not a finite number"),
        (9, "1090,9,-9,4_5", "z: '4_5': not a finite number"),
        (9, "1090,9,-9,four", "z: 'four': not a finite number"),
        (2, "1020,2,-2,oops", "z: 'oops': not a finite number"),  # before from_s: the whole file is checked
        (9, '1090,9,-9,"4', "not CSV"),
        (9, "1090,59,-9,4.5", "a jump of 0.051"),
        (9, "1090,1900,-9,4.5", "1.9 m in frame B is implausible: did you mean 1.9 mm"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: int, cells: str, problem: str) -> None:
    content = lines()
    content[row + 1] = cells
    message = refusal(written(tmp_path, content))
    assert problem in message
    line = len(content) if problem == "not CSV" else row + 2
    assert message.startswith(f"{tmp_path / 'hand.csv'}:{line}: ")


@pytest.mark.requirement("WSP-016")
def test_a_speed_at_the_limit_is_allowed_and_just_over_is_not(tmp_path: Path) -> None:
    stated = recording(from_s=0.0, to_s=0.01)
    at = written(tmp_path, ["x,y,z", "0,0,0", "9.9999,0,0"])
    assert read_path_file(at, stated, 1.0, IDENTITY).speeds_m_s.max() <= 1.0
    assert "allowed is [0, 1] m/s" in refusal(written(tmp_path, ["x,y,z", "0,0,0", "10.0001,0,0"]), stated)


@pytest.mark.requirement("WSP-014", "WSP-016")
def test_a_unit_slip_is_implausible(tmp_path: Path) -> None:
    assert "did you mean" in refusal(written(tmp_path, lines()), recording(unit="m"))


@pytest.mark.requirement("WSP-016")
def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, lines()[:-1]))
    assert "truncated: the file ends after 20 rows, to_s = 0.2 at 100 Hz needs 21" in message
    assert message.startswith(f"{tmp_path / 'hand.csv'}:21: ")


def test_a_last_line_without_its_end_is_refused(tmp_path: Path) -> None:
    assert f":{ROWS + 1}: truncated: the last line has no end" in refusal(written(tmp_path, lines(), end=""))


@pytest.mark.requirement("WSP-016")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    whole = ("\n".join(lines()) + "\n").encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    plain, packed = tmp_path / "hand.csv", tmp_path / "hand.csv.gz"
    plain.write_bytes(whole[:cut])
    refusal(plain)
    small = gzip.compress(whole)
    packed.write_bytes(small[: data.draw(st.integers(0, len(small) - 1))])
    refusal(packed)


def test_what_is_not_gzip_or_not_utf8_is_refused(tmp_path: Path) -> None:
    fake, latin = tmp_path / "a.csv.gz", tmp_path / "b.csv"
    fake.write_text("x,y,z\n")
    latin.write_bytes(b"x,y,z\n1,2,\xe9\n")
    assert "not a gzip file" in refusal(fake)
    assert "b.csv:2: byte 0xe9" in refusal(latin)
    assert "cannot be read" in refusal(tmp_path / "missing.csv")


def test_columns_are_found_by_name_exactly_once(tmp_path: Path) -> None:
    path = written(tmp_path, lines())
    assert ":1: zz: no such column: did you mean 'z'? the header has t, x, y, z" in refusal(path, recording(columns=("x", "y", "zz")))
    content = lines()
    content[0] = "x,x,y,z"
    assert "stands twice in the header" in refusal(written(tmp_path, content))
    (tmp_path / "hand.csv").write_text("\n")
    assert "the first line is the header" in refusal(tmp_path / "hand.csv")


def test_time_that_runs_backwards_or_leaves_a_gap_is_refused(tmp_path: Path) -> None:
    stated = recording(time=TimeColumn(column="t", unit="ms", gap_s_max=0.015))
    assert read_path_file(written(tmp_path, lines()), stated, 1.0, IDENTITY).rate_hz == 100.0
    back, gone = lines(), lines()
    back[12] = back[12].replace("1110,", "1099,")
    del gone[12]
    assert ":13: t: -0.001 s after the row before: time runs backwards: allowed is [0, 0.015] s" in refusal(written(tmp_path, back), stated)
    assert ":13: t: 0.02 s after the row before: rows are missing" in refusal(written(tmp_path, gone), stated)


@pytest.mark.requirement("WSP-016")
def test_another_file_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, lines())
    digest = read_path_file(path, recording(), 1.0, IDENTITY).sha256
    assert read_path_file(path, recording(sha256=digest), 1.0, IDENTITY).sha256 == digest
    assert "another file" in refusal(path, recording(sha256="0" * 64))
