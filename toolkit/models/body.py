"""What of the arm can touch something: convex hulls of points, each with a radius."""

from dataclasses import dataclass
from math import isfinite

from ..errors import InvalidInput
from .joint import Joint
from .rotation import Vector, to_vector


@dataclass(frozen=True)
class BodyPoint:
    """A point fixed in a frame of the chain: P(q) = X_B,frame(q) . branch(q) . p_m.

    frame: how many of the chain's joints move it (0: fixed in B).
    p_m: position in that frame, after the branch, [m].
    branch: joints that hang from that frame and belong to no other point's path, such as one jaw.
    """

    name: str
    frame: int
    p_m: Vector
    branch: tuple[Joint, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_m", to_vector(self.p_m))
        if not all(isfinite(x) for x in self.p_m):
            raise InvalidInput(f"point {self.name}: not finite: {self.p_m}")

    def canonical(self) -> str:
        return " ".join([self.name, str(self.frame), *(x.hex() for x in self.p_m), *(j.canonical() for j in self.branch)])


@dataclass(frozen=True)
class Body:
    """The convex hull of named points, inflated by a radius [m]: two points make a capsule, three a rounded triangle."""

    name: str
    points: tuple[str, ...]
    radius_m: float

    def __post_init__(self) -> None:
        if not (self.points and 0.0 < self.radius_m < 1.0):
            raise InvalidInput(f"body {self.name}: needs a point and 0 < radius_m < 1, got {self.points}, {self.radius_m!r}")

    def canonical(self) -> str:
        return " ".join([self.name, *self.points, self.radius_m.hex()])


@dataclass(frozen=True)
class ShaftLine:
    """The straight shaft: the line through p_m along `axis`, fixed in frame `frame` of the chain; and the remote centre in B.

    rcm_m: the remote centre of motion, position in B, [m].
    is_mechanical: the linkage holds the line at the remote centre (PSM, ECM, RAVEN); False: a controller must (software RCM).
    """

    frame: int
    rcm_m: Vector
    is_mechanical: bool
    p_m: Vector = (0.0, 0.0, 0.0)
    axis: Vector = (0.0, 0.0, 1.0)

    def canonical(self) -> str:
        return " ".join(["shaft", str(self.frame), *(float(x).hex() for x in (*self.rcm_m, *self.p_m, *self.axis))])
