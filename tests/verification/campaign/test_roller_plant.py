"""The true roller is no copy of the model: it rolls as the model says below step-out, slips above it, and feels gradients."""

import numpy as np
import pytest

from toolkit.models.fluids import Fluid
from toolkit.models.microrobots import Roller
from verification.campaign.roller_plant import RollerPlant, TrueRoller

A, ETA, MOMENT, FIELD_T = 200e-6, 0.1, 2.3e-7, 8e-3
UP = np.array([0.0, 0.0, 1.0])


class Uniform:
    """Currents are the field (3), then a gradient along x of its x part."""

    def field(self, p_m, i_A):  # type: ignore[no-untyped-def]
        return i_A[:3].copy(), np.diag([i_A[3], -i_A[3], 0.0])


def roll(rate: float, seconds: float = 4.0, gradient: float = 0.0) -> RollerPlant:
    """Along x, the field turning about y."""
    corners = np.full(3, -1e-2), np.full(3, 1e-2)
    plant = RollerPlant(Uniform(), TrueRoller(A, 0.3, 1.5, MOMENT, ETA), *corners, np.zeros(3), UP)  # type: ignore[arg-type]
    for k in range(round(seconds / 0.002)):
        a, b = (np.array([FIELD_T * np.sin(rate * t), 0.0, FIELD_T * np.cos(rate * t), gradient]) for t in (0.002 * k, 0.002 * k + 0.002))
        plant.step(0.0, a, b, 0.002)
    return plant


@pytest.fixture(scope="module")
def model() -> Roller:
    return Roller(A, 0.3, 1.5, MOMENT, 1500.0, Fluid("oil", 970.0, ETA, "invented"), UP)


@pytest.mark.parametrize("share", [0.3, 0.8, 1.5, 2.5])
def test_its_speed_is_the_models_below_step_out_and_adlers_above(model: Roller, share: float) -> None:
    rate = share * model.step_out_rad_s(FIELD_T)
    plant = roll(rate)
    assert plant.p_m[0] == pytest.approx(4.0 * model.speed_m_s(rate, FIELD_T), rel=0.04)
    assert abs(plant.p_m[1]) < 1e-9 and plant.p_m[2] == pytest.approx(-1e-2 + A)
    if share < 1.0:
        late = plant.slip_rad + 0.001 * rate  # the field is that of the middle of 2 ms
        assert np.sin(late) == pytest.approx(share, rel=0.02)


def test_a_gradient_pulls_it_along_the_floor_with_stokes_drag() -> None:
    moved = roll(0.0, 1.0, 0.05).p_m  # its moment stays upright: the force is that of the transverse part, none
    assert abs(moved[0]) < 1e-9
    plant = roll(0.0, 0.0)
    plant.moment = np.array([1.0, 0.0, 0.0])
    before = plant.p_m.copy()
    field = np.array([FIELD_T, 0.0, 0.0, 0.05])
    for _ in range(500):
        plant.step(0.0, field, field, 0.002)
    assert (plant.p_m - before)[0] == pytest.approx(MOMENT * 0.05 / (6.0 * np.pi * ETA * A), rel=0.02)


def test_its_distance_is_to_sides_and_lid_and_not_to_the_floor() -> None:
    plant = roll(0.0, 0.0)
    assert plant.wall_distance_m() == pytest.approx(1e-2 - A)
    plant.p_m = np.array([9.9e-3, 0.0, plant.p_m[2]])
    assert plant.wall_distance_m() == pytest.approx(0.1e-3 - A)
