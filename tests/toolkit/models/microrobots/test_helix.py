import math

import numpy as np
import pytest
from scipy.integrate import quad_vec

from toolkit import InvalidInput
from toolkit.models.fluids import WATER_20C
from toolkit.models.microrobots import Helix

HELIX = Helix(4.0, 10e-6, 3e-6, 0.8e-6, "right", 2e-14, 2000.0, WATER_20C, head_radius_m=3e-6)


def line_integral(helix: Helix) -> np.ndarray:
    """-[F_z; T_z] for unit speed and unit rate, from the drag on each piece of the filament; the head added. Shares no formula."""
    xp, xn = helix.filament_drag_pa_s
    k, s = 2.0 * math.pi / helix.pitch_m, helix.radius_m
    sense = 1.0 if helix.handedness == "right" else -1.0

    def piece(z: float) -> np.ndarray:
        r = np.array([s * np.cos(k * z), sense * s * np.sin(k * z), z])
        t = np.array([-s * k * np.sin(k * z), sense * s * k * np.cos(k * z), 1.0])
        stretch = np.linalg.norm(t)
        t = t / stretch
        D = xp * np.outer(t, t) + xn * (np.eye(3) - np.outer(t, t))
        force_v, force_w = D @ [0, 0, 1.0], D @ np.cross([0, 0, 1.0], r)
        return stretch * np.array([[force_v[2], force_w[2]], [np.cross(r, force_v)[2], np.cross(r, force_w)[2]]])

    eta, a = helix.fluid.viscosity_pa_s, helix.head_radius_m
    tail = quad_vec(piece, 0.0, helix.turns * helix.pitch_m, epsabs=0.0, epsrel=1e-10)[0]
    return tail + np.diag([6.0 * math.pi * eta * a, 8.0 * math.pi * eta * a**3])


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_the_propulsion_matrix_is_the_integral_of_the_drag_along_the_filament(handedness: str) -> None:
    helix = Helix(4.0, 10e-6, 3e-6, 0.8e-6, handedness, 2e-14, 2000.0, WATER_20C, 3e-6)  # type: ignore[arg-type]
    assert np.allclose(helix.propulsion_matrix, line_integral(helix), rtol=1e-8, atol=0.0)
    assert np.all(np.linalg.eigvalsh(helix.propulsion_matrix / np.outer([1, 1e-6], [1, 1e-6])) > 0.0), "drag dissipates"


def test_a_right_handed_helix_moves_along_its_rotation_vector() -> None:
    left = Helix(4.0, 10e-6, 3e-6, 0.8e-6, "left", 2e-14, 2000.0, WATER_20C, 3e-6)
    assert HELIX.advance_m_rad > 0.0 > left.advance_m_rad == -HELIX.advance_m_rad


def test_an_artificial_flagellum_swims_at_the_published_order() -> None:
    """About 18 um/s at 30 Hz for 38 um length: a fraction of the pitch per turn."""
    assert 0.02 < HELIX.advance_m_rad * 2.0 * math.pi / HELIX.pitch_m < 0.4


def test_speed_grows_to_step_out_and_falls_above_it() -> None:
    out = HELIX.step_out_rad_s(2e-3)
    assert out * HELIX.rotational_drag_n_m_s == pytest.approx(2e-14 * 2e-3)
    speeds = [HELIX.speed_m_s(part * out, 2e-3) for part in (0.5, 1.0, 1.2, 2.0)]
    assert speeds[0] == pytest.approx(0.5 * speeds[1]) and speeds[1] > speeds[2] > speeds[3]


def test_velocity_includes_weight_by_drag_along_and_across_the_axis() -> None:
    velocity = HELIX.velocity(0.01, 1e-3)
    rate, sink = 100.0, float(np.linalg.norm(HELIX.net_weight_n))
    level = np.asarray(velocity([rate, 0, 0], [1e-6, 0, 0])).ravel()
    upright = np.asarray(velocity([0, 0, rate], 0)).ravel()
    assert level == pytest.approx([HELIX.advance_m_rad * rate + 1e-6, 0.0, -sink / HELIX.transverse_drag_kg_s], rel=1e-6)
    assert upright[2] == pytest.approx(HELIX.advance_m_rad * rate - sink / HELIX.propulsion_matrix[0, 0], rel=1e-6)


def test_a_helix_with_too_much_inertia_for_the_period_is_refused() -> None:
    large = Helix(4.0, 1e-2, 3e-3, 5e-4, "right", 1e-3, 7500.0, WATER_20C)
    with pytest.raises(InvalidInput, match="keep the inertia"):
        large.velocity(0.01, 1.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"filament_radius_m": 2e-6}, "filament_radius_m / pitch_m"),
        ({"radius_m": float("nan")}, "radius_m"),
        ({"handedness": "both"}, "handedness"),
        ({"filament_radius_m": 1e-6, "radius_m": 0.5e-6}, "exceeds the helix radius"),
        ({"turns": 0.0}, "turns"),
        ({"gravity_m_s2": np.zeros(2)}, "gravity"),
    ],
)
def test_nonsense_is_refused(change: dict[str, object], problem: str) -> None:
    values: dict[str, object] = {
        "turns": 4.0, "pitch_m": 10e-6, "radius_m": 3e-6, "filament_radius_m": 0.8e-6, "handedness": "right",
        "moment_a_m2": 2e-14, "density_kg_m3": 2000.0, "fluid": WATER_20C,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=problem):
        Helix(**{**values, **change})  # type: ignore[arg-type]
