"""Reading calibrations: order, offset, exactly one kind of coefficient, and every way to be wrong named with its place."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.toolkit.models.magnetics.second_opinion import CALIBRATIONS, CARDIOMAG, NAVION, OCTOMAG
from toolkit import InvalidInput, SpecificationError
from toolkit.models.magnetics import MpemCalibration, MpemSource, load_mpem, write_mpem


def test_coils_come_in_the_order_of_the_list_and_not_of_the_file() -> None:
    text = OCTOMAG.read_text()
    assert text.index("\nCoil_2:") < text.index("\nCoil_0:"), "the file has another order"
    octomag = load_mpem(OCTOMAG)
    assert octomag.coil_names == tuple(f"Coil_{k}" for k in range(8)) and octomag.name == "OctoMag_Calibration_Order_1"
    data = yaml.safe_load(text)
    for name, coil in zip(octomag.coil_names, octomag.coils, strict=True):
        positions = [data[name][source]["Source_Position"] for source in data[name]["Source_List"]]
        np.testing.assert_array_equal([source.position_m for source in coil], positions)
    np.testing.assert_array_equal(octomag.lower_m, [-0.01] * 3)


def test_an_offset_is_no_coil() -> None:
    cardiomag = load_mpem(CARDIOMAG)
    assert len(cardiomag.coils) == 8 and not any("Offset" in name for name in cardiomag.coil_names)
    assert cardiomag.offset and not load_mpem(NAVION).offset


@pytest.mark.parametrize("path", [OCTOMAG, CARDIOMAG, NAVION], ids=lambda path: path.stem)
def test_what_is_written_is_read_back(path: Path, tmp_path: Path) -> None:
    first = load_mpem(path)
    write_mpem(first, tmp_path / "copy.yaml")
    again = load_mpem(tmp_path / "copy.yaml")
    assert again.coil_names == first.coil_names and again.name == first.name
    np.testing.assert_array_equal([again.lower_m, again.upper_m], [first.lower_m, first.upper_m])
    for coil, other in zip((*first.coils, first.offset), (*again.coils, again.offset), strict=True):
        for source, copy in zip(coil, other, strict=True):
            for name in ("position_m", "a", "b"):
                np.testing.assert_array_equal(getattr(copy, name), getattr(source, name))
            np.testing.assert_allclose(copy.direction, source.direction, rtol=0, atol=1e-15)


def test_signs_turn_the_coils_that_they_name() -> None:
    navion = load_mpem(NAVION)
    turned = navion.with_signs([1, -1, 1])
    np.testing.assert_array_equal(turned.coils[1][0].b, -navion.coils[1][0].b)
    np.testing.assert_array_equal(turned.coils[0][0].b, navion.coils[0][0].b)
    for signs in ([1, 1], [1, 0.5, 1], [1, float("nan"), 1]):
        with pytest.raises(InvalidInput, match="signs"):
            navion.with_signs(signs)


PLAIN = """System_Name: small
Coil_List: [Coil_0]
Coil_0:
  Source_List: [Src_0]
  Src_0:
    A_Coeff: ~
    B_Coeff: [1.0e-5, 2.0e-8]
    Source_Direction: [0.0, 0.0, 2.0]
    Source_Position: [0.0, 0.0, -0.1]
Workspace_Dimensions: [[-0.01, 0.01], [-0.01, 0.01], [-0.01, 0.01]]
"""


def test_a_direction_is_made_a_unit_vector_and_every_order_is_kept(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PLAIN)
    source = load_mpem(tmp_path / "small.yaml").coils[0][0]
    assert source.direction.tolist() == [0.0, 0.0, 1.0] and source.b.tolist() == [1.0e-5, 2.0e-8] and not source.a.size


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("A_Coeff: ~", "A_Coeff: [1.0]", r"wrong.yaml:6: Coil_0.Src_0.A_Coeff: A_Coeff and B_Coeff: both given: exactly one"),
        ("B_Coeff: [1.0e-5, 2.0e-8]", "B_Coeff: ~", "none given: exactly one"),
        ("    A_Coeff: ~\n", "", r"wrong.yaml:5: Coil_0.Src_0.A_Coeff: missing"),
        ("[1.0e-5, 2.0e-8]", "[1.0e-5, .nan]", r"wrong.yaml:7: Coil_0.Src_0.B_Coeff\[1\]: nan: not finite"),
        ("[1.0e-5, 2.0e-8]", "[]", "at least 1"),
        ("[1.0e-5, 2.0e-8]", "[1.0e-5, true]", "not a number"),
        ("[0.0, 0.0, 2.0]", "[0.0, 0.0, 0.0]", r"wrong.yaml:8: Coil_0.Src_0.Source_Direction: .* a direction has a length"),
        ("[0.0, 0.0, -0.1]", "[0.0, -0.1]", r"wrong.yaml:9: Coil_0.Src_0.Source_Position"),
        ("Source_List: [Src_0]", "Source_List: [Src_1]", "'Src_1': named here, described nowhere"),
        ("Source_List: [Src_0]", "Source_List: [Src_0, Src_0]", "'Src_0': stated twice"),
        ("Coil_List: [Coil_0]", "Coil_List: [Coil_0, Coil_1]", r"wrong.yaml:2: Coil_List: 'Coil_1': named here, described nowhere"),
        ("Coil_List: [Coil_0]", "Coil_List: [Coil_Offset]\nCoil_Offset: 3", "unknown field"),
        ("System_Name: small\n", "", "System_Name: missing"),
        ("System_Name: small\n", "System_Name: small\nColour: red\n", r"wrong.yaml:2: Colour: unknown field"),
        ("[[-0.01, 0.01], ", "[[0.01, -0.01], ", r"wrong.yaml:10: Workspace_Dimensions\[0\]: .* the lower end is below"),
        ("Src_0:\n    A_Coeff", "Src_0:\n    Colour: red\n    A_Coeff", r"wrong.yaml:6: Coil_0.Src_0.Colour: 'red': unknown field"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in PLAIN
    (tmp_path / "wrong.yaml").write_text(PLAIN.replace(old, new))
    with pytest.raises(SpecificationError, match=says):
        load_mpem(tmp_path / "wrong.yaml")


def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_mpem(tmp_path / "nothing.yaml")
    with pytest.raises(SpecificationError, match="System_Name: missing"):
        load_mpem(CALIBRATIONS / "saturation_8tanh.yaml")


def test_objects_made_in_python_are_checked_too() -> None:
    up = np.array([0.0, 0.0, 1.0])
    with pytest.raises(InvalidInput, match="exactly one of the two"):
        MpemSource(np.zeros(3), up)
    with pytest.raises(InvalidInput, match="exactly one of the two"):
        MpemSource(np.zeros(3), up, np.ones(1), np.ones(1))
    with pytest.raises(InvalidInput, match="unit vector"):
        MpemSource(np.zeros(3), 2.0 * up, b=np.ones(1))
    source = MpemSource(np.zeros(3), up, b=np.ones(1))
    with pytest.raises(InvalidInput, match="workspace"):
        MpemCalibration("x", ("a",), ((source,),), np.ones(3), np.zeros(3))
    with pytest.raises(InvalidInput, match="one name for each"):
        MpemCalibration("x", ("a", "a"), ((source,), (source,)), np.zeros(3), np.ones(3))
