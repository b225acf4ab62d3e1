"""Fitting a calibration: derivatives, a known truth found again, a real measurement that is explained better where it was not fitted."""

import numpy as np
import pytest

from tests.toolkit.models.magnetics.second_opinion import MEASURED, NAVION, central_difference
from toolkit import InvalidInput, SolverFailure
from toolkit.models.magnetics import (
    FieldData,
    MpemCalibration,
    MpemSource,
    cross_validate,
    fit_mpem,
    load_field_data,
    load_mpem,
    mpem_model,
    mpem_residual,
    relative_rms,
)
from toolkit.models.magnetics import calibration_fit as module

UP, EAST = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])


def two_coils(shift_m: float = 0.0, factor: float = 1.0) -> MpemCalibration:
    """Two coils of one source each, of second order, and an offset that grows."""
    below = MpemSource(np.array([shift_m, 0.0, -0.1]), UP, b=factor * np.array([2e-6, 1e-8]))
    beside = MpemSource(np.array([-0.12, shift_m, 0.0]), EAST, b=factor * np.array([-3e-6, 2e-8]))
    constant = MpemSource(np.array([0.0, 0.0, -1.0]), UP, a=factor * np.array([1e-3, 1e-4]))
    return MpemCalibration("two", ("a", "b"), ((below,), (beside,)), np.full(3, -0.03), np.full(3, 0.03), (constant,))


def measured(calibration: MpemCalibration, noise_tesla: float = 0.0) -> FieldData:
    rng = np.random.default_rng(4)
    p = np.repeat(rng.uniform(-0.03, 0.03, (25, 3)), 4, axis=0)
    i = rng.uniform(-10.0, 10.0, (100, 2))
    B = mpem_model(calibration).field(p, i).B_tesla + noise_tesla * rng.normal(size=(100, 3))
    return FieldData(p, i, B)


def test_the_jacobian_is_that_of_differences() -> None:
    calibration = two_coils()
    unknowns = module._Unknowns(calibration, measured(calibration).only(np.arange(6)))
    theta = module._parameters(calibration)
    numeric = central_difference(unknowns.residual, theta, 1e-7)
    np.testing.assert_allclose(unknowns.jacobian(theta), numeric, rtol=1e-5, atol=1e-6 * np.abs(numeric).max(axis=0).min())


def test_the_residual_is_the_models_minus_the_measured() -> None:
    calibration = two_coils()
    np.testing.assert_allclose(mpem_residual(calibration, measured(calibration)), 0.0, atol=1e-15)


def test_a_known_truth_is_found_from_a_wrong_start() -> None:
    truth = two_coils()
    fit = fit_mpem(two_coils(0.004, 1.15), measured(truth, 1e-7), tolerance=1e-9)
    for found, true in zip((*fit.calibration.coils, fit.calibration.offset), (*truth.coils, truth.offset), strict=True):
        p = np.array([0.01, -0.01, 0.02])
        alone = [mpem_model(MpemCalibration("x", ("x",), (group,), -np.ones(3), np.ones(3))) for group in (found, true)]
        B, B_true = (model.field(p, [1.0]).B_tesla for model in alone)
        np.testing.assert_allclose(B, B_true, atol=1e-4 * np.linalg.norm(B_true) + 1e-7)
    np.testing.assert_allclose(fit.calibration.coils[0][0].position_m, [0.0, 0.0, -0.1], atol=2e-4)
    assert relative_rms(fit.residual_tesla, measured(truth).B_tesla) < 1e-4
    assert (fit.calibration.lower_m >= -0.03).all(), "valid where it was measured, no further"


def test_the_refit_beats_the_sign_corrected_published_file_on_planes_that_it_did_not_see() -> None:
    data = load_field_data(MEASURED)
    published = load_mpem(NAVION).with_signs([-1, -1, -1])
    results = cross_validate(published, data, data.labels["plane"])
    assert [result.group for result in results] == ["0", "1", "m1"]
    for result in results:
        assert result.held_out < 0.065
        assert result.start > 0.10
        assert result.fitted < 0.06


def test_a_fit_that_does_not_converge_is_no_fit() -> None:
    with pytest.raises(SolverFailure, match="fit"):
        fit_mpem(two_coils(0.01, 2.0), measured(two_coils()), evaluations=2)


def test_a_pole_among_the_measured_positions_is_refused() -> None:
    truth = two_coils()
    inside = MpemSource(np.array([0.001, 0.0, 0.0]), UP, b=np.array([1e-9]))
    start = MpemCalibration("p", ("a", "b"), ((*truth.coils[0], inside), truth.coils[1]), np.full(3, -0.03), np.full(3, 0.03), truth.offset)
    with pytest.raises(SolverFailure, match="of a ended among the measured positions"):
        fit_mpem(start, measured(start, 1e-7))


def test_what_cannot_be_fitted_is_refused() -> None:
    data = measured(two_coils())
    with pytest.raises(InvalidInput, match="6 measured numbers"):
        fit_mpem(two_coils(), data.only(np.arange(2)))
    with pytest.raises(InvalidInput, match="currents of 2 coils for 3"):
        fit_mpem(load_mpem(NAVION), data)
    with pytest.raises(InvalidInput, match="at least two groups"):
        cross_validate(two_coils(), data, ["same"] * 100)
    with pytest.raises(InvalidInput, match="one for each row"):
        cross_validate(two_coils(), data, ["a", "b"])
