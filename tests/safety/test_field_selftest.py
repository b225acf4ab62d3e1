"""The field self-test: a real measurement with the wrong sign, and planted faults of a simulated one."""

import numpy as np
import pytest

from safety import FieldLimits, check_field
from tests.toolkit.models.magnetics.second_opinion import CARDIOMAG, MEASURED, NAVION
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import FieldData, FieldModel, load_field_data, load_mpem, load_mpem_model, mpem_model

LIMITS = FieldLimits(gain_low=0.9, gain_high=1.1, residual_max=0.12, field_max_tesla=0.2, positions_min=20)


@pytest.fixture(scope="module")
def cardiomag() -> FieldModel:
    return load_mpem_model(CARDIOMAG)


def measure(model: FieldModel, wired: FloatArray | None = None, noise: float = 0.01) -> FieldData:
    """Eight coils one by one and all together at 24 places; `wired` (n, n): the current k is asked for, row k flows."""
    rng = np.random.default_rng(2)
    places = rng.uniform(0.9 * model.lower_m, 0.9 * model.upper_m, (24, 3))
    currents = np.concatenate([5.0 * np.eye(model.n), -5.0 * np.eye(model.n), rng.uniform(-5, 5, (4, model.n))])
    p, asked = np.repeat(places, len(currents), axis=0), np.tile(currents, (24, 1))
    B = model.field(p, asked if wired is None else asked @ wired).B_tesla
    return FieldData(p, asked, B + noise * np.abs(B).mean() * rng.normal(size=B.shape))


def test_the_measured_navion_does_not_arm_because_its_polarity_is_reversed() -> None:
    everywhere = load_mpem_model(NAVION).with_workspace([-0.13, -0.22, -0.13], [0.13, 0.14, 0.13])
    found = check_field(everywhere, load_field_data(MEASURED), LIMITS)
    assert not found.arms and found.rows == 2904 and found.positions == 363
    assert found.gain == pytest.approx(-0.978, abs=1e-3) and found.residual == pytest.approx(0.1037, abs=1e-3)
    np.testing.assert_allclose(found.coil_gains, [-1.042, -0.947, -0.963], atol=1e-3)
    assert found.residual_of_coil_gains == pytest.approx(0.0957, abs=1e-3)
    assert found.residual_of_map == pytest.approx(0.078, abs=2e-3)
    assert [reason.split(":")[0] for reason in found.reasons] == ["polarity reversed", "Coil_0", "Coil_1", "Coil_2"]
    assert "polarity reversed: overall gain -0.978, allowed [0.9, 1.1]; with this gain 10.4% of the measured field is left" in found.reasons


def test_with_its_sign_corrected_it_arms_with_a_residual_of_ten_per_cent() -> None:
    model = mpem_model(load_mpem(NAVION).with_signs([-1, -1, -1])).with_workspace([-0.13, -0.22, -0.13], [0.13, 0.14, 0.13])
    found = check_field(model, load_field_data(MEASURED), LIMITS)
    assert found.arms and found.reasons == () and found.residual == pytest.approx(0.10, abs=0.01)
    strict = FieldLimits(0.9, 1.1, 0.05, 0.2, 20)
    assert check_field(model, load_field_data(MEASURED), strict).reasons == ("residual 10.4% of the measured field, allowed 5.0%",)


def test_a_sound_system_arms(cardiomag: FieldModel) -> None:
    found = check_field(cardiomag, measure(cardiomag), LIMITS)
    assert found.arms and found.gain == pytest.approx(1.0, abs=0.01)
    assert found.mixing is not None and np.abs(found.mixing - np.eye(8)).max() < 0.1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("reversed", "Coil_3: polarity reversed: gain -1.0"),
        ("open", "Coil_3: gain 0.0"),
        ("weak", "Coil_3: gain 0.8"),
        ("swapped", "the current of Coil_3 makes the field of Coil_5: crossed leads"),
    ],
)
def test_a_fault_of_one_coil_is_named(fault: str, says: str, cardiomag: FieldModel) -> None:
    wired = np.eye(8)
    if fault == "swapped":
        wired[[3, 5]] = wired[[5, 3]]
    else:
        wired[3, 3] = {"reversed": -1.0, "open": 0.0, "weak": 0.8}[fault]
    found = check_field(cardiomag, measure(cardiomag, wired), LIMITS)
    assert not found.arms and any(says in reason for reason in found.reasons), found.reasons


def test_turned_sensors_do_not_arm_and_the_map_shows_the_turn(cardiomag: FieldModel) -> None:
    data = measure(cardiomag)
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    offset = cardiomag.field(data.p_m, np.zeros_like(data.i_ampere)).B_tesla
    found = check_field(cardiomag, FieldData(data.p_m, data.i_ampere, (data.B_tesla - offset) @ turn.T + offset), LIMITS)
    assert not found.arms and found.map is not None
    np.testing.assert_allclose(found.map, turn, atol=0.05)


def test_what_was_not_driven_is_not_shown_and_does_not_arm(cardiomag: FieldModel) -> None:
    data = measure(cardiomag)
    part = data.only(data.i_ampere[:, 3] == 0.0)
    found = check_field(cardiomag, part, LIMITS)
    assert found.coil_gains is None and any("cannot be told apart" in reason for reason in found.reasons)


def test_no_field_too_much_field_and_too_few_places_do_not_arm(cardiomag: FieldModel) -> None:
    data = measure(cardiomag)
    offset = cardiomag.field(data.p_m, np.zeros_like(data.i_ampere)).B_tesla
    dead = check_field(cardiomag, FieldData(data.p_m, data.i_ampere, offset), LIMITS)
    assert dead.reasons == ("no field: nothing was measured beyond the offset: open circuit or dead sensor",)
    idle = check_field(cardiomag, FieldData(data.p_m, 0.0 * data.i_ampere, data.B_tesla), LIMITS)
    assert idle.reasons == ("no field: no coil was driven",)
    few = check_field(cardiomag, data, FieldLimits(0.9, 1.1, 0.12, 0.2, 25))
    assert few.reasons == ("measured at 24 positions, at least 25 are asked for",)
    small = check_field(cardiomag, data, FieldLimits(0.9, 1.1, 0.12, 0.001, 20))
    assert len(small.reasons) == 1 and "at most 0.001 T is plausible" in small.reasons[0]


def test_a_measurement_of_something_else_is_refused(cardiomag: FieldModel) -> None:
    data = measure(cardiomag)
    with pytest.raises(InvalidInput, match="outside the workspace"):
        check_field(cardiomag, FieldData(data.p_m + 0.2, data.i_ampere, data.B_tesla), LIMITS)
    with pytest.raises(InvalidInput, match="currents of 7 coils"):
        check_field(cardiomag, FieldData(data.p_m, data.i_ampere[:, :7], data.B_tesla), LIMITS)
    with pytest.raises(InvalidInput, match="not finite"):
        FieldData(data.p_m, data.i_ampere, np.full_like(data.B_tesla, np.nan))


@pytest.mark.parametrize("k", range(5))
@pytest.mark.parametrize("value", [float("nan"), 1e12, -1.0])
def test_limits_that_would_accept_anything_are_refused(k: int, value: float) -> None:
    values = [0.9, 1.1, 0.12, 0.2, 20]
    values[k] = value
    with pytest.raises(InvalidInput):
        FieldLimits(*values)  # type: ignore[arg-type]
