import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models.fluids import WATER_37C, BrownianMotion


@pytest.mark.parametrize(("radius", "diffusion"), [(0.5e-6, 6.6e-13), (2.5e-6, 1.3e-13), (50e-6, 6.6e-15)])
def test_diffusion_has_the_published_size(radius: float, diffusion: float) -> None:
    assert BrownianMotion(WATER_37C, radius, 310.15).diffusion_m2_s == pytest.approx(diffusion, rel=0.02)


def test_mean_square_displacement_grows_as_2_d_t() -> None:
    motion = BrownianMotion(WATER_37C, 0.5e-6, 310.15)
    steps = motion.increments_m(20_000, 0.01, seed=3)
    assert np.mean(steps**2, axis=0) == pytest.approx(2.0 * motion.diffusion_m2_s * 0.01, rel=0.05)
    turns = motion.rotation_increments_rad(20_000, 0.01, seed=3)
    assert np.mean(turns**2) == pytest.approx(2.0 * motion.rotational_diffusion_rad2_s * 0.01, rel=0.03)
    assert motion.rotational_diffusion_rad2_s == pytest.approx(0.75 * motion.diffusion_m2_s / motion.radius_m**2)


def test_one_seed_gives_one_motion() -> None:
    motion = BrownianMotion(WATER_37C, 1e-6, 300.0)
    assert np.array_equal(motion.increments_m(5, 0.1, 7), motion.increments_m(5, 0.1, 7))
    assert not np.array_equal(motion.increments_m(5, 0.1, 7), motion.increments_m(5, 0.1, 8))


@pytest.mark.parametrize(
    ("count", "dt", "seed"), [(0, 0.1, 1), (5, float("nan"), 1), (5, 0.0, 1), (5, 0.1, -1), (True, 0.1, 1), (2.5, 0.1, 1)]
)
def test_nonsense_is_refused(count: int, dt: float, seed: int) -> None:
    with pytest.raises(InvalidInput):
        BrownianMotion(WATER_37C, 1e-6, 300.0).increments_m(count, dt, seed)
    with pytest.raises(InvalidInput, match="temperature_k"):
        BrownianMotion(WATER_37C, 1e-6, 37.0)
