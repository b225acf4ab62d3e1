"""A Newtonian fluid: density and viscosity, and where the numbers are from."""

from dataclasses import dataclass

from ...arrays import finite_number
from ...errors import InvalidInput


@dataclass(frozen=True)
class Fluid:
    """density rho [kg/m^3], dynamic viscosity eta [Pa s].

    Raises:
        InvalidInput: no source, or a number outside what a liquid at body or room temperature can have.
    Assumes: Newtonian. Blood is not below a shear rate of about 100/s; a measured effective viscosity belongs here.
    """

    name: str
    density_kg_m3: float
    viscosity_pa_s: float
    source: str

    def __post_init__(self) -> None:
        finite_number(self.density_kg_m3, "density_kg_m3", 500.0, 3000.0)
        finite_number(self.viscosity_pa_s, "viscosity_pa_s", 1e-4, 1e2)
        if not self.name.strip() or not self.source.strip():
            raise InvalidInput(f"fluid: a name and a source are needed, got {self.name!r} and {self.source!r}")


WATER_20C = Fluid("water, 20 C", 998.2, 1.002e-3, "textbook value, rounded; not measured here")
WATER_37C = Fluid("water, 37 C", 993.3, 0.69e-3, "textbook value, rounded; not measured here")
BLOOD_LIKE = Fluid("blood-like", 1060.0, 3.5e-3, "customary for whole blood at high shear; your own fluid has its own numbers")
