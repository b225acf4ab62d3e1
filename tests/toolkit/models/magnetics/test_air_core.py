"""Coils in air: magpylib, the textbook on the axis, Maxwell, fits that replace them, and boxes with wire in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.models.magnetics.second_opinion import central_difference, g5_of
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import AirCoil, FieldModel, air_core_model
from toolkit.models.magnetics.dipole import MU0, dipole_field

magpylib = pytest.importorskip("magpylib", reason="magpylib (extra dev) is the independent reference")
UP = np.array([0.0, 0.0, 1.0])


def loop(radius_m: float = 0.05) -> AirCoil:
    return AirCoil("loop", np.zeros(3), UP, radius_m, radius_m, 0.0, 1.0)


def eight(distance_m: float = 0.155) -> list[AirCoil]:
    """Windings like the OctoMag's without their cores: 20 to 42 mm, 130 mm long, 800 turns, pointing at the centre."""
    ways = [np.array([x, y, z]) / np.sqrt(3.0) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)]
    return [AirCoil(f"coil_{k}", -distance_m * way, way, 0.020, 0.042, 0.130, 800.0) for k, way in enumerate(ways)]


@pytest.fixture(scope="module")
def model() -> FieldModel:
    return air_core_model("eight", eight(), [-0.01] * 3, [0.01] * 3)


def magpylib_field(coil: AirCoil, p: FloatArray) -> FloatArray:
    """Per ampere: thin solenoids of every radius, exact along the axis; a current sheet is a magnet's surface to magpylib."""
    R = coil.frame()
    nodes, weights = np.polynomial.legendre.leggauss(14)
    radii = 0.5 * (coil.outer_radius_m + coil.inner_radius_m) + 0.5 * (coil.outer_radius_m - coil.inner_radius_m) * nodes
    total = np.zeros(3)
    for radius, weight in zip(radii, weights, strict=True):
        sheet = MU0 * 0.5 * weight * coil.turns / coil.length_m
        magnet = magpylib.magnet.Cylinder(polarization=(0.0, 0.0, sheet), dimension=(2.0 * radius, coil.length_m))
        total += magnet.getB(R @ (p - coil.centre_m))
    return R.T @ total


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(0.01, 3.0), st.floats(0.005, 0.5))
def test_a_loop_is_magpylibs_circle(x: float, y: float, z: float, radius: float) -> None:
    p = radius * np.array([x, y, z])
    found = air_core_model("loop", [loop(radius)], p - 1e-5 * radius, p + 1e-5 * radius).field(p, [1.0]).B_tesla
    B = magpylib.current.Circle(current=1.0, diameter=2.0 * radius).getB(p)
    assert np.linalg.norm(found - B) <= 1e-12 * np.linalg.norm(B)


def test_on_the_axis_it_is_the_textbooks_formula_with_its_derivative() -> None:
    a, z = 0.05, 0.03
    found = air_core_model("loop", [loop(a)], [-0.01, -0.01, -0.04], [0.01, 0.01, 0.04]).field([0.0, 0.0, z], [2.0])
    np.testing.assert_allclose(found.B_tesla, [0.0, 0.0, 2.0 * MU0 * a**2 / (2.0 * (a**2 + z**2) ** 1.5)], rtol=1e-14)
    slope = 3.0 * MU0 * a**2 * z / (2.0 * (a**2 + z**2) ** 2.5) * 2.0
    np.testing.assert_allclose(found.g5_tesla_per_m, [0.5 * slope, 0.0, 0.0, 0.5 * slope, 0.0], rtol=1e-12, atol=1e-18)


def test_thick_windings_agree_with_magpylib_to_1e_6_and_with_more_loops_to_1e_9(model: FieldModel) -> None:
    finer = air_core_model("finer", eight()[:1], [-0.01] * 3, [0.01] * 3, radial=5, axial=16)
    for p in np.random.default_rng(0).uniform(-0.01, 0.01, (3, 3)):
        A = model.actuation(p)
        fields = [magpylib_field(coil, p) for coil in eight()]
        for k, B in enumerate(fields):
            assert np.linalg.norm(A[:3, k] - B) <= 1e-6 * np.linalg.norm(B)
        assert np.linalg.norm(finer.actuation(p)[:3, 0] - fields[0]) <= 1e-9 * np.linalg.norm(fields[0])


def test_the_gradient_is_that_of_the_field(model: FieldModel) -> None:
    i, p = np.linspace(-3.0, 5.0, 8), np.array([0.003, -0.002, 0.006])
    G = central_difference(lambda x: model.field(x, i).B_tesla, p, 2e-4)
    np.testing.assert_allclose(G, G.T, atol=1e-9 * np.abs(G).max())
    np.testing.assert_allclose(model.field(p, i).g5_tesla_per_m, g5_of(G), rtol=0, atol=1e-8 * np.abs(G).max())


def test_a_dipole_in_its_place_would_be_wrong_by_a_quarter(model: FieldModel) -> None:
    coil = eight()[0]
    turns_area = sum(turns * np.pi * radius**2 for radius, _, turns in coil.loops(3, 8))
    B, _ = dipole_field(turns_area * coil.axis, -coil.centre_m)
    exact = model.actuation(np.zeros(3))[:3, 0]
    assert np.linalg.norm(B - exact) / np.linalg.norm(exact) == pytest.approx(0.236, abs=0.06)


def test_a_box_with_wire_in_it_is_refused_and_one_in_the_bore_is_not() -> None:
    thick = AirCoil("thick", np.zeros(3), UP, 0.03, 0.05, 0.1, 100.0)
    air_core_model("bore", [thick], [-0.02, -0.02, -0.2], [0.02, 0.02, 0.2])
    air_core_model("beside", [thick], [0.06, -0.02, -0.2], [0.08, 0.02, 0.2])
    air_core_model("above", [thick], [-0.1, -0.1, 0.051], [0.1, 0.1, 0.06])
    for lower, upper in (
        ([-0.03, -0.03, -0.01], [0.03, 0.03, 0.01]),
        ([0.0, 0.0, 0.0], [0.1, 0.1, 0.1]),
        ([0.04, 0, 0], [0.06, 0.01, 0.06]),
    ):
        with pytest.raises(InvalidInput, match="may hold wire of thick"):
            air_core_model("bad", [thick], lower, upper)


def test_what_is_no_coil_is_refused() -> None:
    for change in ({"axis": np.zeros(3)}, {"inner_radius_m": 0.06}, {"turns": 0.0}, {"length_m": -0.1}, {"centre_m": np.full(3, np.nan)}):
        good = {
            "name": "c",
            "centre_m": np.zeros(3),
            "axis": UP,
            "inner_radius_m": 0.03,
            "outer_radius_m": 0.05,
            "length_m": 0.1,
            "turns": 9.0,
        }
        with pytest.raises(InvalidInput):
            AirCoil(**{**good, **change})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="at least one coil"):
        air_core_model("none", [], -UP, np.ones(3))
