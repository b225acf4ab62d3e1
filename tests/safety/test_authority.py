"""A path is granted where coils can keep the bead off the wall, and refused where vessel, coils, images or heat do not allow it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from safety.authority import AuthorityFindings, AuthorityLimits, BeadMotion, Witnesses, check_authority, t_blind_s
from safety.coil_thermal import CoilThermal
from safety.field_bound import CoilError
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, Vessel, VesselSegment
from toolkit.models.magnetics import FieldModel, load_mpem, mpem_model
from toolkit.models.microrobots import Bead, PermanentMoment, SoftMoment
from verification.campaign.bead_plant import TrueBead, WrongCoils
from verification.campaign.vessel import CORE_SHARE, DENSITY_KG_M3, RADIUS_M, SATURATION_A_M, branching_vessel, vessel_path

CALIBRATION = load_mpem(Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml")
ERROR = CoilError(gain=0.05, axis_rad=0.035, offset_m=1e-3)
LIMITS = AuthorityLimits(current_A=12.0, heat_W=700.0, field_T=0.06, gradient_T_m=2.5)
THERMAL = CoilThermal(np.linspace(0.9, 1.28, 8), 350.0, 0.4, 22.0, 1.0, 80.0, 0.2)
MOTION = BeadMotion(
    image_s=0.0567, current_s=0.01, error_m=1e-4, across_m_s=4e-3, along_m_s=0.024, flow_m_s=0.02, force_margin_N=2e-8, hold_s=60.0
)
FIELD_T = np.array([0.03, 0.0, 0.0])
CORE_M3 = CORE_SHARE * 4.0 / 3.0 * np.pi * RADIUS_M**3
PATH_M = vessel_path(60.0)(np.linspace(0.0, 60.0, 7))[0]


@pytest.fixture(scope="module")
def model() -> FieldModel:
    return mpem_model(CALIBRATION)


def bead(**changed: Any) -> Bead:
    return replace(Bead(RADIUS_M, DENSITY_KG_M3, SoftMoment(CORE_M3, SATURATION_A_M), BLOOD_LIKE), **changed)


def check(model: FieldModel, path_m: FloatArray = PATH_M[[0, 3, 6]], **changed: Any) -> AuthorityFindings:
    parts: dict[str, Any] = {
        "bead": bead(), "vessel": branching_vessel(), "limits": LIMITS, "error": ERROR, "thermal": THERMAL, "motion": MOTION,
        "field": FIELD_T,
    } | changed  # fmt: skip
    return check_authority(
        model, parts["bead"], parts["vessel"], path_m, parts["field"], parts["limits"], parts["error"], parts["thermal"], parts["motion"]
    )


def test_the_campaign_is_granted(model: FieldModel) -> None:
    found = check(model, vessel_path(60.0)(np.linspace(0.0, 60.0, 31))[0])
    assert found.grants and found.reasons == ()
    assert found.delay_s == pytest.approx(0.0567 + 0.01 + bead().time_constant_s)
    assert found.required_m == pytest.approx(RADIUS_M + 1e-4 + 4e-3 * found.delay_s)
    assert found.room_m.min() > 1e-4 and 0.0 < found.force_N.min() < 1e-6 and 40.0 < found.steady_C < 60.0


@pytest.mark.parametrize("late", [{"image_s": 0.0733, "current_s": 0.02}, {"across_m_s": 6e-3}, {"error_m": 1.6e-4}])
def test_the_campaign_has_little_room_at_the_junction(model: FieldModel, late: dict[str, float]) -> None:
    """An image missing and slow currents, a faster drift or a larger error are too much where the flow carries the bead to the fork."""
    assert not check(model, vessel_path(60.0)(np.array([0.0, 26.0, 60.0]))[0], motion=replace(MOTION, **late)).grants


@pytest.mark.requirement("MAG-005")
def test_a_vessel_too_narrow_is_refused_with_the_number(model: FieldModel) -> None:
    line = np.linspace([-4e-3, 0.0, 0.0], [4e-3, 0.0, 0.0], 9)
    narrow = Vessel((VesselSegment("only", line, np.full(9, 6e-4)),))
    found = check(model, line[2:4], vessel=narrow)
    assert not found.grants
    assert found.reasons[0].startswith("R2: a vessel too narrow: 0.6 mm to the wall")
    assert "0.665 mm are needed: radius 0.25, errors 0.1, 4 mm/s for 79 ms" in found.reasons[0]
    assert np.isneginf(found.force_N).all()


@pytest.mark.requirement("MAG-005")
@pytest.mark.parametrize(
    ("late", "says"), [({"image_s": 0.4}, "R2"), ({"across_m_s": 0.024}, "R2"), ({"image_s": 0.15}, "no longer described")]
)
def test_images_too_old_and_flow_towards_the_wall_are_refused(model: FieldModel, late: dict[str, float], says: str) -> None:
    assert says in check(model, motion=replace(MOTION, **late)).reasons[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"limits": replace(LIMITS, current_A=6.0)},
        {"limits": replace(LIMITS, heat_W=150.0)},
        {"limits": replace(LIMITS, gradient_T_m=0.5)},
        {"limits": replace(LIMITS, field_T=0.031)},
        {"error": replace(ERROR, gain=0.2)},
        {"error": replace(ERROR, offset_m=2.5e-3)},
        {"motion": replace(MOTION, force_margin_N=2e-6)},
    ],
)
def test_coils_too_weak_or_too_badly_known_are_refused(model: FieldModel, changed: dict[str, Any]) -> None:
    reasons = check(model, **changed).reasons
    assert len(reasons) == 1 and reasons[0].startswith("R1: at (")


def test_a_heavy_bead_is_refused(model: FieldModel) -> None:
    assert not check(model, bead=bead(density_kg_m3=8000.0)).grants


@pytest.mark.requirement("MAG-005")
def test_coils_that_a_hold_overheats_are_refused_unless_the_hold_ends_before(model: FieldModel) -> None:
    hot = replace(THERMAL, limit_C=40.0)
    assert check(model, thermal=hot, motion=replace(MOTION, hold_s=600.0)).reasons[0].startswith("R3: held at")
    assert check(model, thermal=hot, motion=replace(MOTION, hold_s=30.0)).grants


def test_the_true_coils_pull_as_hard_as_a_witness_claims(model: FieldModel) -> None:
    """Coils wrong to their full errors, the bead anywhere in the cylinder: against the plant's own field and force."""
    rng, p, tangent = np.random.default_rng(4), PATH_M[5], np.array([1.0, 0.0, 0.0])
    y, z, delay_s = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), 0.08
    witnesses = Witnesses(model, bead(), FIELD_T, LIMITS, ERROR, THERMAL, MOTION, delay_s)
    A, truth = model.actuation(witnesses.places(p, tangent, y, z)), TrueBead(RADIUS_M, DENSITY_KG_M3, CORE_M3, SATURATION_A_M)
    across_m, along_m = (MOTION.error_m + speed * delay_s for speed in (MOTION.across_m_s, MOTION.along_m_s))
    known = Witnesses(
        model, bead(), FIELD_T, LIMITS, CoilError(0.0, 0.0, 0.0), THERMAL, replace(MOTION, across_m_s=0.0, along_m_s=0.02), 0.0
    )
    exceeded = 0
    for n in (y, -y, z, -z):
        claimed, i = witnesses.witness(A, p, n, 1e-7)
        assert i is not None and claimed > 0.0
        worst = np.inf
        for _ in range(150):
            angle = rng.uniform(0.0, 2.0 * np.pi)
            place = p + rng.choice([-1.0, 1.0]) * along_m * tangent + across_m * (np.cos(angle) * y + np.sin(angle) * z)
            turn, offset = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
            turned = np.asarray(Rotation.from_rotvec(ERROR.axis_rad * turn).as_matrix())
            coils = WrongCoils(CALIBRATION, 1.0 + ERROR.gain * rng.choice([-1.0, 1.0], 8), turned, ERROR.offset_m * offset)
            worst = min(worst, float(n @ (truth.force(*coils.field(place, i)) + bead().net_weight_n)))
        assert worst >= claimed
        exceeded += worst < known.witness(model.actuation(known.places(p, tangent, y, z)), p, n, 1e-7)[0]
    assert exceeded == 4


def test_how_long_it_may_be_blind() -> None:
    one = bead()
    assert t_blind_s(1.19e-3, one, 4e-5, 0.0, 0.02) == pytest.approx(9e-4 / 0.02)
    assert t_blind_s(1.19e-3, one, 4e-5, 9.25e-7, 0.0) == pytest.approx(9e-4 / (9.25e-7 / one.drag.stokes_kg_s))
    assert t_blind_s(2e-4, one, 4e-5, 0.0, 0.02) == 0.0
    assert t_blind_s(1e-3, one, 0.0, 0.0, 0.0) == np.inf
    with pytest.raises(InvalidInput, match="distance_m"):
        t_blind_s(float("nan"), one, 0.0, 0.0, 0.02)


def test_what_is_not_covered_is_refused(model: FieldModel) -> None:
    with pytest.raises(InvalidInput, match="soft bead"):
        check(model, bead=bead(moment=PermanentMoment(CORE_M3, 1.0, 1e-3)))
    with pytest.raises(InvalidInput, match="no two neighbours"):
        check(model, np.zeros((2, 3)))
    with pytest.raises(InvalidInput, match="outside the lumen"):
        check(model, np.array([[0.0, 5e-3, 0.0], [1e-3, 5e-3, 0.0]]))
    with pytest.raises(InvalidInput, match="flow_m_s"):
        replace(MOTION, flow_m_s=0.05)
