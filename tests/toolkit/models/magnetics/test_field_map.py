"""Field maps: exact at the points, C¹ between them, agreement with SciPy's Hermite splines, and files that are wrong."""

from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

from tests.toolkit.models.magnetics.second_opinion import MAPS, central_difference, g5_of
from toolkit import FloatArray, InvalidInput, SpecificationError
from toolkit.models.magnetics import FieldMap, FieldModel, field_map_model, inconsistency, load_field_map


@pytest.fixture(scope="module")
def measured() -> FieldMap:
    return load_field_map(MAPS, current_ampere=1.0)


@pytest.fixture(scope="module")
def model(measured: FieldMap) -> FieldModel:
    return field_map_model(measured)


def hermite(field_map: FieldMap, coil: int, p: FloatArray) -> FloatArray:
    """The same interpolation one axis after the other with SciPy."""
    values = field_map.B_tesla_per_ampere[coil]
    for axis, x in zip(field_map.axes_m, p, strict=True):
        slope = np.gradient(values, axis, axis=0, edge_order=2)
        values = CubicHermiteSpline(axis, values, slope, axis=0)(x)
    return np.asarray(values)


def test_it_is_exact_at_the_points_of_the_grid(measured: FieldMap, model: FieldModel) -> None:
    for i, j, k in ((0, 0, 0), (3, 7, 10), (10, 10, 10), (5, 1, 4)):
        p = [measured.axes_m[0][i], measured.axes_m[1][j], measured.axes_m[2][k]]
        np.testing.assert_allclose(model.actuation(p)[:3].T, measured.B_tesla_per_ampere[:, i, j, k], rtol=0, atol=1e-17)


def test_between_the_points_scipy_agrees(measured: FieldMap, model: FieldModel) -> None:
    for p in np.random.default_rng(0).uniform(-0.005, 0.005, (20, 3)):
        A = model.actuation(p)
        for coil in (0, 5):
            np.testing.assert_allclose(A[:3, coil], hermite(measured, coil, p), rtol=0, atol=1e-15)


def test_the_gradient_is_the_nearest_without_curl_and_divergence(model: FieldModel) -> None:
    i, p = np.linspace(-2.0, 3.0, 8), np.array([0.00133, -0.00271, 0.00042])
    G = central_difference(lambda x: model.field(x, i).B_tesla, p, 1e-6)
    G = 0.5 * (G + G.T) - np.trace(G) / 3.0 * np.eye(3)
    np.testing.assert_allclose(model.field(p, i).g5_tesla_per_m, g5_of(G), rtol=1e-6, atol=1e-8)


def test_field_and_gradient_have_no_jump_between_cells(model: FieldModel) -> None:
    i, border = np.linspace(-2.0, 3.0, 8), np.array([0.001, 0.0003, -0.0007])
    sides = [model.field(border + e * np.eye(3)[0], i) for e in (-1e-9, 1e-9)]
    np.testing.assert_allclose(sides[0].B_tesla, sides[1].B_tesla, atol=1e-8)
    np.testing.assert_allclose(sides[0].g5_tesla_per_m, sides[1].g5_tesla_per_m, atol=1e-4 * np.abs(sides[0].g5_tesla_per_m).max())


def test_a_batch_and_the_graph_agree(model: FieldModel) -> None:
    p, i = np.random.default_rng(1).uniform(-0.005, 0.005, (300, 3)), np.ones((300, 8))
    batch = model.field(p, i)
    np.testing.assert_allclose(batch.B_tesla[299], model.field(p[299], i[299]).B_tesla, rtol=1e-12)
    np.testing.assert_allclose(np.array(model.graph(p[0], i[0])[0]).ravel(), batch.B_tesla[0], rtol=1e-12)
    assert np.isfinite(np.array(model.derivative_graph(p[0], i[0])[0])).all()


def test_a_field_that_is_quadratic_and_possible_is_reproduced_and_consistent() -> None:
    axes = (np.linspace(-1, 1, 5), np.linspace(-1, 1, 6), np.linspace(-1, 1, 7))
    x, y, z = np.meshgrid(*axes, indexing="ij")
    B = np.stack([x * z + 0.1, -y * z, 0.5 * (x**2 - y**2)], axis=-1)[None]
    field_map = FieldMap("quadratic", ("one",), axes, B)
    found = field_map_model(field_map).field([0.3, -0.8, 0.55], [2.0])
    np.testing.assert_allclose(found.B_tesla, 2.0 * np.array([0.3 * 0.55 + 0.1, 0.8 * 0.55, 0.5 * (0.09 - 0.64)]), rtol=1e-12)
    np.testing.assert_allclose(found.g5_tesla_per_m, 2.0 * np.array([0.55, 0.0, 0.3, -0.55, 0.8]), atol=1e-12)
    assert max(inconsistency(field_map)) < 1e-12


def test_how_far_the_measured_maps_are_from_a_possible_field_is_said(measured: FieldMap) -> None:
    divergence, curl = inconsistency(measured)
    assert divergence == pytest.approx(0.0214, abs=1e-3) and curl == pytest.approx(0.0675, abs=1e-3)


def test_outside_the_map_is_refused(model: FieldModel) -> None:
    for p in ([0.0051, 0.0, 0.0], [0.0, np.nan, 0.0]):
        with pytest.raises(InvalidInput, match=r"outside the workspace|not finite"):
            model.field(p, np.ones(8))


GOOD = "27\n3 3 3\n0 1\n0 1\n0 1\n" + "".join(f"{x / 2} {y / 2} {z / 2} 1 2 3\n" for x in range(3) for y in range(3) for z in range(3))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("27\n", "28\n", r"bad.txt:1: 28 points of"),
        ("3 3 3\n", "3 3\n", r"bad.txt:2: '3 3': 3 finite numbers"),
        ("3 3 3\n", "2.5 3 3\n", "their product"),
        ("0 1\n0 1\n0 1\n", "0 1\n1 0\n0 1\n", r"bad.txt:3: .*lower to its upper"),
        ("0.0 0.0 0.5 1 2 3\n", "0.0 0.5 0.0 1 2 3\n", r"bad.txt:7: \[0.0, 0.5, 0.0\]: the grid has \[0.0, 0.0, 0.5\]"),
        ("0.0 0.0 0.5 1 2 3\n", "", "26 points, 27 announced"),
        ("0.0 0.0 0.5 1 2 3\n", "0.0 0.0 0.5 1 nan 3\n", r"bad.txt:7: .*6 finite numbers"),
        (GOOD, "27\n", "1 lines"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(old: str, new: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SpecificationError, match=says):
        load_field_map([tmp_path / "bad.txt"], 1.0)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD)
    with pytest.raises(SpecificationError, match="another grid"):
        load_field_map([MAPS[0], tmp_path / "a.txt"], 1.0)
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_field_map([tmp_path / "nothing.txt"], 1.0)
    for paths, current in (([], 1.0), ([tmp_path / "a.txt"], 0.0), ([tmp_path / "a.txt"], float("nan"))):
        with pytest.raises(InvalidInput, match="at least one, at a current"):
            load_field_map(paths, current)
    np.testing.assert_array_equal(load_field_map([tmp_path / "a.txt"], 2.0).B_tesla_per_ampere[0, 0, 0, 0], [0.5, 1.0, 1.5])
