"""The multipole model: ETH's own numbers, a second implementation, its derivatives, Maxwell, and what is refused."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.models.magnetics.second_opinion import (
    CALIBRATIONS,
    CARDIOMAG,
    NAVION,
    OCTOMAG,
    ROOT,
    central_difference,
    field_of,
    g5_of,
)
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import FieldModel, MpemCalibration, MpemSource, load_mpem, load_mpem_model, mpem_model

REFERENCE = ROOT / "tests" / "data" / "magnetics" / "reference_current_to_field.csv"


@pytest.fixture(scope="module")
def models() -> dict[str, FieldModel]:
    return {path.name: load_mpem_model(path) for path in (OCTOMAG, CARDIOMAG, NAVION)}


def reference_rows() -> list[tuple[str, FloatArray, FloatArray, FloatArray]]:
    with REFERENCE.open(newline="") as stream:
        rows = [(row[0], np.array([float(x) if x else np.nan for x in row[1:]])) for row in list(csv.reader(stream))[1:]]
    return [(name, values[:3], values[3:11], values[11:]) for name, values in rows]


def test_the_60_rows_of_the_reference_agree_to_1e_10(models: dict[str, FieldModel]) -> None:
    rows = reference_rows()
    assert len(rows) == 60 and {name for name, *_ in rows} == set(models)
    for name, p, i, y in rows:
        model = models[name]
        assert np.isfinite(i).sum() == model.n
        found = model.field(p, i[: model.n])
        assert np.linalg.norm(found.B_tesla - y[:3]) <= 1e-10 * np.linalg.norm(y[:3])
        assert np.linalg.norm(found.g5_tesla_per_m - y[3:]) <= 1e-10 * np.linalg.norm(y[3:])


def test_published_figures_of_the_octomag(models: dict[str, FieldModel]) -> None:
    model = models[OCTOMAG.name]
    found = model.field(np.zeros(3), np.ones(8))
    np.testing.assert_allclose(found.B_tesla, [0.136e-3, 0.119e-3, 3.733e-3], atol=5e-7)
    np.testing.assert_allclose(found.g5_tesla_per_m, [-0.02087, 0.00157, -0.00318, -0.02296, -0.00066], atol=5e-6)


@pytest.mark.parametrize("path", [OCTOMAG, CARDIOMAG, NAVION], ids=lambda path: path.stem)
def test_a_second_implementation_agrees(path: object, models: dict[str, FieldModel]) -> None:
    calibration, rng = load_mpem(path), np.random.default_rng(3)  # type: ignore[arg-type]
    model = models[CALIBRATIONS.joinpath(str(path)).name]
    for p in rng.uniform(calibration.lower_m, calibration.upper_m, (5, 3)):
        i = rng.normal(size=model.n)
        pairs = zip(i, calibration.coils, strict=True)
        B = sum((x * field_of(s, p) for x, coil in pairs for s in coil), sum((field_of(s, p) for s in calibration.offset), np.zeros(3)))
        np.testing.assert_allclose(model.field(p, i).B_tesla, B, rtol=0, atol=1e-11 * np.linalg.norm(B))


sources = st.builds(
    lambda seed, order, grows: (np.random.default_rng(seed), order, grows), st.integers(0, 10**6), st.integers(1, 6), st.booleans()
)


@given(sources)
def test_every_order_of_both_kinds_agrees_with_the_second_implementation_and_its_differences(drawn: tuple[object, int, bool]) -> None:
    rng, order, grows = drawn
    z, c = rng.normal(size=3), rng.normal(size=order)  # type: ignore[attr-defined]
    position, p = rng.uniform(-1, 1, 3), rng.uniform(-0.3, 0.3, 3)  # type: ignore[attr-defined]
    position *= 1.0 / max(np.linalg.norm(position), 0.1)
    source = MpemSource(position, z / np.linalg.norm(z), **{"a" if grows else "b": c})
    model = mpem_model(MpemCalibration("one", ("coil",), ((source,),), -np.ones(3), np.ones(3)))
    A = np.array(model.column_graph(p)[0]).ravel()
    B = field_of(source, p)
    G = central_difference(lambda x: field_of(source, x), p, 1e-3)
    np.testing.assert_allclose(A[:3], B, rtol=0, atol=1e-12 * np.linalg.norm(B) + 1e-12)
    np.testing.assert_allclose(A[3:], g5_of(G), rtol=0, atol=1e-6 * np.abs(G).max() + 1e-9)


def test_no_current_flows_in_the_workspace_so_curl_and_divergence_vanish(models: dict[str, FieldModel]) -> None:
    model = models[OCTOMAG.name]
    i = np.linspace(-3.0, 4.0, 8)
    p = np.array([0.002, -0.004, 0.003])
    G = central_difference(lambda x: model.field(x, i).B_tesla, p, 1e-4)
    np.testing.assert_allclose(G, G.T, atol=1e-9)
    assert abs(np.trace(G)) < 1e-9
    np.testing.assert_allclose(model.field(p, i).g5_tesla_per_m, g5_of(G), atol=1e-8)


def test_a_source_that_grows_is_finite_where_it_sits() -> None:
    source = MpemSource(np.zeros(3), np.array([0.0, 0.0, 1.0]), a=np.array([2.0, 3.0]))
    model = mpem_model(MpemCalibration("grows", ("coil",), ((source,),), -np.ones(3), np.ones(3)))
    np.testing.assert_allclose(np.array(model.column_graph(np.zeros(3))[0]).ravel()[:3], [0.0, 0.0, -2.0])


def test_at_a_source_that_decays_there_is_no_field_and_it_is_refused() -> None:
    source = MpemSource(np.zeros(3), np.array([0.0, 0.0, 1.0]), b=np.array([1.0]))
    model = mpem_model(MpemCalibration("decays", ("coil",), ((source,),), -np.ones(3), np.ones(3)))
    with pytest.raises(InvalidInput, match="has no bound"):
        model.field(np.zeros(3), [1.0])
