"""The bound of field, gradient and change holds against coils that are wrong on purpose, as far as stated and in the worst direction."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from safety.field_bound import CoilError, FieldBound
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import FieldModel, Saturation, load_mpem, mpem_model
from verification.campaign.bead_plant import WrongCoils

CALIBRATION = load_mpem(Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml")
ERROR = CoilError(gain=0.05, axis_rad=np.deg2rad(2.0), offset_m=1e-3)
RADIUS_M = 5e-4
Norms = tuple[float, float, float]


@pytest.fixture(scope="module")
def model() -> FieldModel:
    return mpem_model(CALIBRATION)


@pytest.fixture(scope="module")
def bound(model: FieldModel) -> FieldBound:
    return FieldBound(model, ERROR)


def true_norms(coils: WrongCoils, p_m: FloatArray, i_A: FloatArray, di_A: FloatArray) -> Norms:
    B, gradient = coils.field(p_m, i_A)
    return float(np.linalg.norm(B)), float(np.linalg.norm(gradient)), float(np.linalg.norm(coils.field(p_m, di_A)[0]))


def at_corner(signs: FloatArray, turn: FloatArray, offset: FloatArray) -> WrongCoils:
    turned = np.asarray(Rotation.from_rotvec(ERROR.axis_rad * turn / np.linalg.norm(turn)).as_matrix())
    return WrongCoils(CALIBRATION, 1.0 + ERROR.gain * signs, turned, ERROR.offset_m * offset / np.linalg.norm(offset))


def adversary(p_hat: FloatArray, i_A: FloatArray, di_A: FloatArray, which: int) -> float:
    """Gains by coordinate ascent, the place and all displacements along the steepest ascent of this norm, in turn."""
    signs, push = np.ones(len(i_A)), np.array([1.0, 0.0, 0.0])

    def value(signs: FloatArray, push: FloatArray) -> float:
        turn = np.cross(p_hat, push)
        coils = at_corner(signs, turn if np.linalg.norm(turn) > 0.0 else np.eye(3)[0], push)
        return true_norms(coils, p_hat + RADIUS_M * push, i_A, di_A)[which]

    for _ in range(3):
        for k in range(len(signs)):
            flipped = signs.copy()
            flipped[k] *= -1.0
            signs = max((signs, flipped), key=lambda s: value(s, push))
        for _ in range(3):
            slope = np.array([value(signs, push + 1e-2 * e) - value(signs, push - 1e-2 * e) for e in np.eye(3)])
            size = float(np.linalg.norm(slope))
            push = max((push, slope / size if size > 0.0 else push), key=lambda d: value(signs, d))
    return value(signs, push)


def random_case(rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    p_hat = rng.uniform([-6e-3, -4e-3, -3e-3], [6e-3, 4e-3, 3e-3])
    return p_hat, rng.uniform(-12.0, 12.0, 8), rng.uniform(-4.0, 4.0, 8)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_coils_within_the_error_and_no_place_within_the_radius_exceed_it(bound: FieldBound, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_hat, i, di = random_case(rng)
    most = bound.bound(p_hat, i, di, RADIUS_M)
    for _ in range(4):
        away = rng.normal(size=3)
        p = p_hat + RADIUS_M * away / np.linalg.norm(away)
        for coils in (at_corner(rng.choice([-1.0, 1.0], 8), rng.normal(size=3), rng.normal(size=3)), WrongCoils.draw(CALIBRATION, rng)):
            assert all(true <= limit for true, limit in zip(true_norms(coils, p, i, di), most, strict=True))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_adversary_comes_close_to_it_and_never_past_it(bound: FieldBound, which: int) -> None:
    """A bound that leaves out the gains, the offset or the radius is exceeded; this one is not, and is not wide."""
    rng, ratios = np.random.default_rng(5), list[float]()
    leaves_out = {name: FieldBound(bound.model, replace(ERROR, **{name: 0.0})) for name in ("gain", "offset_m")}
    caught = dict.fromkeys([*leaves_out, "radius"], 0)
    for _ in range(12):
        p_hat, i, di = random_case(rng)
        worst = adversary(p_hat, i, di, which)
        ratios.append(bound.bound(p_hat, i, di, RADIUS_M)[which] / worst)
        for name, partial in leaves_out.items():
            caught[name] += partial.bound(p_hat, i, di, RADIUS_M)[which] < worst
        caught["radius"] += bound.bound(p_hat, i, di, 0.0)[which] < worst
    assert all(caught.values()), caught
    assert min(ratios) >= 1.0
    assert float(np.median(ratios)) <= 1.05


def test_a_turn_counts_with_the_distance_from_the_origin(model: FieldModel) -> None:
    p, i, di = np.array([6e-3, 0.0, 0.0]), *random_case(np.random.default_rng(3))[1:]
    with_turn, without = FieldBound(model, CoilError(0.0, 0.1, 0.0)), FieldBound(model, CoilError(0.0, 0.0, 0.0))
    exceeded = 0
    for axis in (*np.eye(3), *-np.eye(3)):
        turned = WrongCoils(CALIBRATION, np.ones(8), np.asarray(Rotation.from_rotvec(0.1 * axis).as_matrix()), np.zeros(3))
        true = true_norms(turned, p, i, di)
        assert all(value <= limit for value, limit in zip(true, with_turn.bound(p, i, di, 0.0), strict=True))
        exceeded += sum(value > limit for value, limit in zip(true, without.bound(p, i, di, 0.0), strict=True))
    assert exceeded


def test_without_any_error_it_is_the_field(bound: FieldBound, model: FieldModel) -> None:
    exact, (p, i, di) = FieldBound(model, CoilError(0.0, 0.0, 0.0)), random_case(np.random.default_rng(1))
    none_wrong = WrongCoils(CALIBRATION, np.ones(8), np.eye(3), np.zeros(3))
    np.testing.assert_allclose(exact.bound(p, i, di, 0.0), true_norms(none_wrong, p, i, di), rtol=1e-4)


def test_it_is_even_in_the_currents_and_grows_with_the_radius(bound: FieldBound) -> None:
    p, i, di = random_case(np.random.default_rng(2))
    assert bound.bound(p, -i, -di, RADIUS_M) == pytest.approx(bound.bound(p, i, di, RADIUS_M))
    assert all(a < b for a, b in zip(bound.bound(p, i, di, 0.0), bound.bound(p, i, di, RADIUS_M), strict=True))


def test_what_the_model_does_not_cover_is_refused(bound: FieldBound, model: FieldModel) -> None:
    i = np.ones(8)
    with pytest.raises(InvalidInput, match="leave the workspace"):
        bound.bound([9.5e-3, 0.0, 0.0], i, i, RADIUS_M)
    with pytest.raises(InvalidInput, match="not finite"):
        bound.bound([0.0, 0.0, 0.0], i * np.nan, i, RADIUS_M)
    for radius_m in (np.nan, -1e-6):
        with pytest.raises(InvalidInput, match="radius_m"):
            bound.bound([0.0, 0.0, 0.0], i, i, radius_m)
    with pytest.raises(InvalidInput, match="i_A"):
        bound.bound([0.0, 0.0, 0.0], i[:7], i[:7], RADIUS_M)
    with pytest.raises(InvalidInput, match="saturation"):
        FieldBound(model.with_saturation(Saturation(("tanh",) * 8, np.full(8, 20.0), np.full(8, 0.05))), ERROR)
    with pytest.raises(InvalidInput, match="gain"):
        CoilError(float("nan"), 0.0, 0.0)
