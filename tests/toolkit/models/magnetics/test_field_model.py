"""What every field model does: batches, graphs, derivatives, refusals."""

import casadi as ca
import numpy as np
import pytest

from tests.toolkit.models.magnetics.second_opinion import CALIBRATIONS, CARDIOMAG, OCTOMAG, central_difference
from toolkit import InvalidInput
from toolkit.models.magnetics import FieldModel, load_mpem_model, load_saturation


@pytest.fixture(scope="module")
def octomag() -> FieldModel:
    return load_mpem_model(OCTOMAG)


def test_a_batch_is_what_each_point_is_alone(octomag: FieldModel) -> None:
    rng = np.random.default_rng(1)
    p, i = rng.uniform(-0.01, 0.01, (700, 3)), rng.normal(size=(700, 8))
    batch, A = octomag.field(p, i), octomag.actuation(p)
    assert A.shape == (700, 8, 8) and batch.B_tesla.shape == (700, 3) and batch.g5_tesla_per_m.shape == (700, 5)
    for k in (0, 255, 256, 699):
        np.testing.assert_array_equal(A[k], octomag.actuation(p[k]))
        one = octomag.field(p[k], i[k])
        np.testing.assert_allclose(batch.B_tesla[k], one.B_tesla, rtol=1e-13)
        np.testing.assert_allclose(A[k] @ i[k], np.concatenate([one.B_tesla, one.g5_tesla_per_m]), rtol=1e-9, atol=1e-15)


def test_an_answer_is_not_overwritten_by_the_next(octomag: FieldModel) -> None:
    first = octomag.actuation(np.zeros(3))
    kept = first.copy()
    octomag.actuation(np.full(3, 0.005))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("saturated", [False, True])
def test_graph_and_numbers_agree_and_the_derivatives_are_those_of_differences(saturated: bool) -> None:
    saturation = load_saturation(CALIBRATIONS / "cmag_sat_erf_v1.yaml") if saturated else None
    model = load_mpem_model(CARDIOMAG).with_saturation(saturation)
    p, i = np.array([0.01, -0.02, 0.015]), np.linspace(-20.0, 25.0, 8)
    B, g5 = (np.array(value).ravel() for value in model.graph(p, i))
    found = model.field(p, i)
    np.testing.assert_allclose(B, found.B_tesla, rtol=1e-12)
    np.testing.assert_allclose(g5, found.g5_tesla_per_m, rtol=1e-12, atol=1e-14)

    def value(p: np.ndarray, i: np.ndarray) -> np.ndarray:
        sample = model.field(p, i)
        return np.concatenate([sample.B_tesla, sample.g5_tesla_per_m])

    d_dp, d_di = (np.array(matrix) for matrix in model.derivative_graph(p, i))
    np.testing.assert_allclose(d_dp, central_difference(lambda x: value(x, i), p, 1e-4), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(d_di, central_difference(lambda x: value(p, x), i, 1e-2), rtol=1e-6, atol=1e-8)


def test_the_graph_is_made_of_elementary_operations_that_can_be_differentiated_again(octomag: FieldModel) -> None:
    p, i = ca.SX.sym("p", 3), ca.SX.sym("i", 8)
    hessian = ca.Function("hessian", [p, i], [ca.hessian(octomag.graph(p, i)[0][0], p)[0]])
    assert np.isfinite(np.array(hessian(np.zeros(3), np.ones(8)))).all()


def test_saturation_bounds_the_field() -> None:
    model = load_mpem_model(CARDIOMAG)
    saturated = model.with_saturation(load_saturation(CALIBRATIONS / "cmag_sat_erf_v1.yaml"))
    i = np.zeros(8)
    i[3] = 200.0
    zero = model.field(np.zeros(3), np.zeros(8)).B_tesla
    bound = model.actuation(np.zeros(3))[:3, 3] * 19.12008276
    np.testing.assert_allclose(saturated.field(np.zeros(3), i).B_tesla - zero, bound, rtol=1e-9)


@pytest.mark.parametrize(
    ("p", "i", "says"),
    [
        ([0.0, 0.0, 0.0100001], np.ones(8), "outside the workspace"),
        ([0.0, -0.0100001, 0.0], np.ones(8), "outside the workspace"),
        ([[0.0, 0.0, 0.0], [0.0, 0.02, 0.0]], np.ones((2, 8)), r"\[0.0, 0.02, 0.0\] is outside"),
        ([0.0, np.nan, 0.0], np.ones(8), "not finite"),
        ([0.0, np.inf, 0.0], np.ones(8), "not finite"),
        ([0.0, 0.0], np.ones(8), "expected shape"),
        ([0.0, 0.0, 0.0], np.ones(7), "expected shape"),
        ([0.0, 0.0, 0.0], np.ones(9), "expected shape"),
        ([0.0, 0.0, 0.0], np.ones((2, 8)), "expected shape"),
        (np.zeros((3, 3)), np.ones((2, 8)), "expected shape"),
        ([0.0, 0.0, 0.0], [*[1.0] * 7, np.nan], "not finite"),
        ([0.0, 0.0, 0.0], "eight", "not an array of numbers"),
    ],
)
def test_what_the_model_does_not_cover_is_refused(p: object, i: object, says: str, octomag: FieldModel) -> None:
    with pytest.raises(InvalidInput, match=says):
        octomag.field(p, i)  # type: ignore[arg-type]


def test_the_edge_of_the_workspace_is_inside_and_another_workspace_is_asked_for_by_name(octomag: FieldModel) -> None:
    octomag.field([0.01, -0.01, 0.01], np.ones(8))
    wider = octomag.with_workspace([-0.02] * 3, [0.02] * 3)
    wider.field([0.0, 0.0, 0.015], np.ones(8))
    with pytest.raises(InvalidInput, match="is not below"):
        octomag.with_workspace([0.0] * 3, [0.0, 1.0, 1.0])


def test_a_model_that_does_not_fit_together_is_refused(octomag: FieldModel) -> None:
    with pytest.raises(InvalidInput, match="the graph is p"):
        FieldModel("x", ("a",), octomag.column_graph, -np.ones(3), np.ones(3))
    with pytest.raises(InvalidInput, match="saturation of 8 coils for 3"):
        load_mpem_model(CALIBRATIONS / "Navion_2_Calibration_24-02-2020.yaml").with_saturation(
            load_saturation(CALIBRATIONS / "saturation_8tanh.yaml")
        )
