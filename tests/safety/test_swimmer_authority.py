"""Can these coils turn this field everywhere, and can the swimmer leave every wall: what is granted holds, the rest is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety import AuthorityLimits, CoilError, CoilThermal, FieldBound, SwimmerAuthority, SwimmerMotion, check_swimmer_authority
from toolkit.models.fluids import Chamber
from toolkit.models.magnetics import FieldModel, load_mpem, mpem_model
from verification.campaign.bead_plant import WrongCoils

pytestmark = pytest.mark.requirement("MAG-006")
CALIBRATION = Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
ERROR = CoilError(0.05, 0.035, 1e-3)
LIMITS = AuthorityLimits(12.0, 700.0, 0.02, 0.3)
CHAMBER = Chamber(np.array([-8e-3, -6e-3, -4e-3]), np.array([8e-3, 6e-3, 6e-3]))
T = np.linspace(0.0, 2.0 * np.pi, 9)
PATH_M = np.column_stack([3e-3 * np.sin(T), 1e-3 * np.sin(2.0 * T), np.full_like(T, -2e-3)])
MOTION = SwimmerMotion(
    image_s=0.075, current_s=0.01, response_s=1e-3, error_m=4e-5, across_m_s=4e-4, along_m_s=1e-3, flow_m_s=0.0, field_T=8e-3,
    rate_rad_s=20.0, step_out_rad_s=40.0, step_out_share=0.8, advance_m_rad=1e-5, sinking_m_s=5e-5, speed_margin_m_s=2e-5, reach_m=1.5e-3,
    period_s=0.01, step_A=4.0, hold_s=60.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> FieldModel:
    return mpem_model(load_mpem(CALIBRATION))


@pytest.fixture(scope="module")
def bounds(model: FieldModel) -> FieldBound:
    return FieldBound(model, ERROR)


def check(model: FieldModel, bounds: FieldBound, **changed: Any) -> SwimmerAuthority:
    limits = changed.pop("limits", LIMITS)
    thermal = CoilThermal(np.full(8, 0.85), 350.0, 0.4, 22.0, 1.0, 80.0, 0.2)
    return check_swimmer_authority(model, CHAMBER, PATH_M, limits, bounds, thermal, replace(MOTION, **changed))


@pytest.mark.requirement("MAG-005")
def test_an_octomag_turns_eight_millitesla(model: FieldModel, bounds: FieldBound) -> None:
    found = check(model, bounds)
    assert found.grants and found.reasons == ()
    assert 0.0 < found.room_m < 1e-3 and 6e-3 < found.field_T < 8e-3 and 20.0 < found.rate_rad_s < 32.0 and found.steady_C < 80.0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reach_m": 2e-3}, "R2: 0.0744 mm too near to a wall"),
        ({"image_s": 2.0}, "R2"),
        ({"across_m_s": 1e-2}, "R2"),
        ({"limits": replace(LIMITS, current_A=1.0)}, "A of current, at most 1"),
        ({"limits": replace(LIMITS, heat_W=1.0)}, "W of heat, at most 1"),
        ({"step_A": 0.1}, "a period's step, at most 0.1"),
        ({"limits": replace(LIMITS, field_T=8e-3)}, "the field may be"),
        ({"limits": replace(LIMITS, gradient_T_m=0.01)}, "the gradient may be"),
        ({"rate_rad_s": 31.0}, "R1: in step up to"),
        ({"step_out_share": 0.5}, "R1: in step up to"),
        ({"sinking_m_s": 1.9e-4}, "R1: it swims off a wall with 10 um/s"),
        ({"flow_m_s": 1.9e-4}, "R1: it swims off a wall with -40 um/s"),
    ],
)
@pytest.mark.requirement("MAG-005")
def test_what_could_not_keep_it_off_the_wall_is_refused(model: FieldModel, bounds: FieldBound, changed: dict[str, Any], says: str) -> None:
    found = check(model, bounds, **changed)
    assert not found.grants and says in "; ".join(found.reasons)


def test_no_true_coils_make_a_weaker_field_than_it_claims(model: FieldModel, bounds: FieldBound) -> None:
    """Coils drawn within their errors, by another program, fields in all directions, at places the robot may be at instead."""
    claimed, calibration, rng = check(model, bounds).field_T, load_mpem(CALIBRATION), np.random.default_rng(0)
    weakest = 1.0
    for _ in range(300):
        coils, p = WrongCoils.draw(calibration, rng), PATH_M[rng.integers(len(PATH_M))]
        coils = replace(coils, gain=1.0 + 0.05 * rng.choice([-1.0, 1.0], 8))
        d = rng.normal(size=3)
        i = np.linalg.pinv(model.actuation(p))[:, :3] @ (8e-3 * d / np.linalg.norm(d))
        off = rng.normal(size=3)
        weakest = min(weakest, float(np.linalg.norm(coils.field(p + 1e-4 * off / np.linalg.norm(off), i)[0])))
    assert claimed <= weakest < 8e-3
    assert weakest - claimed < 1.2e-3  # and not vacuously so


def test_numbers_that_are_none_are_refused() -> None:
    from toolkit import InvalidInput

    for bad in (float("nan"), -1.0, float("inf")):
        with pytest.raises(InvalidInput, match="rate_rad_s"):
            replace(MOTION, rate_rad_s=bad)
