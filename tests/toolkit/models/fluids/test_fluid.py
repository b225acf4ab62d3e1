import pytest

from toolkit import InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, WATER_20C, WATER_37C, Fluid


def test_named_fluids_say_where_their_numbers_are_from() -> None:
    assert all(fluid.source for fluid in (BLOOD_LIKE, WATER_20C, WATER_37C))


@pytest.mark.parametrize(("density", "viscosity"), [(float("nan"), 1e-3), (1.0, 1e-3), (1000.0, 0.0), (1000.0, float("inf"))])
def test_a_liquid_that_cannot_be_is_refused(density: float, viscosity: float) -> None:
    with pytest.raises(InvalidInput, match="outside"):
        Fluid("x", density, viscosity, "a test")


def test_a_fluid_without_a_source_is_refused() -> None:
    with pytest.raises(InvalidInput, match="source"):
        Fluid("x", 1000.0, 1e-3, " ")
