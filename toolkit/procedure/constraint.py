"""Everything a procedure may forbid: regions, joint limits, speed, acceleration, the insertion rule, the remote centre."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .part import Part, raise_problems
from .quantity import Acceleration, Quantity, Speed
from .region import (
    KeepInBox,
    KeepInCapsule,
    KeepInCylinder,
    KeepInHalfSpace,
    KeepInPolytope,
    KeepInSphere,
    KeepOutBox,
    KeepOutCapsule,
    KeepOutCylinder,
    KeepOutPolytope,
    KeepOutSphere,
    Name,
    Names,
    repeated,
)


class JointLimits(Part):
    """Every joint stays inside the limits of the arm model and the instrument: q_min <= q <= q_max."""

    name: Name
    type: Literal["joint_limits"] = "joint_limits"


class PointRate(Part):
    """A limit on how named points of the arm are commanded to move."""

    name: Name
    points: Names

    @model_validator(mode="after")
    def _points_are_named_once(self) -> Self:
        raise_problems(type(self).__name__, repeated(self.points, "points"))
        return self


class SpeedLimit(PointRate):
    """|P(y_k) - P(y_k-1)| <= limit_m_s T_s for every named point, over the commanded sequence."""

    type: Literal["speed"] = "speed"
    limit_m_s: Speed


class AccelerationLimit(PointRate):
    """|P(y_k) - 2 P(y_k-1) + P(y_k-2)| <= limit_m_s2 T_s^2 for every named point, over the commanded sequence."""

    type: Literal["acceleration"] = "acceleration"
    limit_m_s2: Acceleration


class InsertionRule(Part):
    """The wrist origin is at least wrist_past_rcm_m beyond the remote centre, or every wrist joint is within the tolerance of straight."""

    name: Name
    type: Literal["insertion_rule"] = "insertion_rule"
    wrist_past_rcm_m: Annotated[float, Quantity("m", 0.0, 0.3)]
    straight_tolerance_rad: Annotated[float, Quantity("rad", 0.0, 0.2, low_excluded=True)]


class RemoteCentre(Part):
    """The shaft line passes within limit_m of the remote centre of motion. (20 mm damages tissue: no wider limit is accepted.)"""

    name: Name
    type: Literal["rcm"] = "rcm"
    limit_m: Annotated[float, Quantity("m", 0.0, 0.02, low_excluded=True)]


Constraint = Annotated[
    KeepInHalfSpace
    | KeepInPolytope
    | KeepInBox
    | KeepInSphere
    | KeepInCapsule
    | KeepInCylinder
    | KeepOutPolytope
    | KeepOutBox
    | KeepOutSphere
    | KeepOutCapsule
    | KeepOutCylinder
    | JointLimits
    | SpeedLimit
    | AccelerationLimit
    | InsertionRule
    | RemoteCentre,
    Field(discriminator="type"),
]
