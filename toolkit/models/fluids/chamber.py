"""A box of fluid with six plane walls: a dish, a channel with level floor."""

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Chamber:
    """{p : lower_m <= p <= upper_m}, (3,) each, frame B.

    Raises:
        InvalidInput: corners that span no box.
    """

    lower_m: FloatArray
    upper_m: FloatArray

    def __post_init__(self) -> None:
        for name in ("lower_m", "upper_m"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (3,)))
        if not (self.lower_m < self.upper_m).all():
            raise InvalidInput(f"upper_m: {self.upper_m.tolist()}: each is above lower_m, {self.lower_m.tolist()}")

    def depth_m(self, point_m: FloatArray) -> float:
        """From a point, (3,), to the nearest wall; negative outside: then how far it is past the wall that it is furthest past."""
        p = finite_array(point_m, "point_m", (3,))
        return float(np.minimum(p - self.lower_m, self.upper_m - p).min())

    @property
    def middle_m(self) -> FloatArray:
        """Its centre, (3,)."""
        return np.asarray(0.5 * (self.lower_m + self.upper_m))
